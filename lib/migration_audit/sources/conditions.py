"""``\\if``, ``\\elif``, ``\\else``, ``\\endif``: which parts of one file psql runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from migration_audit.sources.variables import RefusedError

BRANCHES = frozenset({"if", "elif", "else", "endif"})
"""The commands that psql obeys in a part that it skips, too."""


@dataclass(slots=True)
class _Block:
    """One ``\\if`` up to its ``\\endif``."""

    line: int
    condition: str
    runs: bool
    """Whether psql runs the branch that is being read."""
    is_settled: bool
    """Whether a branch has run, or none may: the conditions of later branches are not evaluated."""
    is_assumed: bool = False
    """Whether ``psql -v`` could change the last condition that was evaluated: it depends on a variable that nothing sets."""
    depends: bool = False
    """Whether that was so of any of its conditions."""
    has_else: bool = False
    branch: int = 0


class Conditions:
    """The open blocks of one file."""

    def __init__(self) -> None:
        """No block is open."""
        self._open: list[_Block] = []

    @property
    def active(self) -> bool:
        """Whether psql runs what is being read."""
        return not self._open or self._open[-1].runs

    @property
    def skipped(self) -> tuple[int, int] | None:
        """The outermost branch that is being skipped, as a value of its own; None while psql runs what it reads."""
        return next(((block.line, block.branch) for block in self._open if not block.runs), None)

    @property
    def is_assumed(self) -> bool:
        """Whether ``psql -v`` could change that the outermost skipped branch is skipped."""
        return any(block.is_assumed for block in self._open if not block.runs)

    @property
    def depends(self) -> bool:
        """Whether ``psql -v`` could change which of the open branches run."""
        return any(block.depends for block in self._open)

    @property
    def reason(self) -> str:
        """Why the outermost skipped branch is skipped; empty while psql runs what it reads."""
        block = next((block for block in self._open if not block.runs), None)
        if block is None:
            return ""
        if block.is_settled:
            return f"another branch of the \\if in line {block.line} runs"
        return f"\\{'elif' if block.branch else 'if'} {block.condition} is false"

    @property
    def unclosed(self) -> int | None:
        """The line of the innermost ``\\if`` that no ``\\endif`` closes."""
        return self._open[-1].line if self._open else None

    def follow(self, name: str, line: int, condition: str, evaluate: Callable[[], tuple[bool, bool]]) -> None:
        """Obey one of the four commands.

        ``evaluate`` is asked where psql evaluates the condition: whether it is true, and whether that is assumed.

        Raises RefusedError where psql reports an error.
        """
        if name == "if":
            outer = self.active
            runs, is_assumed = evaluate() if outer else (False, False)
            settled = runs or not outer
            self._open.append(_Block(line, condition, runs, settled, is_assumed=is_assumed, depends=is_assumed))
            return
        if not self._open:
            raise RefusedError("no \\if is open here", "remove it, or write the \\if before it")
        block = self._open[-1]
        if name == "endif":
            self._open.pop()
            return
        if block.has_else:
            raise RefusedError(f"the \\else of the \\if in line {block.line} precedes it", "\\else comes last")
        block.has_else = name == "else"
        block.branch += 1
        block.condition = condition
        block.runs = False
        if not block.is_settled:
            block.runs, block.is_assumed = (True, False) if name == "else" else evaluate()
            block.is_settled = block.runs
            block.depends |= block.is_assumed
