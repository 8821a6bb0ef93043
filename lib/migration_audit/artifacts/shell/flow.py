"""Where in a script a walk is: which process, what may keep a command from running, and what its failure stops."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final, Generic, TypeVar

from tree_sitter import Node

from migration_audit.artifacts.shell.parse import ShellScript, broken, on_one_line, parse_shell
from migration_audit.artifacts.shell.words import ShellVariables
from migration_audit.model.image import Guard, Undecided
from migration_audit.model.location import Location
from migration_audit.model.unset import readable

Outcome = TypeVar("Outcome")
_QUIET: Final = frozenset({"comment", "ERROR", "heredoc_body", "heredoc_end", "file_redirect", "herestring_redirect"})
"""Nodes that are not statements, or that were reported when the text was parsed."""


@dataclass(slots=True, eq=False)
class FailureEffect:
    """What does not run any more after a failure."""

    until: int | None = None
    """Position of the first command that runs all the same; None where everything is over."""


NOTHING: Final = FailureEffect(-1)
"""The failure stops nothing."""


@contextmanager
def ending(outer: FailureEffect, position: Callable[[], int]) -> Iterator[FailureEffect]:
    """What the failure of a part stops as a whole: what ``outer`` says, or else the rest of the part alone."""
    if outer is not NOTHING:
        yield outer
        return
    scope = FailureEffect(0)
    yield scope
    scope.until = position()


@dataclass(slots=True, eq=False)
class Process:
    """A shell process, or the body of a function: what ``exit`` or ``return`` ends."""

    scope: FailureEffect = field(default_factory=FailureEffect)
    """What its failure stops outside of it."""
    is_over: bool = False
    may_be_over: str | None = None
    """Why what follows may not run: an ``exit 0`` or ``exec`` in a branch."""
    over_if: list[tuple[Guard, ...]] = field(default_factory=list)
    """It is over where all of one of these groups hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionPoint:
    """One point of the walk."""

    state: ShellVariables
    script: ShellScript
    process: Process
    function: Process | None = None
    loop: Process | None = None
    """What ``break`` ends."""
    turn: Process | None = None
    """What ``continue`` ends."""
    scope: FailureEffect = field(default_factory=FailureEffect)
    """What a status other than 0 stops, by the way in which statements hang together."""
    on_success: FailureEffect = NOTHING
    """The same for the status 0: ``!`` swaps the two."""
    checked: bool = False
    """Whether the status is checked, so that ``set -e`` ignores it."""
    maybe: str | None = None
    guards: tuple[Guard, ...] = ()
    """What must hold for a command at this point to run."""
    in_background: bool = False
    after_failure: bool = False
    """Behind ``||``: ``$?`` is not 0 here."""
    depth: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more runs here."""
        return any(level.is_over for level in self._levels)

    @property
    def doubt(self) -> str | None:
        """Why a command at this point may not run."""
        return next(filter(None, (self.maybe, *(level.may_be_over for level in self._levels))), None)

    @property
    def _levels(self) -> tuple[Process, ...]:
        return tuple(filter(None, (self.process, self.function, self.loop, self.turn)))

    @property
    def unless(self) -> tuple[tuple[Guard, ...], ...]:
        """Where one of these groups holds, a command at this point does not run: something ended before."""
        return tuple(dict.fromkeys(group for level in self._levels for group in level.over_if))

    def inner_process(self, scope: FailureEffect) -> Process:
        """A process, or the body of a function, that begins here, and may not where this point may not be reached."""
        return Process(scope=scope, may_be_over=self.doubt, over_if=list(self.unless))

    @property
    def failure(self) -> FailureEffect:
        """What the failure of a simple command at this point stops."""
        return self.process.scope if self.state.errexit and not self.checked else self.scope

    def only(self, reason: str, *guards: Guard) -> ExecutionPoint:
        """The same point in a part that may not run; what it changes is its own."""
        return replace(self, maybe=self.maybe or reason, guards=(*self.guards, *guards), state=self.state.copy())

    def status_checked(self, scope: FailureEffect = NOTHING, on_success: FailureEffect = NOTHING) -> ExecutionPoint:
        """The same point where the status is looked at."""
        return replace(self, checked=True, scope=scope, on_success=on_success)

    def in_loop(self, loop: Process | None = None) -> ExecutionPoint:
        """The same point in one turn of a loop: its status is not checked, unless ``set -e`` does."""
        loop, turn = loop or self.inner_process(self.process.scope), self.inner_process(self.process.scope)
        return replace(self, loop=loop, turn=turn, scope=NOTHING, on_success=NOTHING)

    def in_script(self, script: ShellScript) -> ExecutionPoint:
        """The same point in another text that the same shell reads."""
        return replace(self, script=script, depth=self.depth + 1)

    def end(self, level: Process, *, failed: bool, at: Location, by: str) -> None:
        """``exit``, ``return`` or ``exec`` at this point; a failure in a branch keeps nothing from being certain."""
        if self.doubt is None:
            level.is_over = True
        elif not failed:
            reason = f"`{by}` at {at} may end the script earlier"
            level.may_be_over = level.may_be_over or reason
            level.over_if.append(self.guards or (Guard(of=reason, outcomes=frozenset({0})),))


class ShellWalker(ABC, Generic[Outcome]):
    """A walk over shell texts; what each kind of statement leads to is decided by the class that completes it."""

    _HANDLERS: ClassVar[Mapping[str, Callable[[Any, Node, ExecutionPoint], Any]]]
    """What is called for each type of node."""

    def __init__(self) -> None:
        """Start with nothing undecided."""
        self._undecided: list[Undecided] = []

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
        handler = self._HANDLERS.get(node.type)
        if handler is not None:
            outcome: Outcome = handler(self, node, where)
            return outcome
        if node.type not in _QUIET:
            self.undecided(on_one_line(node), "this shell syntax is not followed", where.script.place(node))
        return self._no_outcome()

    def undecided(self, what: str, reason: str, at: Location) -> None:
        """Record that something cannot be known without running the text."""
        self._undecided.append(Undecided(what=readable(what), reason=readable(reason), at=at))
