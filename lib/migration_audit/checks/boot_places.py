"""Where the steps of a boot are among the commands that a container runs, and in which cases each of them runs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from migration_audit.model.image import Boot, StartedCommand

if TYPE_CHECKING:
    from migration_audit.project import BootStep

Place = tuple[int, StartedCommand]
"""The position of a command, and the command."""
Case = Mapping[int | str, int]
"""One outcome for every condition."""

_REHEARSALS: Final = frozenset({"--dry-run", "--help", "--version"})
"""Options with which a command only says what it would do."""
_MOST_CASES: Final = 2048


def step_positions(steps: Sequence[BootStep], boot: Boot) -> dict[int, BootStep]:
    """The positions among the commands of a boot of steps that certainly run, and the steps."""
    chosen = ((step, chosen_place(p for p in places_of(step, boot.run.commands) if _is_certain(p[1]))) for step in steps)
    return {place[0]: step for step, place in chosen if place is not None}


def _is_certain(command: StartedCommand) -> bool:
    return command.maybe is None or command.in_background


def chosen_place(places: Iterator[Place] | Sequence[Place]) -> Place | None:
    """The first one that is waited for, else the first one in the background."""
    found = list(places)
    return next(iter([*(p for p in found if not p[1].in_background), *found]), None)


def cases_of(commands: Sequence[StartedCommand]) -> list[Case] | None:
    """Every combination of outcomes of what decides about these commands, first that all of it holds.

    None where they are too many to be looked at.
    """
    counts = {guard.of: guard.count for command in commands for guard in command.conditions}
    if math.prod(counts.values()) > _MOST_CASES:
        return None
    return [dict(zip(counts, outcomes, strict=True)) for outcomes in itertools.product(*map(range, counts.values()))]


def places_of(step: BootStep, commands: Sequence[StartedCommand]) -> list[Place]:
    """Every command that is this step, whether it certainly runs or not."""
    patterns = step.command.split()
    return [(n, command) for n, command in enumerate(commands) if stands_in(patterns, command)]


def stands_in(patterns: Sequence[str], command: StartedCommand, *, guess: bool = False) -> bool:
    """Whether the patterns are in this order among the words; a word that cannot be known is none of them.

    ``guess``: such a word may be any of them, except for the first, which tells the program.
    """
    if not _REHEARSALS.isdisjoint(command.words) and _REHEARSALS.isdisjoint(patterns):
        return False
    at = 0
    wanted = [pattern for pattern in patterns if pattern != "*"]
    for number, pattern in enumerate(wanted):
        # What follows a script is for that script: it is not a program that runs.
        last = command.followed if number == 0 and command.followed is not None else len(command.words) - 1
        while at <= last and not _may_be(pattern, command, at, guess=guess and number > 0):
            at += 1
        if at > last:
            return False
        at += 1
    return True


def _may_be(pattern: str, command: StartedCommand, at: int, *, guess: bool) -> bool:
    return guess if at in command.unknown else _fits(pattern, command.words[at])


def _fits(pattern: str, word: str) -> bool:
    """A pattern without a slash is about the last part of a path."""
    plain = word.rstrip("/")
    return fnmatchcase(plain, pattern) or ("/" not in pattern and fnmatchcase(plain.rpartition("/")[2], pattern))


def may_be(step: BootStep, commands: Sequence[StartedCommand]) -> StartedCommand | None:
    """The first command that may be this step: which one it is, only the running container knows."""
    words = step.command.split()
    return next((c for c in commands if c.unknown and stands_in(words, c, guess=True)), None)
