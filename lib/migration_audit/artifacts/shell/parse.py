"""Shell text as a syntax tree: the place of each node, and the parts of commands and compound statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from migration_audit.model.location import Location
from migration_audit.model.unset import readable

_READS_CODE: Final = re.compile(r"node|deno|bun|python\d?|ruby|perl|php")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellScript:
    """A text for a shell, and where it comes from."""

    text: str
    at: Location
    """Where it starts."""
    is_inline: bool = False
    """A text within one word of another: all of it has the place where it starts."""

    def place(self, node: Node) -> Location:
        """The line at which ``node`` starts."""
        row = 0 if self.is_inline else node.start_point.row
        return Location(self.at.path, self.at.line + row)


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def parse_shell(text: str) -> Node:
    """The tree of a shell text; what is not shell code is in it as a node of the type ``ERROR``."""
    # The grammar does not know <>, which opens a file for both: to read where it is opened, one of them will do.
    return _parser().parse(re.sub(r"(?<=\d)<>", "< ", apart(text)).encode()).root_node


def apart(text: str) -> str:
    """``$a$b.js`` as ``${a}${b}.js``, where the text sets these variables: the grammar takes ``b.js`` for a word."""
    names = frozenset(_SET.findall(text))

    def put(match: re.Match[str]) -> str:
        found = match[0].split("$")[1:]
        return "".join(f"${{{name}}}" for name in found) if names.issuperset(found) else match[0]

    return _JOINED.sub(put, text)


def shell_text_of(node: Node) -> str:
    """What the node spans."""
    return (node.text or b"").decode()


_SET: Final = re.compile(r"(?:^|[;&|(\s])([A-Za-z_]\w*)\+?=", re.MULTILINE)
_JOINED: Final = re.compile(r"(?:\$[A-Za-z_]\w*){2,}")
_ANSI_C: Final = re.compile(r"\\(?:x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|[0-7]{1,3}|.)", re.DOTALL)
_CONTROLS: Final = dict(zip("abefnrtvE", "\a\b\x1b\f\n\r\t\v\x1b", strict=True))


def ansi_c_text(node: Node) -> str:
    """What ``$'…'`` is."""
    return _ANSI_C.sub(_replaced, shell_text_of(node)[2:-1])


def _replaced(match: re.Match[str]) -> str:
    kind, digits = match[0][1], match[0][2:]
    if kind in "xuU" and digits:
        return chr(int(digits, 16)) if int(digits, 16) < 0x110000 else match[0]
    if kind in "01234567":
        return chr(int(match[0][1:], 8) & 0xFF)
    return _CONTROLS.get(kind, kind)


def on_one_line(node: Node) -> str:
    """What the node spans, for a message: of a long text, only the start is looked at."""
    text = readable(" ".join(shell_text_of(node)[:2000].replace("\\\n", " ").split()))
    return text if len(text) <= 80 else text[:79] + "…"


def broken(root: Node) -> Iterator[Node]:
    """The nodes that the grammar could not read."""
    if not root.has_error:
        return
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            yield node
        elif node.has_error:
            stack.extend(reversed(node.children))


_ASKING: Final = frozenset({"[", "test", "command", "which", "type", "grep", "diff", "cmp"})
"""Programs that answer a question: behind ``&&`` a command depends on the answer, and not on a step that worked."""


def statements_in(node: Node) -> list[Node]:
    """The named parts of a node, without comments."""
    return [child for child in node.named_children if child.type != "comment"]


def command_parts(node: Node) -> tuple[list[Node], list[Node]]:
    """The assignments before a simple command, and its words; redirections are neither."""
    parts = [child for child in statements_in(node) if not child.type.endswith("redirect")]
    given = [part for part in parts if part.type == "variable_assignment"]
    return given, [part for part in parts if part.type != "variable_assignment"]


def substitutions(node: Node, *kinds: str) -> Iterator[Node]:
    """The outermost substitutions of these kinds in a node, which may be one itself: ``$(…)``, backquotes, ``<(…)``."""
    if node.type in kinds:
        yield node
        return
    for child in node.named_children:
        yield from substitutions(child, *kinds)


def ends_line(assignment: Node, command: Node) -> bool:
    """Whether a line ends behind the assignment: the grammar takes ``A=1 B=2`` and the next line for one command."""
    text = command.text or b""
    return bool(re.match(rb"[ \t]*(?:#[^\n]*)?\n", text[assignment.end_byte - command.start_byte :]))


def asks(node: Node) -> bool:
    """Whether a command only answers a question."""
    if node.type in ("list", "pipeline"):
        return asks(node.named_children[-1])
    if node.type == "redirected_statement":
        return asks(node.named_children[0])
    return node.type in ("test_command", "negated_command") or (
        node.type == "command" and not _ASKING.isdisjoint(shell_text_of(node).split()[:1])
    )


def chain_of(node: Node) -> list[Node]:
    """The lists of ``a && b || c``, which the grammar nests to the left, the innermost first."""
    found: list[Node] = []
    while node.type == "list":
        found.append(node)
        node = node.children[0]
    return found[::-1]


Branch = tuple[list[Node], list[Node]]


def branches_of(node: Node) -> tuple[list[Branch], list[Node]]:
    """Conditions with their bodies, and what follows ``else``."""
    branches: list[Branch] = [([], [])]
    otherwise: list[Node] = []
    target = branches[0][0]
    for child in node.children:
        if child.type == "then":
            target = branches[-1][1]
        elif child.type == "elif_clause":
            inner, _ = branches_of(child)
            branches += inner
        elif child.type == "else_clause":
            otherwise = [c for c in child.children if _counts(c) and c.type != "else"]
        elif _counts(child):
            target.append(child)
    return branches, otherwise


def case_item(item: Node) -> Branch:
    """Patterns and body: the closing bracket is between them."""
    patterns: list[Node] = []
    body: list[Node] = []
    target = patterns
    for child in item.children:
        if child.type == ")":
            target = body
        elif _counts(child):
            target.append(child)
    return patterns, body


def _counts(child: Node) -> bool:
    """Whether a part is a statement, or says that the one before it runs in the background."""
    return (child.is_named and child.type != "comment") or child.type == "&"


def depends_on(condition: Node, why: str = "") -> str:
    """Why what follows this condition may not run: of several joined by ``&&``, the last one asks."""
    if condition.type == "list" and condition.children[1].type == "&&":
        return depends_on(condition.children[-1], why)
    return f"it depends on `{on_one_line(condition)}`" + (f" ({why})" if why else "")


def given_code(node: Node) -> str | None:
    """The here-document that an interpreter gets for its program: ``python3 - <<E``."""
    first = node.named_children[0]
    body = next((c for r in node.named_children if r.type == "heredoc_redirect" for c in r.named_children[1:2]), None)
    words = shell_text_of(first).split() if first.type == "command" else []
    is_code = words and _READS_CODE.fullmatch(words[0].rpartition("/")[2]) and words[1:] in ([], ["-"])
    return shell_text_of(body) if is_code and body is not None and body.type == "heredoc_body" else None
