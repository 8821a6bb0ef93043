"""Looking on while SQL is applied: which statement wrote which row, and since which one the audit cannot connect."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from migration_audit.model.errors import ServerError
from migration_audit.model.location import Location
from migration_audit.model.sql import Statement

_MAY: Final = re.compile(
    r"\b(?:role|database|revoke|reassign|drop\s+owned|alter\s+(?:user|group|system)|drop\s+(?:user|group))\b", re.IGNORECASE
)
"""Words of statements that change who may connect; trying a connection after every other statement would take too long."""
_REFUSED: Final = ("28", "55000", "53300", "42501", "42704", "57P03", "22023", "3D000")
"""SQLSTATEs by which a server that runs takes no connection (PostgreSQL, appendix A)."""


class Lockout:
    """The statement since which no connection is possible."""

    def __init__(self, connect: Callable[[], psycopg.Connection]) -> None:
        """``connect`` opens a connection as the audit does, and raises psycopg's errors."""
        self._connect = connect
        self._since: Location | None = None
        self._last: Location | None = None

    def look(self, statements: Sequence[Statement]) -> None:
        """Try a connection after statements whose effects are now visible: one alone, or a transaction."""
        self._last = statements[-1].at
        suspects = [statement.at for statement in statements if _MAY.search(statement.text)]
        if not suspects:
            return
        try:
            self._connect().close()
        except psycopg.OperationalError as error:
            if _is_refusal(error):
                self._since = self._since or suspects[-1]
        else:
            self._since = None

    def error(self, error: psycopg.Error) -> ServerError | None:
        """What to raise where ``error`` is the server's refusal after SQL was applied; None for other errors."""
        if self._last is None or not _is_refusal(error):
            return None
        when = "since this statement" if self._since else "since a statement up to this one"
        return ServerError(
            f"{when} the audit cannot connect to the database any more: {str(error).strip()}",
            where=str(self._since or self._last),
            todo="leave the role and the database that SQL is applied with as they are",
        )


def _is_refusal(error: psycopg.Error) -> bool:
    return (error.sqlstate or "").startswith(_REFUSED)


class Watch:
    """Learns of each statement that ``apply_sources`` executes; it may read by the connection, and must change nothing."""

    def begin(self, connection: psycopg.Connection[Any]) -> None:
        """Nothing is applied yet."""

    def before(self, connection: psycopg.Connection[Any], statement: Statement) -> None:
        """The statement comes next; again where the statements of its transaction block had to be repeated."""

    def after(self, connection: psycopg.Connection[Any], statement: Statement, rows: int) -> None:
        """The statement was executed, and wrote or deleted this many rows (-1: the server does not say)."""

    def end(self, connection: psycopg.Connection[Any]) -> None:
        """Everything is applied, or up to the first failure."""


@dataclass(frozen=True, slots=True)
class TransactionSpan:
    """The transaction ids ``start <= id < stop``, and up to which command number each statement reaches in them."""

    start: int
    stop: int
    steps: tuple[tuple[int, Statement | None], ...]


class Trace:
    """Which statement wrote a catalog row."""

    def __init__(self, spans: Sequence[TransactionSpan] = ()) -> None:
        """Take spans in the order in which they happened."""
        self._spans = tuple(spans)
        self._starts = [span.start for span in self._spans]

    def locate(self, xid: int, cmin: int) -> Location | None:
        """The line at which the statement starts that wrote a row, as ``statement`` finds it."""
        found = self.statement(xid, cmin)
        return found.at if found else None

    def statement(self, xid: int, cmin: int) -> Statement | None:
        """The statement that wrote a row with this ``xmin`` and ``cmin``; one without text for a command.

        None for rows that no traced statement wrote: those of the template database, above all.
        """
        if not self._spans:
            return None
        # xmin has the low 32 bits of a 64-bit id; what it names cannot be younger than the last reading.
        stop = self._spans[-1].stop
        wide = stop - ((stop - xid) & 0xFFFFFFFF)
        index = bisect.bisect_right(self._starts, wide) - 1
        if index < 0 or wide >= self._spans[index].stop:
            return None
        steps = self._spans[index].steps
        return steps[bisect.bisect_left(steps, cmin, key=lambda step: step[0])][1]
