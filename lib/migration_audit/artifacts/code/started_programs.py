"""What a source file starts: commands of a shell, programs by ``spawn('npx', ['x'])``, and texts by ``exec("…")``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from migration_audit.artifacts.code.languages import (
    ECMA,
    GO,
    PYTHON,
    SHELL,
    SourceLanguage,
    innermost,
    line_of,
    nodes_below,
    text_of,
)
from migration_audit.artifacts.code.literals import HOLE, Constants, fold_expression, folded_text
from migration_audit.artifacts.code.scripts import shell_words_of

STARTERS: Final = frozenset({"child_process", "subprocess", "execa", "zx", "os/exec", "shelljs"})
"""Modules that start programs."""
_STARTS: Final = re.compile(
    r"(?:.*\.)?(?:spawn(?:Sync)?|execFile(?:Sync)?|execSync|execa(?:Sync|Command|CommandSync)?|Popen|check_(?:call|output)|getoutput"
    r"|getstatusoutput|create_subprocess_(?:exec|shell)|call_command|execute_from_command_line|CommandContext|posix_spawnp?"
    r"|exec[lv]p?e?|spawn[lv]p?e?|StartProcess)"
    r"|os\.(?:system|popen)|exec\.Command|\$|Bun\.\$|(?:subprocess|sp|child_process|cp|childProcess|shelljs|shell)\.(?:run|call|exec)"
)
_STARTS_WHERE_IMPORTED: Final = frozenset({"exec", "run", "call", "system", "popen"})
"""Names that say it only where the file imports a module that starts programs."""
_ARRAYS: Final = frozenset({"array", "list", "composite_literal"})
_LISTS: Final = frozenset({"array", "list", "tuple", "composite_literal", "literal_value", "literal_element"})
_BRACES: Final = re.compile(r"([^{}]*)\{([^{}]*,[^{}]*)\}([^{}]*)", re.DOTALL)
TAKEN_AS_WRITTEN: Final = re.compile(r"[\w./:@%+,-]+")
"""A value that a shell takes as it is written."""
_LONGEST_LOOP: Final = 10_000
"""Bytes: each command in a loop is looked for in all of it, which grows with the square."""
_RUN_TEXTS: Final = re.compile(r"(?:.*/)?(?:sh|bash|dash|ash|zsh|ssh|su|sudo|docker|podman|kubectl|nsenter|chroot|wsl)")

_INTERPRETER: Final = re.compile(r"(?:.*/)?(?:node|deno|bun|python\d?|ruby|perl|php)")
_DECODES: Final = re.compile(
    r"\b(?:base64|base32|basenc)\b.*(?:-\w*[dD]|--decode)|\bxxd\b.*-\w*r|\bopenssl\b|\brev\b|\btr\s|\bg?unzip\b"
)
"""Programs that make another text of what they get."""
_READS_PROGRAM: Final = re.compile(r"(?:sudo\s+)?(?:\S*/)?(?:ba|da|a|z)?sh(?:\s+-[esux]*)?")
_TAKES_MADE: Final = re.compile(r"""(?:\beval|\s-\w*c)\s+["']?\$\(""")
_MADE: Final = re.compile(r"\$\(\s*(?:printf|base64|rev|tr|xxd)\b")
_RUNS_TEXT_IN_PYTHON: Final = frozenset({"exec", "eval", "compile", "builtins.exec", "builtins.eval", "builtins.compile"})
_RUNS_TEXT_IN_ECMA: Final = re.compile(
    r"(?:globalThis\.|window\.)?(?:eval|Function)|vm\.(?:runIn\w+|Script|compileFunction)"
)
MAY_RUN: Final = re.compile(rb"\b(?:exec|eval|compile|Function|runIn\w+|Script|compileFunction)\b")
"""What the text of a file has that runs texts."""
_FILE: Final = re.compile(r"""["'`][^"'`\n]*\w\.(?:py|[cm]?[jt]s)["'`]""")


