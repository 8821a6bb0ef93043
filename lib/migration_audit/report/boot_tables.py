"""A fresh stack: who waits for whom as a figure, what a boot runs, and what the rehearsals found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from migration_audit.checks.boot_order import step_positions
from migration_audit.directus.agreement import RehearsedBoots, RehearsedScenario, model_words, rehearsed_words
from migration_audit.model.boot import Attempt, Rehearsal
from migration_audit.model.compose import Condition, DependsOn, Service, Stack
from migration_audit.model.finding import Unavailable
from migration_audit.model.image import Boot, StartedCommand
from migration_audit.model.unset import readable
from migration_audit.project import BootStep
from migration_audit.report.figure import Figure, Lane
from migration_audit.report.grid import plain_headings
from migration_audit.report.inline import IdentifierText, Inline, Text
from migration_audit.report.strip import Look, Mark, Strip
from migration_audit.report.table import Group, ReportTable, Row, plain_table

RehearsedRow = tuple[str, str, str, str]
"""Probe, where it is defined, what happened with the owner's SQL, what happened without it."""


def boot_table(boot: Boot, steps: Sequence[BootStep] = ()) -> ReportTable:
    """The commands that a start of the owner's container runs, in order, scripts followed, from step to step."""
    begins = step_positions(steps, boot)
    numbers = {step: number for number, step in enumerate(steps, start=1)}
    titles, rows = ["Before the first step" if begins else ""], list[list[Row]]([[]])
    for position, command in enumerate(boot.run.commands):
        step = begins.get(position)
        if step is not None:
            titles.append(f"Step {numbers[step]}: {step.name}")
            rows.append([])
        cells = (
            Text(str(position + 1)),
            IdentifierText(command.text),
            Text(_when(command)),
            IdentifierText(str(command.at)),
        )
        rows[-1].append(Row(cells, is_step=step is not None))
    unknown = [
        Row(
            (
                Text("?"),
                IdentifierText(open_.what),
                Text(f"cannot be determined: {open_.reason}"),
                IdentifierText(str(open_.at)),
            ),
            marked=True,
        )
        for open_ in (*boot.run_undecided, *boot.run.undecided)
    ]
    parts = [*zip(titles, rows, strict=True), *([("What could not be followed", unknown)] if unknown else [])]
    return ReportTable(
        caption="Commands that a boot of the owner runs",
        note="scripts and functions are followed: what they run is listed after their call",
        group_names=("Step",),
        headings=plain_headings("#", "Command", "Runs", "File and line"),
        groups=tuple(
            Group(title=Text(title) if title else None, labels=(title,), rows=tuple(held)) for title, held in parts if held
        ),
        quiet="commands before and within the steps",
        prints_quiet=False,
        nothing="Nothing to list.",
    )


def rehearsed_rows(rehearsal: Rehearsal) -> list[RehearsedRow]:
    """What the rehearsal table shows, as text that can be saved."""
    alone = {attempt.name: attempt for attempt in rehearsal.without_owner}
    return [
        (attempt.name, attempt.where or "", _ended(attempt), _ended(alone[attempt.name]) if attempt.name in alone else "–")
        for attempt in rehearsal.with_owner
    ]


def rehearsal_table(rows: Sequence[RehearsedRow]) -> ReportTable:
    """Each probe as the writer's role: on the owner's schema, and on an empty server."""
    cells = [
        Row((IdentifierText(name), Text(prepared), Text(alone), IdentifierText(where)))
        for name, where, prepared, alone in rows
    ]
    headings = ("Probe", "With the owner's SQL", "Without it: what operators see", "Defined at")
    return plain_table("The writer's statements, rehearsed", headings, cells)


def directus_rehearsal_table(found: RehearsedBoots) -> ReportTable:
    """Each rehearsed boot next to the model's; a row is marked where the two disagree."""
    first = found.scenarios[0].rehearsal
    return ReportTable(
        caption="The boots of Directus: computed, and rehearsed",
        note=f"{first.by}; each boot: {', '.join(first.calls)}; only the model takes the environment's rows into account",
        group_names=("Database",),
        headings=plain_headings("Boot", "Model", "Rehearsal"),
        groups=tuple(
            Group(title=Text(_scenario_title(scenario)), labels=(scenario.name,), rows=tuple(_scenario_rows(scenario)))
            for scenario in found.scenarios
        ),
        nothing="Nothing was rehearsed.",
    )


