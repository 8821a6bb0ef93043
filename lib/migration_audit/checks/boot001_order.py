"""BOOT001: the owner's container runs its steps in the documented order."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from migration_audit.checks.boot_order import Case, Place, cases_of, chosen_place, idle_place, may_be, places_of
from migration_audit.checks.code_scopes import base
from migration_audit.checks.phases import check_of_both_phases
from migration_audit.checks.ret005_no_ddl import MAY_BE_DDL
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable
from migration_audit.model.image import Boot, StartedCommand
from migration_audit.project import BootStep, Project

_LISTS: Final = re.compile(r"-[AlqtX]*l[AlqtX]*|-V|--list|--version")
"""Options with which psql executes no SQL."""
_COMMAND: Final = re.compile(r"(?:-[a-zA-Z]*c|--command=?)(.*)", re.DOTALL)
_QUERY: Final = re.compile(r"\s*(?:(?:select|show|values)\b|\\[a-z]|$)", re.IGNORECASE)
Found = list[tuple[BootStep, list[Place]]]


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong in one case: with which step, and why it is unknown whether this case occurs."""

    finding: Finding
    step: BootStep
    command: StartedCommand | None = None
    """None where the step does not run."""
    sometimes: str = ""
    """The same where it is so in some cases only."""


@dataclass(frozen=True, slots=True)
class _InCase:
    """What a boot comes to in one case."""

    there: tuple[tuple[BootStep, Place], ...]
    faults: tuple[_Fault, ...]
    unknown: tuple[tuple[str, str], ...]
    """Steps that do not run as far as can be followed, which is not everything: the name, and what keeps it open."""

    @property
    def is_fine(self) -> bool:
        return not (self.faults or self.unknown)

    @property
    def missing(self) -> int:
        """How many steps do not run."""
        return sum(fault.command is None for fault in self.faults) + len(self.unknown)


def run(owner_boot: Boot, project: Project) -> Iterator[CheckOutput]:
    """Follow what the owner's container starts, through every script, and look for each ``[[boot.step]]`` in turn.

    Why: raw tables must exist before `schema apply` runs, because it drops tables that it does not know. Constraints of a
    later SQL file need the tables that `schema apply` creates. A server that starts too early answers before its tables
    exist. A step whose failure stops nothing is as harmful as one in the wrong place: the next step runs without it.
    So is a script that goes on when psql fails in it.
    Where the order depends on conditions that only a run decides, every case is examined: what is wrong in all cases is a
    finding, what is wrong in some cases is undecided.
    Fix: put the steps in order in the entrypoint, one after the other, under `set -e` or joined by `&&`.
    Source: the boot order that the owner documents; task 3.5 of the first user, for example, asked to verify it.
    """
    steps = project.boot.steps if project.boot else ()
    if not steps:
        yield Unavailable(reason="audit.toml has no [[boot.step]]", required=False)
        return
    if owner_boot.run_undecided:
        first = owner_boot.run_undecided[0]
        yield Unavailable(reason=f"what the container starts is undecided: {first.at}: {first.what}: {first.reason}")
        return
    if owner_boot.lacking:
        yield Finding(
            key="BOOT001:image:lacks",
            summary=f"the owner's image lacks {some_of(owner_boot.lacking)}: its build copies the folder without it",
            expected="all of the owner's SQL: see .dockerignore, --exclude and the patterns of COPY",
            actual=some_of(owner_boot.lacking),
            where=owner_boot.lacking[0],
        )
    if owner_boot.hidden:
        first, names = owner_boot.hidden[0], some_of([each.what for each in owner_boot.hidden])
        yield Finding(
            key="BOOT001:image:hidden",
            summary=f"the owner's container does not have {names}: {first.reason}",
            expected="all of the owner's SQL, as it was audited",
            actual=first.reason,
            where=first.what,
        )
    for each in owner_boot.covered[:1]:
        names = some_of([one.what for one in owner_boot.covered])
        yield Unavailable(reason=f"{names} may be other SQL than was audited: {each.reason}")
    found = [(step, places_of(step, owner_boot.run.commands)) for step in steps]
    cases = cases_of([command for _, places in found for _, command in places])
    if cases is None:
        yield Unavailable(reason="too many conditions decide whether the steps run")
        return
    looked = [_in_case(case, found, owner_boot) for case in cases]
    best = min(looked, key=lambda each: (not each.is_fine, each.missing))
    yield from _judged(looked, best, {step.name: places for step, places in found})
    yield Note(text=some_of([f"{step.name} at {c.at}" for step, (_, c) in best.there], between="; ") or "no step was found")
    for note in owner_boot.notes:
        yield Note(text=note)


def _judged(looked: Sequence[_InCase], best: _InCase, places: dict[str, list[Place]]) -> Iterator[CheckOutput]:
    """What is wrong in all cases, or in the best one where none is right; what is wrong in some is open."""
    always = set.intersection(*({fault.finding.key for fault in each.faults} for each in looked))
    reported = always if best.is_fine else always | {fault.finding.key for fault in best.faults}
    seen: set[str] = set()
    for fault in (fault for each in (best, *looked) for fault in each.faults):
        if fault.finding.key in reported and fault.finding.key not in seen:
            seen.add(fault.finding.key)
            yield fault.finding
    yield from _open(looked, seen, places)
    hidden: dict[str, dict[str, None]] = {}
    for name, why in (unknown for each in looked for unknown in each.unknown):
        hidden.setdefault(why, {})[name] = None
    for why, names in hidden.items():
        yield Unavailable(reason=f"{some_of(list(names))} {why}")


