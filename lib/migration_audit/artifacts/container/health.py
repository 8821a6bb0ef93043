"""What must be true for a health check to succeed: which programs it runs, and what they ask over the network."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from tree_sitter import Node

from migration_audit.artifacts.container.health_targets import (
    CLIENTS,
    INTERPRETERS,
    SOCKETS,
    Server,
    asked_by_client,
    asked_by_program,
    asked_by_redirect,
    asked_by_socket,
)
from migration_audit.artifacts.shell.flow import Lookup
from migration_audit.artifacts.shell.parse import ShellScript, broken, on_one_line, parse_shell, text_of
from migration_audit.artifacts.shell.words import ShellVariables, Word, expand
from migration_audit.artifacts.shell.wrappers import CallKind, StartedProgram, classify, shebang
from migration_audit.model.image import Asked, Undecided
from migration_audit.model.location import Location
from migration_audit.model.unset import is_open, readable

Ways = list[tuple[Asked, ...]]
"""Each way in which something succeeds: the programs that must succeed."""

_ELSEWHERE: Final = re.compile(
    r"pg_isready|psql|redis-cli|mysqladmin|test|\[|ls|cat|stat|find|pgrep|pidof|ps|kill|pm2|id|date|sleep|cd|hostname|ss|netstat"
    r"|lsof|which|command|type|read|export"
)
"""Programs that say nothing of whether the server answers."""
_FILTERS: Final = frozenset({"grep", "egrep", "jq", "awk", "sed", "head", "tail", "tr", "cut", "wc", "xargs"})
_DEEPEST: Final = 10
_MOST: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a test needs in order to succeed."""

    ways: tuple[tuple[Asked, ...], ...]
    undecided: tuple[Undecided, ...]


def read_test(
    test: Sequence[str], at: Location, *, environment: Mapping[str, str | None], folder: str | None, files: Lookup
) -> Health:
    """What ``("CMD", …)`` or ``("CMD-SHELL", "…")`` needs; ``files`` finds the scripts that it calls."""
    reader = _Reader(files, ShellVariables(variables=dict(environment), folder=folder))
    if test[0] == "CMD-SHELL":
        ways = reader.whole(ShellScript(text=test[1] if len(test) > 1 else "", at=at, is_inline=True))
    else:
        ways = reader.command([Word(word, known=not is_open(word)) for word in test[1:]], at)
    return Health(ways=tuple(dict.fromkeys(ways)), undecided=tuple(dict.fromkeys(reader.undecided)))


def _always() -> Ways:
    return [()]


