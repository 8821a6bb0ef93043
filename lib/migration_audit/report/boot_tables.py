"""Tables about a fresh stack: which commands a boot runs, and how the writer's statements fared."""

from __future__ import annotations

from collections.abc import Sequence

from migration_audit.checks.boot_places import step_positions
from migration_audit.model.image import Boot, StartedCommand
from migration_audit.model.rehearsal import Attempt, Rehearsal
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