def _open(looked: Sequence[_InCase], reported: set[str], places: dict[str, list[Place]]) -> Iterator[Unavailable]:
    """Faults that only some cases have, each with what decides, and steps that one condition decides together."""
    stopped: dict[str, list[str]] = {}
    lesser: dict[str, None] = {}
    for fault in (fault for each in looked for fault in each.faults if fault.finding.key not in reported):
        if fault.command is None:
            _, command = places[fault.step.name][0]
            stopped.setdefault(f"{command.maybe}", []).append(f"{fault.step.name} at {command.at}")
        else:
            why = f": {fault.command.maybe}" if fault.command.maybe else ""
            lesser[f"{fault.sometimes}: {fault.command.at}{why}"] = None
    for reason, names in stopped.items():
        yield Unavailable(reason=f"{some_of(list(dict.fromkeys(names)))} may not run: {reason}")
    yield from (Unavailable(reason=reason) for reason in lesser)


def _in_case(case: Case, found: Found, boot: Boot) -> _InCase:
    here = [(step, [place for place in places if place[1].runs_where(case)]) for step, places in found]
    chosen = [(step, chosen_place(places)) for step, places in here]
    there = [(step, place) for step, place in chosen if place is not None]
    faults, unknown = [], []
    for step, places in ((step, places) for (step, places), (_, place) in zip(found, chosen, strict=True) if place is None):
        why = _unseen(step, boot)
        if why is None:
            faults.append(_Fault(_missing(step, boot), step))
        elif places:
            unknown.append((f"{step.name} at {places[0][1].at}", f"may not run: {places[0][1].maybe}"))
        else:
            unknown.append((step.name, why))
    faults += [*_order(there, {step.name: places for step, places in here}), *_unguarded(there, boot.run.commands)]
    return _InCase(tuple(there), tuple(faults), tuple(unknown))


def _unseen(step: BootStep, boot: Boot) -> str | None:
    """Why a step that was not found may be there all the same."""
    possible = may_be(step, boot.run.commands)
    if possible is not None:
        word = possible.words[possible.unknown[0]]
        return f"may be `{possible.text}` at {possible.at}: what {word} is, is only known at run time"
    if boot.run.undecided:
        first = boot.run.undecided[0]
        return f"was not found, but not everything could be followed: {first.at}: {first.what}: {first.reason}"
    return None


def _missing(step: BootStep, boot: Boot) -> Finding:
    idle = idle_place(step, boot.run.commands)
    why = f"what `{idle.text}` calls starts no program" if idle else f"no command that it starts is `{step.command}`"
    return Finding(
        key=f"BOOT001:{step.name}:missing",
        summary=f"the owner's container never runs {step.name}: {why}",
        expected=step.command,
        where=str(idle.at if idle else step.at),
    )


def _order(there: Sequence[tuple[BootStep, Place]], places: dict[str, list[Place]]) -> Iterator[_Fault]:
    for (before, (earlier, _)), (step, _) in itertools.pairwise(there):
        first, command = places[step.name][0]
        if first > earlier:
            continue
        finding = Finding(
            key=f"BOOT001:{step.name}:order",
            summary=f"the owner's container runs {step.name} before {before.name}",
            expected=f"{before.name}, then {step.name}",
            actual=f"{step.name} at {command.at}",
            where=str(command.at),
        )
        yield _Fault(finding, step, command, f"{step.name} may run before {before.name}")


def _unguarded(there: Sequence[tuple[BootStep, Place]], commands: Sequence[StartedCommand]) -> Iterator[_Fault]:
    """A step that is not waited for, or whose failure does not keep the next one from running."""
    for (step, (position, command)), (following, (next_position, _)) in itertools.pairwise(there):
        if command.in_background:
            finding = Finding(
                key=f"BOOT001:{step.name}:background",
                summary=f"{step.name} runs in the background: {following.name} does not wait for it",
                expected=f"{step.name} ends before {following.name} begins",
                actual=command.text,
                where=str(command.at),
            )
            yield _Fault(finding, step, command, f"{following.name} may not wait for {step.name}")
        elif position < next_position and (failing := _unnoticed(commands, position, next_position)) is not None:
            inner = "" if failing is command else f"`{base(failing.words[0])}` of "
            finding = Finding(
                key=f"BOOT001:{step.name}:unguarded",
                summary=f"{following.name} runs even if {inner}{step.name} failed: its exit code is not checked",
                expected="set -e, or && between the steps",
                actual=failing.text,
                where=str(failing.at),
            )
            yield _Fault(finding, step, failing, f"{following.name} may run even if {inner}{step.name} failed")


def _unnoticed(commands: Sequence[StartedCommand], position: int, following: int) -> StartedCommand | None:
    """The step at this position, or what applies SQL in its script or function, where its failure does not stop the boot."""
    step = commands[position]
    looked = (step, *filter(_applies_sql, commands[position + 1 : position + 1 + step.inside]))
    return next((each for each in looked if each.stops_until is not None and each.stops_until <= following), None)


def _applies_sql(command: StartedCommand) -> bool:
    """Whether it is psql with SQL that may change something: a script often waits for the server with a query."""
    words = command.words
    if base(words[0]) != "psql" or any(map(_LISTS.fullmatch, words[1:])):
        return False
    options = [(found, after) for word, after in itertools.pairwise((*words, "")) if (found := _COMMAND.fullmatch(word))]
    texts = [found[1] or after for found, after in options]
    return not texts or any(not _QUERY.match(text) or bool(MAY_BE_DDL.search(text)) for text in texts)


CHECK = check_of_both_phases(
    "BOOT001", "The owner's entrypoint runs its steps in the documented order", Severity.BLOCKER, run
)
