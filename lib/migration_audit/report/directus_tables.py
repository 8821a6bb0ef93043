"""Table of the rehearsal of Directus: boot by boot, what the model predicts and what the real one did."""

from __future__ import annotations

from migration_audit.directus.rehearsed import RehearsedBoots, RehearsedScenario, model_words, rehearsed_words
from migration_audit.report.inline import Text
from migration_audit.report.table import Group, Heading, ReportTable, Row


def directus_rehearsal_table(found: RehearsedBoots) -> ReportTable:
    """Each rehearsed boot next to the model's; a row is marked where the two disagree."""
    first = found.scenarios[0].rehearsal
    return ReportTable(
        caption="The boots of Directus: computed, and rehearsed",
        note=f"{first.by}; each boot: {', '.join(first.calls)}; only the model takes the environment's rows into account",
        group_names=("Database",),
        headings=tuple(Heading(name=name) for name in ("Boot", "Model", "Rehearsal")),
        groups=tuple(
            Group(title=Text(_title(scenario)), labels=(scenario.name,), rows=tuple(_rows(scenario)))
            for scenario in found.scenarios
        ),
        nothing="Nothing was rehearsed.",
    )


def _title(scenario: RehearsedScenario) -> str:
    apart = scenario.disagreement or scenario.by_rows
    return f"{scenario.name}: not the same: {apart}" if apart else scenario.name


def _rows(scenario: RehearsedScenario) -> list[Row]:
    computed = scenario.model.boots if scenario.model else ()
    marked = (scenario.disagreement or scenario.by_rows or "").partition(":")[0]
    rows = []
    for number, boot in enumerate(scenario.rehearsal.boots, 1):
        model = model_words(computed[number - 1]) if computed else f"unknown: {scenario.no_model}"
        cells = (Text(str(number)), Text(model), Text(rehearsed_words(boot)))
        rows.append(Row(cells, marked=marked == f"boot {number}"))
    return rows
