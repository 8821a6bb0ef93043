"""``index.html`` of a fleet run: the counts, each kind of difference once, and what could not be checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from migration_audit.fleet.evidence import TargetOutcome
from migration_audit.fleet.groups import DifferenceGroup
from migration_audit.fleet.store import INDEX, evidence_name
from migration_audit.fleet.summary import FleetSummary, counts_text, repeated_text
from migration_audit.model.codec import TIME
from migration_audit.report import table_html
from migration_audit.report.escape import html as safe
from migration_audit.report.escape import one_line
from migration_audit.report.grid import Heading, Row
from migration_audit.report.inline import IdentifierText, Text, code
from migration_audit.report.page import render_page
from migration_audit.report.pills import FAIL, PASS, REVIEW, UNDECIDED, difference_pill
from migration_audit.report.table import Group, ReportTable

_MOST_GROUPS: Final = 200
"""Targets that a page lists: where each differs in its own way, a longer page does not help."""
_PILLS: Final = {
    TargetOutcome.BLOCKED: FAIL,
    TargetOutcome.COVERED: REVIEW,
    TargetOutcome.EQUAL: PASS,
    TargetOutcome.UNCHECKED: UNDECIDED,
}


def render_page_of(summary: FleetSummary) -> str:
    """The page; it names targets and groups by example, so that its size does not grow with their number."""
    plan = summary.planned.plan
    worst = next(outcome for outcome in (*_PILLS, None) if outcome is None or summary.count(outcome))
    facts = [
        ("Expected", plan.expected_named),
        ("Its digest", plan.expected),
        ("Direction", plan.direction.value),
        ("Part", summary.planned.shard or ""),
        ("Targets", f"{summary.targets:,}"),
        ("Read", _period(summary)),
        ("Fleet run", plan.run),
        ("Root", summary.root),
        ("Version", plan.tool),
    ]
    unchecked = summary.count(TargetOutcome.UNCHECKED)
    return render_page(
        "fleet.html.j2",
        project=safe(one_line(plan.project or "Fleet")),
        pill=_PILLS[TargetOutcome.UNCHECKED if unchecked or summary.repeated else worst or TargetOutcome.UNCHECKED],
        sentence=safe(counts_text(summary.outcomes)),
        facts=[(name, safe(one_line(value))) for name, value in facts if value],
        groups=[_card(number, group) for number, group in enumerate(summary.groups[:_MOST_GROUPS], start=1)],
        more_groups=len(summary.groups) - _MOST_GROUPS,
        unchecked=[(safe(one_line(each.target)), safe(each.sentence)) for each in summary.unchecked],
        more_unchecked=unchecked - len(summary.unchecked),
        repeated=[(safe(one_line(each.target)), safe(one_line(each.same_as))) for each in summary.repeated],
        repeated_sentence=safe(repeated_text(summary.repeated_in_all)),
        more_repeated=summary.repeated_in_all - len(summary.repeated),
        index=INDEX,
    )


def _period(summary: FleetSummary) -> str:
    if summary.first_read_at is None or summary.last_read_at is None:
        return ""
    return f"{summary.first_read_at.strftime(TIME)} to {summary.last_read_at.strftime(TIME)}"


def _card(number: int, group: DifferenceGroup) -> dict[str, Any]:
    return {
        "number": number,
        "pill": _PILLS[group.outcome],
        "targets": f"{group.targets:,}",
        "examples": [(safe(one_line(name)), evidence_name(name)) for name in group.examples],
        "more": group.targets - len(group.examples),
        "table": table_html.render(_table(group)),
        "rest": [safe(one_line(each)) for each in (*group.unmodelled, *group.not_known)],
        "fingerprint": group.fingerprint,
    }


def _table(group: DifferenceGroup) -> ReportTable:
    shown = len(group.differences)
    note = f"{group.in_all:,} in each target" + (f", of which {shown:,} are shown" if shown < group.in_all else "")
    headings = ("Difference", "Kind", "Object", "Attribute", "Expected", "Actual")
    return ReportTable(
        caption="What differs",
        note=note,
        headings=tuple(Heading(name=name) for name in headings),
        groups=(Group(title=None, labels=(), rows=tuple(_rows(group))),),
        nothing="No difference.",
    )


def _rows(group: DifferenceGroup) -> Iterator[Row]:
    for each in group.differences:
        pill = difference_pill(each.verdict, each.severity)
        head = (pill, Text(each.kind), IdentifierText(each.key))
        if not each.fields:
            yield Row(cells=(*head, Text(""), Text(""), Text("")))
        for field in each.fields:
            values = (Text("(not set)") if value is None else code(value) for value in (field.expected, field.actual))
            yield Row(cells=(*head, Text(field.name), *values))
