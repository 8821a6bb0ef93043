"""Which statement wrote which catalog row, found by the ids of transactions and commands."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

from migration_audit.model.location import Location
from migration_audit.model.sql import Statement


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