def shell_words(node: Node, constants: Constants) -> tuple[str, ...]:
    """The words of a command of a shell, or behind ``=`` what a variable or an alias keeps; nothing for any other node."""
    if node.type == "command":
        names = [child for child in node.named_children if child.type != "variable_assignment"]
        words = tuple(w for n in names for w in _words(n.named_children[0] if n.type == "command_name" else n, constants))
        kept = [word.partition("=")[2] for word in words[1:] if "=" in word] if words[:1] == ("alias",) else []
        if HOLE in "".join(words) and _is_looped(node, constants):
            return ()
        return tuple(part for text in kept for part in ("=", text, ";")) if kept else words
    if node.type == "pipeline":
        return _piped(node, constants)
    if node.type == "for_statement":
        return _looped(node, constants)
    if node.type == "variable_assignment" and node.named_child_count > 1:
        value = node.named_children[1]
        kept = [folded_text(n, SHELL, constants) for n in (value.named_children if value.type == "array" else [value])]
        return tuple(kept) if value.type == "array" else ("=", *kept)
    return ()


def _words(node: Node, constants: Constants) -> Iterator[str]:
    """The words that one of a command becomes: several for ``{up,down}`` outside of quotes."""
    text = folded_text(node, SHELL, constants)
    braces = _BRACES.fullmatch(text) if node.type in {"word", "concatenation"} and "{" in text_of(node) else None
    yield from [text] if braces is None else [f"{braces[1]}{each}{braces[3]}" for each in braces[2].split(",")]


def _uses(variable: Node) -> re.Pattern[str]:
    name = text_of(variable)
    return re.compile(rf"\$(?:{name}\b|\{{{name}\}})")


def _is_looped(node: Node, constants: Constants) -> bool:
    """Whether a loop around the command, with values that are written there, spells it out."""
    around = innermost(node.parent, {"for_statement"})
    variable = around.child_by_field_name("variable") if around is not None else None
    if around is None or variable is None or around.end_byte - around.start_byte > _LONGEST_LOOP:
        return False
    values = [folded_text(value, SHELL, constants) for value in around.children_by_field_name("value")]
    is_used = _uses(variable).search(text_of(node))
    is_set = re.search(rf"\b{text_of(variable)}\+?=|\bread\b|\bprintf\s+-v|\bunset\b", text_of(around))
    return bool(values and is_used and not is_set and all(map(TAKEN_AS_WRITTEN.fullmatch, values)))


def _looped(node: Node, constants: Constants) -> tuple[str, ...]:
    """``npm run`` with each value of ``for t in a b; do npm run "$t"; done``, as one command."""
    variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
    if variable is None or body is None:
        return ()
    values = [folded_text(value, SHELL, constants) for value in node.children_by_field_name("value")]
    parts = [_uses(variable).split(text_of(one)) for one in nodes_below(body) if one.type == "command"]
    commands = [value.join(part).replace('"', "").split() for part in parts if len(part) > 1 for value in values]
    return tuple(word for command in commands for word in (*command, ";"))


def _piped(node: Node, constants: Constants) -> tuple[str, ...]:
    """What ``echo 'npm run x' | sh`` hands to a shell, as words of ``eval``; what ``echo x | xargs npm run`` makes."""
    given, taken = (shell_words(n, constants) for n in (node.named_children[0], node.named_children[-1]))
    if given[:1] not in {("echo",), ("printf",)}:
        return ()
    if taken[:1] == ("xargs",):
        return (*taken[1:], *(word for text in given[1:] for word in text.split()))
    is_run = len(taken) == 1 and _RUN_TEXTS.fullmatch(taken[0]) is not None
    return ("eval", *given[1:]) if is_run else ()


def script_for_shell(node: Node) -> Node | None:
    """The here-document that a shell gets, also one on another machine, as a script with the lines of its file."""
    if node.type not in {"heredoc_body", "herestring_redirect"}:
        return None
    above = innermost(node, {"redirected_statement", "command"})
    command = above.child_by_field_name("body") if above is not None and above.type != "command" else above
    name = command.child_by_field_name("name") if command is not None and command.type == "command" else None
    if name is None or not _RUN_TEXTS.fullmatch(text_of(name)):
        return None
    text = node.text or b"" if node.type == "heredoc_body" else folded_text(node.named_children[-1], SHELL, {}).encode()
    return SHELL.parse(b"\n" * (line_of(node) - 1) + text)


def code_for_interpreter(node: Node) -> tuple[str, ...]:
    """The here-document that an interpreter gets for its program, as if it were on the command line."""
    above = innermost(node.parent, {"redirected_statement"}) if node.type == "heredoc_body" else None
    command = above.child_by_field_name("body") if above is not None else None
    words = text_of(command).split() if command is not None and command.type == "command" else []
    is_code = bool(words) and _INTERPRETER.fullmatch(words[0]) is not None and words[1:] in ([], ["-"])
    return (words[0], "-e", text_of(node)) if is_code else ()


