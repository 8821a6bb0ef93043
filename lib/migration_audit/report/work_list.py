"""What the deletion has to touch: the findings of checks that are not due yet."""

from __future__ import annotations

from collections.abc import Sequence

from migration_audit.model.finding import CheckResult, Finding, Outcome
from migration_audit.report.inline import Beside, IdentifierText, Text
from migration_audit.report.pills import outcome_pill
from migration_audit.report.table import Group, Heading, ReportTable, Row
from migration_audit.report.triage import results_in_order


def work_list_table(results: Sequence[CheckResult]) -> ReportTable:
    """Each pending check with what it already found, file and line; those with nothing to do are named with the reason."""
    pending = [result for result in results_in_order(results) if result.outcome is Outcome.PENDING]
    number = sum(len(result.findings) for result in pending)
    with_work = sum(bool(result.findings) for result in pending)
    due = "1 check that is not due yet" if len(pending) == 1 else f"{len(pending)} checks that are not due yet"
    note = f"{number:,} thing{'s' * (number != 1)} to do, found by {with_work} of {due}"
    return ReportTable(
        caption="Work list of the deletion",
        note=note if pending else None,
        group_names=("Check",),
        headings=(Heading(name="What"), Heading(name="File and line")),
        groups=tuple(_group(result) for result in pending),
        about="work",
        nothing="The checks of the deletion are due now: what is left to do is among the findings.",
    )


def _group(result: CheckResult) -> Group:
    rows = [
        Row((Text(finding.summary), IdentifierText(finding.where) if finding.where else Text("–", muted=True)))
        for finding in sorted(result.findings, key=_place)
    ]
    if not rows:
        rows = [Row((Text(result.reason or "nothing was recorded", muted=True), Text("–", muted=True)))]
    return Group(
        title=Beside((outcome_pill(result), IdentifierText(result.id), Text(result.title))),
        labels=(result.id,),
        rows=tuple(rows),
    )


def _place(finding: Finding) -> tuple[str, int, str]:
    """The order of the lines in each file."""
    path, _, line = (finding.where or "").rpartition(":")
    return (path, int(line), finding.key) if line.isdecimal() else (finding.where or "", 0, finding.key)
