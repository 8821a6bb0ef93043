"""From statement to statement of a shell text: what every walk over its syntax tree does in the same way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, TypeVar

from tree_sitter import Node

from migration_audit.artifacts.shell.flow import ExecutionPoint
from migration_audit.artifacts.shell.parse import broken, on_one_line, parse_shell
from migration_audit.model.image import Undecided
from migration_audit.model.location import Location
from migration_audit.model.unset import readable

Outcome = TypeVar("Outcome")
_QUIET: Final = frozenset({"comment", "ERROR", "heredoc_body", "heredoc_end", "file_redirect", "herestring_redirect"})
"""Nodes that are no statements, or that were reported when the text was parsed."""


class ShellWalker(ABC, Generic[Outcome]):
    """A walk over shell texts; what each kind of statement leads to is decided by the class that completes it."""

    def __init__(self) -> None:
        """Start with nothing undecided."""
        self._undecided: list[Undecided] = []

    @property
    @abstractmethod
    def _handlers(self) -> Mapping[str, Callable[[Any, Node, ExecutionPoint], Outcome]]:
        """What is called for each type of node."""

    @abstractmethod
    def _no_outcome(self) -> Outcome:
        """The outcome of a statement that is not followed."""

    def parsed(self, where: ExecutionPoint) -> Node:
        """The tree of the text at this point; what the grammar cannot read is undecided."""
        root = parse_shell(where.script.text)
        for node in broken(root):
            self.undecided(on_one_line(node) or "here", "this shell code cannot be parsed", where.script.place(node))
        return root

    def node(self, node: Node, where: ExecutionPoint) -> Outcome:
        """One statement of any kind."""
        handler = self._handlers.get(node.type)
        if handler is not None:
            return handler(self, node, where)
        if node.type not in _QUIET:
            self.undecided(on_one_line(node), "this shell syntax is not followed", where.script.place(node))
        return self._no_outcome()

    def undecided(self, what: str, reason: str, at: Location) -> None:
        """Record that something cannot be known without running the text."""
        self._undecided.append(Undecided(what=readable(what), reason=readable(reason), at=at))
