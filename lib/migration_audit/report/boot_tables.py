"""Tables about a fresh stack: what a boot runs, and how the writer's statements and Directus fared in rehearsals."""

from __future__ import annotations

from collections.abc import Sequence

from migration_audit.checks.boot_order import step_positions
from migration_audit.directus.agreement import RehearsedBoots, RehearsedScenario, model_words, rehearsed_words
from migration_audit.model.boot import Attempt, Rehearsal
from migration_audit.model.image import Boot, StartedCommand
from migration_audit.project import BootStep
from migration_audit.report.inline import IdentifierText, Text
from migration_audit.report.table import Group, Heading, ReportTable, Row

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
        headings=tuple(Heading(name=heading) for heading in ("#", "Command", "Runs", "File and line")),
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
    return _table("The writer's statements, rehearsed", headings, cells)


def directus_rehearsal_table(found: RehearsedBoots) -> ReportTable:
    """Each rehearsed boot next to the model's; a row is marked where the two disagree."""
    first = found.scenarios[0].rehearsal
    return ReportTable(
        caption="The boots of Directus: computed, and rehearsed",
        note=f"{first.by}; each boot: {', '.join(first.calls)}; only the model takes the environment's rows into account",
        group_names=("Database",),
        headings=tuple(Heading(name=name) for name in ("Boot", "Model", "Rehearsal")),
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


def _table(caption: str, headings: tuple[str, ...], rows: Sequence[Row], *, note: str | None = None) -> ReportTable:
    return ReportTable(
        caption=caption,
        note=note,
        group_names=("",),
        headings=tuple(Heading(name=heading) for heading in headings),
        groups=(Group(title=None, labels=("",), rows=tuple(rows)),),
        nothing="Nothing to list.",
    )