class _Reader:
    def __init__(self, files: Lookup, state: ShellVariables) -> None:
        self.undecided: list[Undecided] = []
        self._files = files
        self._state = state
        self._script = ShellScript(text="", at=Location("", 1))
        self._depth = 0

    def whole(self, script: ShellScript) -> Ways:
        """What the text of the test needs."""
        try:
            return self.script(script)
        except RecursionError:
            self._give_up(script.text[:40], "its statements are nested too deeply", script.at)
            return _always()

    def script(self, script: ShellScript, *, errexit: bool = False) -> Ways:
        """What a text needs; under ``set -e`` every statement, else the last."""
        outer, self._script = self._script, script
        self._depth += 1
        root = parse_shell(script.text)
        for node in broken(root):
            self._give_up(on_one_line(node) or "here", "this shell code cannot be parsed", script.place(node))
        line = shebang(script.text)
        sets = re.search(r"(?m)^\s*set -\w*e", script.text)
        ways = self._sequence(_named(root), errexit=errexit or bool(sets or (line and line[1])))
        self._depth -= 1
        self._script = outer
        return ways

    def _sequence(self, nodes: Sequence[Node], *, errexit: bool = False) -> Ways:
        run = [node for node in nodes if node.type != "function_definition"]
        if len(run) > 1 and text_of(run[-1]).split() in (["exit"], ["exit", "$?"], ["exit", '"$?"']):
            run = run[:-1]
        if not run:
            return _always()
        if errexit:
            return _all([self.node(node) for node in run])
        ways = self.node(run[-1])
        for node in reversed(run[:-1]):
            ways = self._before(node, ways)
        return ways

    def _before(self, node: Node, rest: Ways) -> Ways:
        """What a statement needs so that ``rest`` decides: most go on whatever comes of them, and some end it."""
        if node.type == "list" and node.children[1].type == "||" and _ends(node.children[2]) == "failure":
            return _all([self.node(node.children[0]), rest])
        if node.type == "if_statement":
            condition, body, has_more = _parts(node)
            ending = _ends(body[-1]) if body else None
            if len(condition) == 1 and not has_more and ending is not None:
                is_negated = condition[0].type == "negated_command"
                needed = self.node(condition[0].named_children[-1] if is_negated else condition[0])
                if ending == "failure":
                    return _all([needed, rest]) if is_negated else rest
                return [()] if is_negated else [*needed, *rest]
        self.node(node)  # for what it sets, and what of it cannot be known
        return rest

    def node(self, node: Node) -> Ways:
        """What one statement needs."""
        handler = self._HANDLERS.get(node.type)
        if handler is not None:
            return handler(self, node)
        self._give_up(on_one_line(node), "this shell syntax is not followed", self._script.place(node))
        return _always()

    def _list(self, node: Node) -> Ways:
        left, right = self.node(node.children[0]), self.node(node.children[2])
        return _all([left, right]) if node.children[1].type == "&&" else [*left, *right]

    def _block(self, node: Node) -> Ways:
        return self._sequence(_named(node))

    def _pipeline(self, node: Node) -> Ways:
        """Only the last part decides, which has nothing to read where one before it failed."""
        return _all([self.node(child) for child in _named(node)])

    def _redirected(self, node: Node) -> Ways:
        server = asked_by_redirect(text_of(node))
        if server:
            return [(_asking([on_one_line(node)], server),)]
        bodies = [child for child in _named(node) if not child.type.endswith("redirect")]
        return self.node(bodies[0]) if bodies else _always()

    def _negated(self, node: Node) -> Ways:
        return [(_asking([on_one_line(node)], None),)]

    def _test(self, node: Node) -> Ways:
        return self._substituted(node) or [(_asking([on_one_line(node)], None),)]

    def _if(self, node: Node) -> Ways:
        condition, body, _ = _parts(node)
        clauses = [child for child in node.children if child.type == "else_clause"]
        otherwise = self._sequence(_named(clauses[-1])) if clauses else _always()
        if any(child.type == "elif_clause" for child in node.children):
            otherwise = _always()
        if len(condition) == 1 and condition[0].type == "negated_command":
            needed = self._sequence(condition[0].named_children)
            return [*self._sequence(body), *_all([needed, otherwise])]
        return [*_all([self._sequence(condition), self._sequence(body)]), *otherwise]

    def _assigned(self, node: Node) -> Ways:
        for child in [node, *_named(node)]:
            if child.type == "variable_assignment":
                words = expand(child.named_children[-1], self._state)
                known = len(words) == 1 and words[0].known and child.named_child_count > 1
                self._state.variables[text_of(child.named_children[0])] = words[0].text if known else None
        return self._substituted(node) or _always()

    def _simple(self, node: Node) -> Ways:
        parts = [c for c in _named(node) if c.type != "variable_assignment" and not c.type.endswith("redirect")]
        words = [word for part in parts for word in expand(part, self._state)]
        return self.command(words, self._script.place(node), inner=self._substituted(node))

    def _substituted(self, node: Node) -> Ways:
        """What runs within the words of a command; empty where nothing does."""
        found = [self._sequence(_named(inner)) for inner in _descendants(node, "command_substitution")]
        return _all(found) if found else []

    def command(self, words: Sequence[Word], at: Location, *, inner: Ways | None = None) -> Ways:
        """What one simple command needs."""
        texts = [word.text for word in words]
        if not texts or texts[0] in ("true", ":", "set", "echo", "printf"):
            return inner or _always()
        if texts[0] in ("false", "exit", "return"):
            fails = texts[0] == "false" or (texts[1:2] and texts[1].isdigit() and texts[1] != "0")
            return [] if fails else _always()
        call = classify(words)
        if call is None:
            return [(_asking(texts, None),)]
        if call.kind is CallKind.TEXT and (call.target.known or is_open(call.target.text)):
            return self.script(ShellScript(text=call.target.text, at=at, is_inline=True), errexit=call.errexit)
        if call.kind in (CallKind.FILE, CallKind.PROGRAM):
            return self._program(call, texts, at, inner)
        self._give_up(" ".join(texts), "what it requests is only known at run time", at)
        return _always()

    def _program(self, call: StartedProgram, texts: list[str], at: Location, inner: Ways | None) -> Ways:
        name = posixpath.basename(call.target.text)
        rest = [word.text for word in call.arguments]
        if name in CLIENTS | SOCKETS:
            server = asked_by_client(rest) if name in CLIENTS else asked_by_socket(rest)
            if server is None or _is_unknown(server[0]):
                self._give_up(" ".join(texts), "which server it queries is only known at run time", at)
            return [(_asking(texts, server),)]
        if name in INTERPRETERS:
            return [(self._interpreted(rest, texts, at),)]
        if name in _FILTERS or _ELSEWHERE.fullmatch(name):
            return inner or [(_asking(texts, None),)]
        is_named = call.kind is CallKind.FILE and "/" not in call.target.text
        found = self._file(f"./{call.target.text}" if is_named else call.target.text)
        if isinstance(found, ShellScript) and self._depth < _DEEPEST:
            line = shebang(found.text)
            if line is not None and line[0] in INTERPRETERS:
                return [(self._in_text(found.text, texts, at),)]
            return self.script(found)
        reason = found if isinstance(found, str) else f"what {call.target.text} requests is only known at run time"
        self._give_up(" ".join(texts), reason, at)
        return _always()

    def _file(self, path: str) -> ShellScript | str | None:
        folder = (self._state.folder or "/") if "/" in path else "/usr/local/bin"
        return self._files(posixpath.normpath(posixpath.join(folder, path)))

    def _interpreted(self, rest: list[str], texts: list[str], at: Location) -> Asked:
        file = next((word for word in rest if not word.startswith("-")), "")
        if not re.fullmatch(r"[\w./-]+\.\w+", file):
            return self._in_text(" ".join(rest), texts, at)
        found = self._file(f"./{file}" if "/" not in file else file)
        if isinstance(found, ShellScript):
            return self._in_text(found.text, texts, at)
        self._give_up(" ".join(texts), found or f"no file of the project is copied to {file} in the image", at)
        return _asking(texts, None)

    def _in_text(self, text: str, texts: list[str], at: Location) -> Asked:
        server, is_unclear = asked_by_program(text)
        if is_unclear or (server is not None and is_open(server[0])):
            self._give_up(" ".join(texts), "which server it queries is only known at run time", at)
        return _asking(texts, server)

    def _give_up(self, what: str, reason: str, at: Location) -> None:
        self.undecided.append(Undecided(what=readable(what), reason=readable(reason), at=at))

    _HANDLERS: Final[dict[str, Callable[[_Reader, Node], Ways]]] = {
        "list": _list,
        "compound_statement": _block,
        "subshell": _block,
        "do_group": _block,
        "pipeline": _pipeline,
        "redirected_statement": _redirected,
        "negated_command": _negated,
        "if_statement": _if,
        "test_command": _test,
        "variable_assignment": _assigned,
        "variable_assignments": _assigned,
        "declaration_command": _assigned,
        "command": _simple,
    }