def _scenario_title(scenario: RehearsedScenario) -> str:
    apart = scenario.disagreement or scenario.by_rows
    return f"{scenario.name}: not the same: {apart}" if apart else scenario.name


def _scenario_rows(scenario: RehearsedScenario) -> list[Row]:
    computed = scenario.model.boots if scenario.model else ()
    marked = (scenario.disagreement or scenario.by_rows or "").partition(":")[0]
    rows = []
    for number, boot in enumerate(scenario.rehearsal.boots, 1):
        model = model_words(computed[number - 1]) if computed else f"unknown: {scenario.no_model}"
        cells = (Text(str(number)), Text(model), Text(rehearsed_words(boot)))
        rows.append(Row(cells, marked=marked == f"boot {number}"))
    return rows


def _ended(attempt: Attempt) -> str:
    if attempt.error is not None:
        return f"✕ {attempt.message}"
    rows = f"✓ {attempt.rows} row{'s' * (attempt.rows != 1)}"
    if attempt.again is None:
        return rows
    return f"{rows}; the second time: {attempt.again or '0 rows'}"


def _when(command: StartedCommand) -> str:
    if command.maybe:
        return f"perhaps: {command.maybe}"
    return "in the background" if command.in_background else "always"


_WORDS: Mapping[str, str] = {
    Condition.STARTED: "is started",
    Condition.HEALTHY: "is healthy",
    Condition.COMPLETED: "has ended with success",
}
_TITLE = "What starts after what"
_MOST = 24


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps of the owner: those that certainly run, in the order of the boot, and the others."""

    in_order: tuple[tuple[int, BootStep], ...]
    open: tuple[tuple[int, BootStep], ...]
    why: str = ""
    """Why the boot could not be read at all."""


def boot_figure(stack: Stack, boot: Boot | Unavailable, steps: Sequence[BootStep], *, owner: str | None) -> Figure:
    """A lane for each container that is started; that of ``owner`` shows its steps by their numbers in audit.toml."""
    services = [service for service in stack.services if service.active]
    levels = start_levels(services)
    count = max(levels.values(), default=0) + 1
    found = _found(steps, boot)
    ordered = sorted(services, key=lambda s: (levels[s.name], s.name))
    lanes = [
        Lane(label=s.name, note=_waits(s), strip=_strip(s, levels, count, services, found if s.name == owner else None))
        for s in ordered
    ]
    words = ", ".join(stack.files)
    if steps:
        numbered = "; ".join(f"{number} {step.name}" for number, step in (*found.in_order, *found.open))
        why = f"{owner} is not started" if owner else "audit.toml names no owner_service"
        words += f"; steps of {owner}: {numbered}" if owner in levels else f"; no step is drawn: {why}"
    rest = f"; {len(lanes) - _MOST:,} more are in the table" if len(lanes) > _MOST else ""
    table = _waits_table(stack, ordered, levels, owner, found)
    if not lanes:
        return Figure(title=_TITLE, summary="No picture: the Compose files start no service.", table=table)
    return Figure(
        title=_TITLE,
        summary=words + rest,
        alt="; ".join([*(f"{lane.label} {lane.note}" for lane in lanes[:_MOST]), words + rest]),
        parts=tuple(lanes[:_MOST]),
        key=tuple(_key(lanes)),
        table=table,
    )


def start_levels(services: Sequence[Service]) -> dict[str, int]:
    """How many rounds of waiting come before the start of each service; services that wait for each other wait for all."""
    levels = dict.fromkeys((service.name for service in services), 0)
    for _ in services:
        for service in services:
            before = [levels[wait.service] + 1 for wait in service.depends_on if wait.service in levels]
            levels[service.name] = min(max(before, default=0), len(services) - 1)
    return levels


def _found(steps: Sequence[BootStep], boot: Boot | Unavailable) -> _Steps:
    numbered = tuple(enumerate(steps, start=1))
    if isinstance(boot, Unavailable):
        return _Steps((), numbered, boot.reason)
    numbers = {step: number for number, step in numbered}
    order = tuple((numbers[step], step) for _, step in sorted(step_positions(steps, boot).items(), key=lambda each: each[0]))
    return _Steps(order, tuple(each for each in numbered if each not in order))


def _strip(
    service: Service, levels: Mapping[str, int], count: int, services: Sequence[Service], steps: _Steps | None
) -> Strip:
    start, slot = levels[service.name] / count, 1 / count
    is_open = bool(service.doubts_about("depends_on"))
    ends = [levels[s.name] for s in services if (d := s.dependency(service.name)) and d.condition == Condition.COMPLETED]
    end = min(ends) / count if ends and min(ends) > levels[service.name] else 1.0
    shown = [*steps.in_order, *steps.open] if steps else []
    if not shown:
        return Strip(marks=(Mark(start, end, Look.UNKNOWN if is_open else Look.SAME),), tall=True)
    wide = slot / len(shown)
    opened = len(steps.in_order) if steps else 0
    marks = [
        Mark(
            start + n * wide,
            start + (n + 1) * wide,
            *((Look.SAME, str(number)) if n < opened else (Look.UNKNOWN, f"{number}?")),
        )
        for n, (number, _) in enumerate(shown)
    ]
    rest = [Mark(start + slot, end, Look.UNKNOWN if is_open else Look.SAME)] if start + slot < end - 1e-6 else []
    return Strip(marks=(*marks, *rest), tall=True)


def _waits(service: Service) -> str:
    if doubts := service.doubts_about("depends_on"):
        return f"what it waits for is not known: {readable(doubts[0].reason)}"
    return "after " + ", ".join(map(_condition, service.depends_on)) if service.depends_on else "at once"


def _condition(wait: DependsOn) -> str:
    return f"{wait.service} {_WORDS.get(wait.condition, wait.condition)}"


def _key(lanes: Sequence[Lane]) -> Iterator[tuple[Look, str]]:
    looks = {mark.look for lane in lanes for mark in lane.strip.marks}
    if Look.SAME in looks:
        yield Look.SAME, "runs from here on"
    if Look.UNKNOWN in looks:
        yield Look.UNKNOWN, "not known from the files"


def _waits_table(
    stack: Stack, services: Sequence[Service], levels: Mapping[str, int], owner: str | None, steps: _Steps
) -> ReportTable:
    rows: list[Row] = []
    for service in services:
        doubts = [(Text("not known"), Text(readable(d.reason)), str(d.at)) for d in service.doubts_about("depends_on")]
        waits: list[tuple[Inline, Inline, str]] = [
            *((IdentifierText(d.service), Text(d.condition), str(d.at)) for d in service.depends_on),
            *doubts,
        ]
        nothing = (Text("nothing", muted=True), Text("–", muted=True), str(service.at))
        for number, (what, until, where) in enumerate(waits or [nothing]):
            head = (
                (Text(str(levels[service.name] + 1)), IdentifierText(service.name)) if not number else (Text(""), Text(""))
            )
            rows.append(Row((*head, what, until, IdentifierText(where)), marked=bool(doubts)))
        if service.name == owner:
            rows += _step_rows(steps)
    headings = ("Order", "Service or step", "Waits for", "Until", "File and line")
    return plain_table("Who waits for whom", headings, rows, note=", ".join(stack.files))


def _step_rows(steps: _Steps) -> Iterator[Row]:
    before: Inline = Text("the start", muted=True)
    for number, step in steps.in_order:
        label = f"step {number}: {step.name}"
        yield Row((Text(""), Text(label), before, Text("its end" if before.text() != "the start" else "–"), _place(step)))
        before = Text(f"step {number}")
    for number, step in steps.open:
        why = steps.why or "not found among the commands that certainly run"
        cells = (Text(""), Text(f"step {number}: {step.name}"), Text("not known"), Text(why), _place(step))
        yield Row(cells, marked=True)


def _place(step: BootStep) -> Inline:
    return IdentifierText(str(step.at))