def decodes_program(node: Node) -> bool:
    """Whether a shell gets its program from one that decodes or puts it together: ``base64 -d | sh``, ``$(printf …)``."""
    if node.type == "pipeline":
        parts = [text_of(part) for part in node.named_children]
        return _READS_PROGRAM.fullmatch(parts[-1].strip()) is not None and any(map(_DECODES.search, parts[:-1]))
    if node.type != "command":
        return False
    name = node.child_by_field_name("name")
    if name is not None and _MADE.match(text_of(name).lstrip('"')):
        return True
    return bool(_TAKES_MADE.search(text_of(node)) and _DECODES.search(text_of(node)))


def linked_name(node: Node, language: SourceLanguage) -> str | None:
    """``goose.Up`` of ``//go:linkname up github.com/pressly/goose/v3.Up``, which calls it without an import."""
    text = text_of(node) if language is GO and node.type == "comment" else ""
    found = re.match(r"//go:linkname[ \t]+\S+[ \t]+(\S+)\.(\w+)\s*\Z", text)
    if found is None:
        return None
    parts = [part for part in found[1].split("/") if not re.fullmatch(r"v\d+", part)]
    return f"{parts[-1]}.{found[2]}" if parts else None


def generator_words(node: Node, language: SourceLanguage) -> tuple[str, ...]:
    """The words of ``//go:generate go run ./cmd/migrate``, a comment that `go generate` runs."""
    text = text_of(node) if language is GO and node.type == "comment" else ""
    return shell_words_of(text.partition(" ")[2]) if re.match(r"//go:generate[ \t]", text) else ()


def started_words(node: Node, language: SourceLanguage, starts_programs: bool) -> tuple[str, ...]:
    """The words that a call hands to another program, as far as they are written there."""
    if node.type in _ARRAYS and starts_programs:
        return _kept(node, language)
    kinds = {kind: role for kind, role in language.calls if role}
    called = node.child_by_field_name(kinds[node.type]) if node.type in kinds else None
    given = node.child_by_field_name("arguments")
    if called is None or given is None:
        return ()
    name = re.sub(r"\s|[?!]", "", text_of(called))
    if not _STARTS.fullmatch(name) and not (starts_programs and name in _STARTS_WHERE_IMPORTED):
        return ()
    parts = [given] if given.type in language.strings else given.named_children
    return tuple(word for part in parts for text in _texts(part, language) for word in text.split())


def _kept(node: Node, language: SourceLanguage) -> tuple[str, ...]:
    """A list of texts in a file that starts programs: it may be a command that a variable keeps."""
    is_given = node.parent is not None and node.parent.type in {"arguments", "argument_list"}
    texts = () if is_given else tuple(_texts(node, language))
    return ("=", " ".join(texts)) if len(texts) > 1 else ()


def is_argument(node: Node, language: SourceLanguage) -> bool:
    """Whether a text of a shell is a word of a command."""
    above = innermost(node.parent, {"command", "test_command", "variable_assignment"}) if language is SHELL else None
    return above is not None and above.type != "variable_assignment"


def _texts(node: Node, language: SourceLanguage) -> Iterator[str]:
    if node.type in _LISTS:
        for child in node.named_children:
            yield from _texts(child, language)
        return
    folded = fold_expression(node, language, {})
    if folded is not None:
        yield folded.text


def run_text(node: Node, language: SourceLanguage) -> Node | None:
    """The argument that a call runs as code, None where it runs none; a file that it names is an import of its own."""
    called = node.child_by_field_name("function") or node.child_by_field_name("constructor")
    given = node.child_by_field_name("arguments")
    if called is None or given is None or not given.named_child_count:
        return None
    name = text_of(called)
    is_script = language.name in ECMA and _RUNS_TEXT_IN_ECMA.fullmatch(name) is not None
    if not is_script and not (language is PYTHON and name in _RUNS_TEXT_IN_PYTHON):
        return None
    argument = given.named_children[-1 if name.endswith("Function") else 0]
    inner = argument.child_by_field_name("function")
    is_compiled = inner is not None and text_of(inner) in _RUNS_TEXT_IN_PYTHON
    return None if is_compiled or _names_file(argument) else argument


def _names_file(argument: Node) -> bool:
    return argument.type in {"call", "call_expression"} and _FILE.search(text_of(argument)) is not None
