"""Shell text as a syntax tree, with the place of every node in the project's files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from migration_audit.model.location import Location
from migration_audit.model.unset import readable


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellScript:
    """A text for a shell, and where it comes from."""

    text: str
    at: Location
    """Where it starts."""
    is_inline: bool = False
    """A text within one word of another: all of it is told to stand where it starts."""

    def place(self, node: Node) -> Location:
        """The line at which ``node`` starts."""
        row = 0 if self.is_inline else node.start_point.row
        return Location(self.at.path, self.at.line + row)


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def parse_shell(text: str) -> Node:
    """The tree of a shell text; what is no shell is in it as a node of the type ``ERROR``."""
    # The grammar does not know <>, which opens a file for both: to read where it is opened, one of them will do.
    return _parser().parse(re.sub(r"(?<=\d)<>", "< ", text).encode()).root_node


def shell_text_of(node: Node) -> str:
    """What the node spans."""
    return (node.text or b"").decode()


def on_one_line(node: Node) -> str:
    """What the node spans, for a message."""
    text = readable(" ".join(shell_text_of(node).replace("\\\n", " ").split()))
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
