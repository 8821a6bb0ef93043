"""What must be true for a health check to succeed: which programs it runs, and what they ask over the network."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import ClassVar, Final

from tree_sitter import Node

from migration_audit.artifacts.shell.flow import ExecutionPoint, Process, ShellWalker
from migration_audit.artifacts.shell.parse import (
    ShellScript,
    branches_of,
    command_parts,
    on_one_line,
    shell_text_of,
    statements_in,
    substitutions,
)
from migration_audit.artifacts.shell.path_state import Lookup
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
"""Programs that succeed whether or not the server answers."""
_FILTERS: Final = frozenset({"grep", "egrep", "jq", "awk", "sed", "head", "tail", "tr", "cut", "wc", "xargs"})
_NEED_INPUT: Final = re.compile(
    r"(?:[ef]?grep(?!.* (?:-\w*L|--files-without-match)\b)|read|jq (?:.* )?(?:-\w*e|--exit-status))\b"
)
"""Ends of a pipeline that fail where nothing comes in."""
_WITHOUT_INPUT: Final = re.compile(r"(?:cat|cut|head|jq|sed|sort|tail|tee|tr|true|uniq|wc)\b")
"""Ends of a pipeline that succeed all the same."""
_PIPEFAIL: Final = re.compile(r"\bset\s+[-\w ]*\bpipefail\b")
_URL: Final = re.compile(r"(?:https?|tcp|ws)://(?:[^@/\s'\"]*@)?(?P<host>\[[^\]]+\]|[^/:\s'\"`)?]+)(?::(?P<port>\d+))?")
_HOST: Final = re.compile(r"(?P<host>\[[^\]]+\]|[A-Za-z0-9_.-]+)(?::(?P<port>\d+))?(?:/.*)?")
_TCP: Final = re.compile(r"/dev/tcp/(?P<host>[^/\s]+)/(?P<port>\d+)?")
_PORT: Final = (
    re.compile(r"\bport['\"]?\s*[:=]\s*['\"]?(\d+)"),
    re.compile(r"connect(?:ion)?\(\s*\(?\s*(?:['\"][\w.]*['\"]\s*,\s*)?(\d+)"),
)
_NAMED_HOST: Final = re.compile(r"\bhost(?:name)?['\"]?\s*[:=]\s*['\"]([^'\"]+)")
_NETWORK: Final = re.compile(r"\b(?:fetch|http|https|socket|request|requests|urllib|net|connect)\b")

_CLIENTS: Final = frozenset({"curl", "wget", "http", "https", "xh", "grpc_health_probe", "wait-for-it.sh", "wait-for-it"})
_SOCKETS: Final = frozenset({"nc", "ncat", "netcat", "telnet"})
_INTERPRETERS: Final = frozenset({"node", "nodejs", "python", "python3", "deno", "bun", "php", "ruby", "perl"})
Server = tuple[str, "str | None"]
"""Host and port."""
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
    reader = _Reader(files)
    state = ShellVariables(variables=dict(environment), folder=folder)
    where = ExecutionPoint(state=state, script=ShellScript(text="", at=at), process=Process())
    if test[0] == "CMD-SHELL":
        ways = reader.whole(where, ShellScript(text=test[1] if len(test) > 1 else "", at=at, is_inline=True))
    else:
        ways = reader.command([Word(word, known=not is_open(word)) for word in test[1:]], at, where)
    return Health(ways=tuple(dict.fromkeys(ways)), undecided=reader.found_undecided())


def _always() -> Ways:
    return [()]


class _Reader(ShellWalker[Ways]):
    def __init__(self, files: Lookup) -> None:
        super().__init__()
        self._files = files

    def found_undecided(self) -> tuple[Undecided, ...]:
        """What cannot be known, each once."""
        return tuple(dict.fromkeys(self._undecided))

    def whole(self, where: ExecutionPoint, script: ShellScript) -> Ways:
        """What the text of the test needs."""
        try:
            return self.script(where.in_script(script))
        except RecursionError:
            self.undecided(script.text[:40], "its statements are nested too deeply", script.at)
            return _always()

    def script(self, where: ExecutionPoint, *, errexit: bool = False) -> Ways:
        """What the text at this point needs; under ``set -e`` every statement, else the last."""
        text = where.script.text
        line = shebang(text)
        sets = re.search(r"(?m)^\s*set -\w*e", text)
        statements = statements_in(self.parsed(where))
        return self._sequence(statements, where, errexit=errexit or bool(sets or (line and line[1])))

    def _no_outcome(self) -> Ways:
        return _always()

    def _sequence(self, nodes: Sequence[Node], where: ExecutionPoint, *, errexit: bool = False) -> Ways:
        run = [node for node in nodes if node.is_named and node.type != "function_definition"]
        if len(run) > 1 and shell_text_of(run[-1]).split() in (["exit"], ["exit", "$?"], ["exit", '"$?"']):
            run = run[:-1]
        if not run:
            return _always()
        if errexit:
            return _all([self._statement(node, where) for node in run])
        ways = self._statement(run[-1], where)
        for node in reversed(run[:-1]):
            ways = self._before(node, ways, where)
        return ways

    def _statement(self, node: Node, where: ExecutionPoint) -> Ways:
        """What a statement needs; one in the background needs nothing."""
        ways = self.node(node, where)
        return _always() if node.next_sibling is not None and node.next_sibling.type == "&" else ways

    def _before(self, node: Node, rest: Ways, where: ExecutionPoint) -> Ways:
        """What a statement needs so that ``rest`` decides: most go on whatever comes of them, and some end it."""
        if node.type == "list" and node.children[1].type == "||" and _ends(node.children[2]) == "failure":
            return _all([self.node(node.children[0], where), rest])
        if node.type == "if_statement":
            branches, otherwise = branches_of(node)
            condition, body = branches[0]
            ending = _ends(body[-1]) if body else None
            if len(condition) == 1 and len(branches) == 1 and not otherwise and ending is not None:
                is_negated = condition[0].type == "negated_command"
                needed = self.node(condition[0].named_children[-1] if is_negated else condition[0], where)
                if ending == "failure":
                    return _all([needed, rest]) if is_negated else rest
                return [()] if is_negated else [*needed, *rest]
        self.node(node, where)  # for what it sets, and what of it cannot be known
        return rest

    def _list(self, node: Node, where: ExecutionPoint) -> Ways:
        left, right = self.node(node.children[0], where), self.node(node.children[2], where)
        return _all([left, right]) if node.children[1].type == "&&" else [*left, *right]

    def _block(self, node: Node, where: ExecutionPoint) -> Ways:
        return self._sequence(statements_in(node), where)

    def _pipeline(self, node: Node, where: ExecutionPoint) -> Ways:
        """Only the last part decides: does it fail where nothing comes in, because one before it failed?"""
        parts = statements_in(node)
        needed = [self.node(part, where) for part in parts]
        last = on_one_line(parts[-1])
        if _WITHOUT_INPUT.match(last) and not _NEED_INPUT.match(last) and not _PIPEFAIL.search(where.script.text):
            return needed[-1]
        if not _NEED_INPUT.match(last) and not _PIPEFAIL.search(where.script.text):
            self.undecided(on_one_line(node), f"whether `{last}` fails without input is not known", where.script.place(node))
        return _all(needed)

    def _redirected(self, node: Node, where: ExecutionPoint) -> Ways:
        server = _asked_by_redirect(shell_text_of(node))
        if server:
            return [(_asking([on_one_line(node)], server),)]
        bodies = [child for child in statements_in(node) if not child.type.endswith("redirect")]
        return self.node(bodies[0], where) if bodies else _always()

    def _negated(self, node: Node, _: ExecutionPoint) -> Ways:
        return [(_asking([on_one_line(node)], None),)]

    def _test(self, node: Node, where: ExecutionPoint) -> Ways:
        return self._substituted(node, where) or [(_asking([on_one_line(node)], None),)]

    def _if(self, node: Node, where: ExecutionPoint) -> Ways:
        branches, last = branches_of(node)
        condition, body = branches[0]
        otherwise = self._sequence(last, where) if last and len(branches) == 1 else _always()
        if len(condition) == 1 and condition[0].type == "negated_command":
            needed = self._sequence(condition[0].named_children, where)
            return [*self._sequence(body, where), *_all([needed, otherwise])]
        return [*_all([self._sequence(condition, where), self._sequence(body, where)]), *otherwise]

    def _assigned(self, node: Node, where: ExecutionPoint) -> Ways:
        for child in [node, *statements_in(node)]:
            if child.type == "variable_assignment":
                words = expand(child.named_children[-1], where.state)
                known = len(words) == 1 and words[0].known and child.named_child_count > 1
                where.state.variables[shell_text_of(child.named_children[0])] = words[0].text if known else None
        return self._substituted(node, where) or _always()

    def _simple(self, node: Node, where: ExecutionPoint) -> Ways:
        words = [word for part in command_parts(node)[1] for word in expand(part, where.state)]
        return self.command(words, where.script.place(node), where, inner=self._substituted(node, where))

    def _substituted(self, node: Node, where: ExecutionPoint) -> Ways:
        """What runs within the words of a command; empty where nothing does."""
        found = [self._block(inner, where) for inner in substitutions(node, "command_substitution")]
        return _all(found) if found else []

    def command(self, words: Sequence[Word], at: Location, where: ExecutionPoint, *, inner: Ways | None = None) -> Ways:
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
            script = ShellScript(text=call.target.text, at=at, is_inline=True)
            return self.script(where.in_script(script), errexit=call.errexit)
        if call.kind in (CallKind.FILE, CallKind.PROGRAM):
            return self._program(call, texts, at, where, inner)
        self.undecided(" ".join(texts), "what it requests is only known at run time", at)
        return _always()

    def _program(
        self, call: StartedProgram, texts: list[str], at: Location, where: ExecutionPoint, inner: Ways | None
    ) -> Ways:
        name = posixpath.basename(call.target.text)
        rest = [word.text for word in call.arguments]
        if name in _CLIENTS | _SOCKETS:
            server = _asked_by_client(rest) if name in _CLIENTS else _asked_by_socket(rest)
            if server is None or _is_unknown(server[0]):
                self.undecided(" ".join(texts), "which server it queries is only known at run time", at)
            return [(_asking(texts, server),)]
        if name in _INTERPRETERS:
            return [(self._interpreted(rest, texts, at, where),)]
        if name in _FILTERS or _ELSEWHERE.fullmatch(name):
            return inner or [(_asking(texts, None),)]
        is_named = call.kind is CallKind.FILE and "/" not in call.target.text
        found = self._file(f"./{call.target.text}" if is_named else call.target.text, where)
        if isinstance(found, ShellScript) and where.depth < _DEEPEST:
            line = shebang(found.text)
            if line is not None and line[0] in _INTERPRETERS:
                return [(self._in_text(found.text, texts, at),)]
            return self.script(where.in_script(found))
        reason = found if isinstance(found, str) else f"what {call.target.text} requests is only known at run time"
        self.undecided(" ".join(texts), reason, at)
        return _always()

    def _file(self, path: str, where: ExecutionPoint) -> ShellScript | str | None:
        folder = (where.state.folder or "/") if "/" in path else "/usr/local/bin"
        return self._files(posixpath.normpath(posixpath.join(folder, path)))

    def _interpreted(self, rest: list[str], texts: list[str], at: Location, where: ExecutionPoint) -> Asked:
        file = next((word for word in rest if not word.startswith("-")), "")
        if not re.fullmatch(r"[\w./-]+\.\w+", file):
            return self._in_text(" ".join(rest), texts, at)
        found = self._file(f"./{file}" if "/" not in file else file, where)
        if isinstance(found, ShellScript):
            return self._in_text(found.text, texts, at)
        self.undecided(" ".join(texts), found or f"no file of the project is copied to {file} in the image", at)
        return _asking(texts, None)

    def _in_text(self, text: str, texts: list[str], at: Location) -> Asked:
        server, is_unclear = _asked_by_program(text)
        if is_unclear or (server is not None and is_open(server[0])):
            self.undecided(" ".join(texts), "which server it queries is only known at run time", at)
        return _asking(texts, server)

    _HANDLERS: ClassVar = {
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
    if node.type == "compound_statement" and (inner := statements_in(node)):
        return _ends(inner[-1])
    words = shell_text_of(node).split()
    if words[:1] != ["exit"] or len(words) != 2 or not words[1].isdigit():
        return None
    return "success" if words[1] == "0" else "failure"


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


def _asked_by_client(words: Sequence[str]) -> Server | None:
    """The server that ``curl``, ``wget`` and similar programs ask; None where their words do not name it.

    >>> _asked_by_client(["-f", "localhost:8055/server/health"])
    ('localhost', '8055')
    """
    for word in words:
        if url := _URL.search(word):
            return url["host"], url["port"]
    for word in reversed(words):
        bare = _HOST.fullmatch(word)
        if bare and not word.startswith("-") and (bare["port"] or "/" in word or bare["host"] == "localhost"):
            return bare["host"], bare["port"]
    return None


def _asked_by_socket(words: Sequence[str]) -> Server | None:
    """The server that ``nc -z HOST PORT`` asks."""
    plain = [word for word in words if not word.startswith("-")]
    return (plain[0], plain[1] if len(plain) > 1 else None) if plain else None


def _asked_by_redirect(text: str) -> Server | None:
    """The server that bash asks by ``</dev/tcp/HOST/PORT``."""
    found = _TCP.search(text)
    return (found["host"], found["port"]) if found else None


def _asked_by_program(text: str) -> tuple[Server | None, bool]:
    """The server that a program in another language names, and whether it seems to ask one that it does not name.

    >>> _asked_by_program("require('http').get({port: 8055})")
    (('localhost', '8055'), False)
    """
    if url := _URL.search(text):
        return (url["host"], url["port"]), False
    port = next((found for pattern in _PORT if (found := pattern.search(text))), None)
    if port:
        host = _NAMED_HOST.search(text)
        return (host[1] if host else "localhost", port[1]), False
    return None, bool(_NETWORK.search(text))
