"""Which programs a source file starts: commands of a shell, and calls such as ``spawn('npx', ['x'])``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from migration_audit.artifacts.code.languages import SHELL, SourceLanguage
from migration_audit.artifacts.code.literals import HOLE, fold_expression, line_of, text_of

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
_RUN_TEXTS: Final = re.compile(r"(?:.*/)?(?:sh|bash|dash|ash|zsh|ssh|su|sudo|docker|podman|kubectl|nsenter|chroot|wsl)")


def shell_words(node: Node) -> tuple[str, ...]:
    """The words of a command of a shell, or behind ``=`` what a variable keeps; nothing for any other node."""
    if node.type == "command":
        names = [child for child in node.named_children if child.type != "variable_assignment"]
        return tuple(_text(n.named_children[0] if n.type == "command_name" else n) for n in names)
    if node.type == "pipeline":
        return _piped(node)
    if node.type == "variable_assignment" and node.named_child_count > 1:
        value = node.named_children[1]
        kept = tuple(_text(n) for n in (value.named_children if value.type == "array" else [value]))
        return kept if value.type == "array" else ("=", *kept)
    return ()


def _piped(node: Node) -> tuple[str, ...]:
    """What ``echo 'npm run x' | sh`` hands to a shell, as words of ``eval``."""
    first, last = node.named_children[0], node.named_children[-1]
    given, taken = shell_words(first), shell_words(last)
    is_run = bool(taken) and len(taken) == 1 and _RUN_TEXTS.fullmatch(taken[0]) is not None
    return ("eval", *given[1:]) if is_run and given[:1] in {("echo",), ("printf",)} else ()


def script_for_shell(node: Node) -> Node | None:
    """The here-document that a shell gets, also one on another machine, as a script with the lines of its file."""
    if node.type not in {"heredoc_body", "herestring_redirect"}:
        return None
    above: Node | None = node
    while above is not None and above.type not in {"redirected_statement", "command"}:
        above = above.parent
    command = above.child_by_field_name("body") if above is not None and above.type != "command" else above
    name = command.child_by_field_name("name") if command is not None and command.type == "command" else None
    if name is None or not _RUN_TEXTS.fullmatch(text_of(name)):
        return None
    text = node.text or b"" if node.type == "heredoc_body" else _text(node.named_children[-1]).encode()
    return SHELL.parse(b"\n" * (line_of(node) - 1) + text)


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
    above = node.parent if language is SHELL else None
    while above is not None and above.type not in {"command", "test_command", "variable_assignment"}:
        above = above.parent
    return above is not None and above.type != "variable_assignment"


def _texts(node: Node, language: SourceLanguage) -> Iterator[str]:
    if node.type in _LISTS:
        for child in node.named_children:
            yield from _texts(child, language)
        return
    folded = fold_expression(node, language, {})
    if folded is not None:
        yield "".join(chunk.text for chunk in folded.chunks)


def _text(node: Node) -> str:
    folded = fold_expression(node, SHELL, {})
    return "".join(chunk.text for chunk in folded.chunks) if folded else HOLE
