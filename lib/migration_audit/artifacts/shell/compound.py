"""The parts of compound statements: conditions and bodies of ``if``, patterns of ``case``, commands that only ask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from migration_audit.artifacts.shell.parse import on_one_line, shell_text_of

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
    if node.type in ("test_command", "negated_command"):
        return True
    if node.type == "list":
        return asks(node.children[-1])
    if node.type in ("redirected_statement", "pipeline"):
        return asks(node.named_children[-1] if node.type == "pipeline" else node.named_children[0])
    return node.type == "command" and shell_text_of(node).split()[:1] != [] and shell_text_of(node).split()[0] in _ASKING


Branch = tuple[list[Node], list[Node]]


def branches_of(node: Node) -> tuple[list[Branch], list[Node]]:
    """Conditions with their bodies, and what stands behind ``else``."""
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
    """Patterns and body: the closing bracket stands between them."""
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
    """Why what stands behind this condition may not run: of several joined by ``&&``, the last one asks."""
    if condition.type == "list" and condition.children[1].type == "&&":
        return depends_on(condition.children[-1], why)
    return f"it depends on `{on_one_line(condition)}`" + (f" ({why})" if why else "")
