"""The order of a boot: where its steps are among the commands that a container runs, and which service waits for which."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from migration_audit.checks.code_scopes import only_handles
from migration_audit.model.compose import Condition, Doubt, Service, Stack
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Unavailable
from migration_audit.model.image import Boot, StartedCommand
from migration_audit.model.location import Location
from migration_audit.model.unset import is_open

if TYPE_CHECKING:
    from migration_audit.project import BootStep


Place = tuple[int, StartedCommand]
"""The position of a command, and the command."""
Case = Mapping[int | str, int]
"""An outcome for each condition."""

_REHEARSALS: Final = frozenset({"--dry-run", "--help", "--version"})
"""Options with which a command only says what it would do."""
_MOST_CASES: Final = 2048


def step_positions(steps: Sequence[BootStep], boot: Boot) -> dict[int, BootStep]:
    """The positions among the commands of a boot of steps that certainly run, and the steps."""
    certain = [(n, command) for n, command in enumerate(boot.run.commands) if command.maybe is None or command.in_background]
    chosen = ((step, chosen_place([p for p in certain if _is_step(step, p[1])])) for step in steps)
    return {place[0]: step for step, place in chosen if place is not None}


def chosen_place(places: Sequence[Place]) -> Place | None:
    """The first one that is waited for, else the first one in the background."""
    return min(places, key=lambda place: place[1].in_background, default=None)


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
    return [(n, command) for n, command in enumerate(commands) if _is_step(step, command)]


def _is_step(step: BootStep, command: StartedCommand) -> bool:
    return not command.is_idle and _matches(step.command.split(), command)


def idle_place(step: BootStep, commands: Sequence[StartedCommand]) -> StartedCommand | None:
    """A script or function that is called as this step is written, and starts no program."""
    return next((c for c in commands if c.is_idle and _matches(step.command.split(), c)), None)


def _matches(patterns: Sequence[str], command: StartedCommand, *, guess: bool = False) -> bool:
    """Whether the patterns are in this order among the words; a word that cannot be known matches none of them.

    ``guess``: such a word may be any of them, except for the first, which is the program.
    """
    if not _REHEARSALS.isdisjoint(command.words) and _REHEARSALS.isdisjoint(patterns):
        return False
    at = 0
    is_handled = only_handles(command.words[0])  # chmod +x init.sh does not run it
    wanted = [pattern for pattern in patterns if pattern != "*"]
    for number, pattern in enumerate(wanted):
        # What follows a script is for that script: it is not a program that runs.
        last = command.followed if number == 0 and command.followed is not None else len(command.words) - 1
        last = 0 if number == 0 and is_handled else last
        is_guessed = guess and number > 0
        while at <= last and not (is_guessed if at in command.unknown else _fits(pattern, command.words[at])):
            at += 1
        if at > last:
            return False
        at += 1
    return True


def _fits(pattern: str, word: str) -> bool:
    """A pattern without a slash is about the last part of a path."""
    plain = word.rstrip("/")
    return fnmatchcase(plain, pattern) or ("/" not in pattern and fnmatchcase(plain.rpartition("/")[2], pattern))


def may_be(step: BootStep, commands: Sequence[StartedCommand]) -> StartedCommand | None:
    """The first command that may be this step: which one it is, only the running container knows."""
    words = step.command.split()
    return next((c for c in commands if c.unknown and _matches(words, c, guess=True)), None)


def waits_for_healthy(
    key: str, stack: Stack, service: Service, other: str, *, may_end: bool = False
) -> Iterator[CheckOutput]:
    """A finding where ``service`` may start before ``other`` is healthy; ``key`` starts the finding's key.

    ``may_end``: a job that runs to its end will do as well, where that is what ``service`` waits for.
    """
    doubt = _doubt(service, other)
    if doubt is not None:
        yield Unavailable(reason=f"{doubt.at}: depends_on of {service.name}: {doubt.reason}")
        return

    def fault(summary: str, expected: str, at: Location, *, actual: str | None = None, kind: str = "") -> Finding:
        name = f"{key}:{service.name}:{other}{kind}"
        return Finding(key=name, summary=f"{service.name} {summary}", expected=expected, actual=actual, where=str(at))

    dependency, there = service.dependency(other), stack.service(other)
    healthy = f"depends_on: {other}: {{ condition: {Condition.HEALTHY} }}"
    if dependency is None:
        yield fault(f"does not wait for {other}: it may start first", healthy, service.at)
    elif dependency.condition != Condition.HEALTHY and not (may_end and waits_for_end(stack, service, other)):
        how = f"waits for {other} with {dependency.condition or 'no condition'}"
        summary = f"{how}, which does not mean that {other} is ready"
        yield fault(summary, healthy, dependency.at, actual=dependency.condition or None)
    elif not dependency.required:
        summary = f"starts without {other} where that is not there: its dependency is not required"
        yield fault(summary, "required: true", dependency.at, actual="required: false", kind=":required")
    elif there is not None and not there.active and (open_ := there.doubts_about("profiles")):
        yield Unavailable(reason=f"{open_[0].at}: whether {other} is started is undecided: {open_[0].reason}")
    elif there is None or not there.active:
        why = "does not exist" if there is None else f"these profiles do not start: {some_of(there.profiles)}"
        yield fault(f"waits for {other}, which {why}", f"{other} is started", dependency.at, kind=":started")
    elif there.has_no_container:
        summary = f"does not wait for {other}, of which no container is started (scale or replicas is 0)"
        yield fault(summary, f"{other} is started", there.at, actual="0 containers", kind=":started")
    else:
        yield Note(text=f"{service.name} waits for {other} with {dependency.condition} at {dependency.at}")


def _doubt(service: Service, other: str) -> Doubt | None:
    """What of ``depends_on`` must be known to say how it waits for ``other``, and is not."""
    is_named = service.dependency(other) is not None
    for doubt in service.doubts_about("depends_on"):
        if not doubt.path or doubt.path[0] == other or (is_open(doubt.path[0]) and not is_named):
            return doubt
    return None


def waits_for_end(stack: Stack, service: Service, other: str) -> bool:
    """Whether ``service`` waits until ``other`` succeeded, and that is a job: no server, with nothing to ask for health."""
    dependency, there = service.dependency(other), stack.service(other)
    if dependency is None or there is None or dependency.condition != Condition.COMPLETED:
        return False
    return not there.ports and (there.healthcheck is None or there.healthcheck.disabled)


def started(stack: Stack, name: str | None, role: str) -> Service | Unavailable:
    """The service of this name, or why it cannot be judged."""
    service = stack.service(name) if name else None
    files = some_of(stack.files)
    if service is None:
        return Unavailable(reason=f"{files}: no service {name}, which audit.toml names as the {role}")
    if not service.active:
        chosen = some_of(stack.profiles) or "none"
        return Unavailable(
            reason=f"{service.at}: {name} needs one of the profiles {some_of(service.profiles)} and is not started: "
            f"[boot] profiles names {chosen}"
        )
    if service.has_no_container:
        return Unavailable(reason=f"{service.at}: no container of {name} is started: its scale or replicas is 0")
    return service


def same_service(name: str) -> str:
    """The note about a service that is both owner and writer."""
    return f"{name} is both the owner and the writer: no other service has to wait for it (BOOT001 judges its own order)"
