"""How far a fleet run is, in one line, with an estimate of what is left. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from migration_audit.fleet.evidence import TargetOutcome

_EVERY = 5.0
"""Seconds between two lines."""


class Progress:
    """Counts targets, and prints the count from time to time."""

    def __init__(self, total: int, *, now: float, say: Callable[[str], None]) -> None:
        """``total`` targets are to be read from now on."""
        self._total, self._began, self._say = total, now, say
        self._printed_at = now
        self._outcomes: Counter[TargetOutcome] = Counter()

    def add(self, outcome: TargetOutcome, now: float) -> None:
        """One more target has its evidence."""
        self._outcomes[outcome] += 1
        if now - self._printed_at >= _EVERY:
            self._printed_at = now
            self._say(progress_line(self._outcomes, self._total, now - self._began))


def progress_line(outcomes: Counter[TargetOutcome], total: int, seconds: float) -> str:
    """``412 of 2,000 targets read, 8.2 a second, about 3 min left: 12 blocked, 1 could not check``.

    >>> progress_line(Counter({TargetOutcome.EQUAL: 400, TargetOutcome.BLOCKED: 12}), 2000, 50)
    '412 of 2,000 targets read, 8.2 a second, about 4 min left: 12 blocked'
    """
    done = outcomes.total()
    rate = done / seconds if seconds else 0.0
    left = f", {rate:.1f} a second, about {_duration((total - done) / rate)} left" if rate and done < total else ""
    wrong = [f"{outcomes[o]:,} {o}" for o in (TargetOutcome.BLOCKED, TargetOutcome.UNCHECKED) if outcomes[o]]
    return f"{done:,} of {total:,} targets read{left}" + (f": {', '.join(wrong)}" if wrong else "")


def _duration(seconds: float) -> str:
    """In the largest unit that makes two digits of it, rounded up.

    >>> [_duration(s) for s in (0.2, 59, 90, 5400, 9000)]
    ['1 s', '59 s', '90 s', '90 min', '3 h']
    """
    for size, unit in ((1, "s"), (60, "min"), (3600, "h")):
        count = -(-seconds // size)
        if count < 100:
            return f"{max(int(count), 1)} {unit}"
    return f"{int(-(-seconds // 3600))} h"