def _ends(node: Node) -> str | None:
    """How a statement ends the script: ``success``, ``failure``, or not at all."""
    if node.type == "compound_statement" and _named(node):
        return _ends(_named(node)[-1])
    words = text_of(node).split()
    if words[:1] != ["exit"] or len(words) != 2 or not words[1].isdigit():
        return None
    return "success" if words[1] == "0" else "failure"


def _parts(node: Node) -> tuple[list[Node], list[Node], bool]:
    """Condition and body of the first branch of an ``if``, and whether there are others."""
    condition: list[Node] = []
    body: list[Node] = []
    target = condition
    for child in node.children:
        if child.type == "then":
            target = body
        elif child.is_named and child.type not in ("comment", "else_clause", "elif_clause"):
            target.append(child)
    return condition, body, any(child.type in ("else_clause", "elif_clause") for child in node.children)


def _asking(words: Sequence[str], server: Server | None) -> Asked:
    host, port = server or (None, None)
    return Asked(words=tuple(map(readable, words)), host=host, port=port)


def _is_unknown(host: str) -> bool:
    """Whether the host is a variable; HOSTNAME is the container itself."""
    return is_open(host) or ("$" in host and host not in ("$HOSTNAME", "${HOSTNAME}"))


def _all(parts: Sequence[Ways]) -> Ways:
    """Every part must succeed, each in one of its ways."""
    made = [tuple(dict.fromkeys(asked for way in ways for asked in way)) for ways in product(*parts)]
    return made[:_MOST]


def _named(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type != "comment"]


def _descendants(node: Node, kind: str) -> list[Node]:
    found: list[Node] = []
    for child in node.named_children:
        found += [child] if child.type == kind else _descendants(child, kind)
    return found
