"""BOOT001: the owner's container runs its steps in the documented order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final

from migration_audit.model.drift import Severity
from migration_audit.model.finding import Check, Finding, Phase, Said, Told, Unavailable
from migration_audit.model.image import Boot, Command
from migration_audit.project import BootStep, Project

Place = tuple[int, Command]

_REHEARSALS: Final = frozenset({"--dry-run", "--help", "--version"})
"""Options with which a command only says what it would do."""


def run(owner_boot: Boot, project: Project) -> Iterator[Said]:
    """Follow what the owner's container starts, through every script, and look for each ``[[boot.step]]`` in turn.

    Why: the raw tables must be there before `schema apply` runs, which drops what it does not know of; the constraints of
    the last SQL need the tables that it makes; and a server that starts early answers before its tables are there. A step
    whose failure stops nothing is as bad as one in the wrong place: the next one runs without it.
    Fix: put the steps in order in the entrypoint, one after the other, under `set -e` or joined by `&&`.
    Source: seed, "Verify the directus db-init apply order is fixed".
    """
    steps = project.boot.steps if project.boot else ()
    if not steps:
        yield Unavailable(reason="audit.toml has no [[boot.step]]", required=False)
        return
    if owner_boot.run_undecided:
        first = owner_boot.run_undecided[0]
        yield Unavailable(reason=f"what the container starts is open: {first.at}: {first.what}: {first.reason}")
        return
    found = [(step, _places(step, owner_boot.run.commands)) for step in steps]
    for step, places in found:
        yield from _missing(step, places, owner_boot)
    chosen = [(step, _chosen(places)) for step, places in found]
    there = [(step, place) for step, place in chosen if place is not None]
    yield from _order(there, {step.name: places for step, places in found})
    yield from _unguarded(there)
    yield Told(text="; ".join(f"{step.name} at {command.at}" for step, (_, command) in there) or "no step was found")
    for note in owner_boot.notes:
        yield Told(text=note)


def step_positions(steps: Sequence[BootStep], boot: Boot) -> dict[int, BootStep]:
    """The positions among the commands of a boot at which steps stand that certainly run, and the steps."""
    chosen = ((step, _chosen(_places(step, boot.run.commands))) for step in steps)
    return {place[0]: step for step, place in chosen if place is not None}


def _missing(step: BootStep, places: Sequence[Place], boot: Boot) -> Iterator[Said]:
    certain = [command for _, command in places if command.maybe is None]
    if certain:
        return
    in_background = next((command for _, command in places if command.in_background), None)
    if in_background is not None:
        return
    possible = next((c for c in boot.run.commands if c.unknown and _stands_in(step.command.split(), c, guess=True)), None)
    if places:
        command = places[0][1]
        yield Unavailable(reason=f"{step.name} at {command.at} may not run: {command.maybe}")
    elif possible is not None:
        word = possible.words[possible.unknown[0]]
        yield Unavailable(
            reason=f"{possible.at}: `{possible.text}` may be {step.name}: what {word} is, is known only when it runs"
        )
    elif boot.run.undecided:
        first = boot.run.undecided[0]
        why = f"{first.at}: {first.what}: {first.reason}"
        yield Unavailable(reason=f"{step.name} was not found, and not everything could be followed: {why}")
    else:
        yield Finding(
            key=f"BOOT001:{step.name}:missing",
            summary=f"the owner's container never runs {step.name}: no command that it starts is `{step.command}`",
            expected=step.command,
            where=str(step.at),
        )


def _chosen(places: Sequence[Place]) -> Place | None:
    """The first one that certainly runs, else the first one in the background."""
    certain = [place for place in places if place[1].maybe is None]
    return next(iter([*certain, *(place for place in places if place[1].in_background)]), None)


def _order(there: Sequence[tuple[BootStep, Place]], places: dict[str, list[Place]]) -> Iterator[Said]:
    for (before, (earlier, _)), (step, _) in itertools.pairwise(there):
        first, command = places[step.name][0]
        if first > earlier:
            continue
        if command.maybe is not None and not command.in_background:
            yield Unavailable(reason=f"{step.name} may run before {before.name}: {command.at}: {command.maybe}")
            continue
        yield Finding(
            key=f"BOOT001:{step.name}:order",
            summary=f"the owner's container runs {step.name} before {before.name}",
            expected=f"{before.name}, then {step.name}",
            actual=f"{step.name} at {command.at}",
            where=str(command.at),
        )


def _unguarded(there: Sequence[tuple[BootStep, Place]]) -> Iterator[Finding]:
    """A step that is not waited for, or whose failure does not keep the next one from running."""
    for (step, (position, command)), (following, (next_position, _)) in itertools.pairwise(there):
        if command.in_background:
            yield Finding(
                key=f"BOOT001:{step.name}:background",
                summary=f"{step.name} runs in the background: {following.name} does not wait for it",
                expected=f"{step.name} ends before {following.name} begins",
                actual=command.text,
                where=str(command.at),
            )
        elif command.stops_until is not None and position < next_position and command.stops_until <= next_position:
            yield Finding(
                key=f"BOOT001:{step.name}:unguarded",
                summary=f"{following.name} runs although {step.name} failed: nothing looks at its exit code",
                expected="set -e, or && between the steps",
                actual=command.text,
                where=str(command.at),
            )


def _places(step: BootStep, commands: Sequence[Command]) -> list[Place]:
    patterns = step.command.split()
    return [(n, command) for n, command in enumerate(commands) if _stands_in(patterns, command)]


def _stands_in(patterns: Sequence[str], command: Command, *, guess: bool = False) -> bool:
    """Whether the patterns stand in this order among the words; a word that nobody can know is none of them.

    ``guess``: such a word may be any of them, except for the first, which tells the program.
    """
    if not _REHEARSALS.isdisjoint(command.words) and _REHEARSALS.isdisjoint(patterns):
        return False
    at = 0
    wanted = [pattern for pattern in patterns if pattern != "*"]
    for number, pattern in enumerate(wanted):
        # What follows a script is for that script: it is no program that runs.
        last = command.followed if number == 0 and command.followed is not None else len(command.words) - 1
        while at <= last and not _may_be(pattern, command, at, guess=guess and number > 0):
            at += 1
        if at > last:
            return False
        at += 1
    return True


def _may_be(pattern: str, command: Command, at: int, *, guess: bool) -> bool:
    return guess if at in command.unknown else _fits(pattern, command.words[at])


def _fits(pattern: str, word: str) -> bool:
    """A pattern without a slash is about the last part of a path."""
    plain = word.rstrip("/")
    return fnmatchcase(plain, pattern) or ("/" not in pattern and fnmatchcase(plain.rpartition("/")[2], pattern))


CHECK = Check(
    id="BOOT001",
    title="The owner's entrypoint runs its steps in the documented order",
    severity=Severity.BLOCKER,
    phases=tuple(Phase),
    run=run,
)
