"""What is written when a fleet run has finished: index, summary, page, and the statement over all of it.

``index.html`` has the counts, each kind of difference once, and what could not be checked.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from migration_audit.audit.facts.files import write_atomically
from migration_audit.fleet.evidence import TargetEvidence, TargetOutcome
from migration_audit.fleet.groups import DifferenceGroup, Grouping
from migration_audit.fleet.merkle import Root
from migration_audit.fleet.statements import FleetStatement, count_outcomes, fleet_statement, leaf_of
from migration_audit.fleet.store import EXPECTED, INDEX, PAGE, PLAN, STATEMENT, SUMMARY, RunFolder, evidence_name
from migration_audit.fleet.summary import FleetSummary, counts_text, repeated_text, summary_bytes
from migration_audit.model.codec import TIME
from migration_audit.model.errors import AuditError
from migration_audit.model.snapshot import canonical_json
from migration_audit.report import table_html
from migration_audit.report.badges import FAIL, PASS, REVIEW, UNDECIDED, difference_pill
from migration_audit.report.escape import html as safe
from migration_audit.report.escape import one_line
from migration_audit.report.grid import Row, plain_headings
from migration_audit.report.inline import IdentifierText, Text, code
from migration_audit.report.page import render_page
from migration_audit.report.table import Group, ReportTable

_MOST_GROUPS: Final = 200
"""Targets that a page lists: where each differs in its own way, a longer page does not help."""
_PILLS: Final = {
    TargetOutcome.BLOCKED: FAIL,
    TargetOutcome.COVERED: REVIEW,
    TargetOutcome.EQUAL: PASS,
    TargetOutcome.UNCHECKED: UNDECIDED,
}


def finish_run(folder: RunFolder, *, now: datetime) -> FleetSummary:
    """Sum up the evidence of the folder, and write it there; returns the summary.

    The statement comes last: a folder without one has not finished. Raises AuditError for a target without evidence.
    """
    path = folder.path
    unfinished = path / f".{INDEX}.{os.getpid()}.part"
    digest = hashlib.sha256()
    with unfinished.open("wb") as index:

        def keep(evidence: TargetEvidence, leaf: bytes) -> None:
            line = canonical_json(index_line(evidence, leaf)) + b"\n"
            digest.update(line)
            index.write(line)

        summary = sum_up(folder, now=now, each=keep)
    unfinished.replace(path / INDEX)
    write_atomically(path / SUMMARY, summary_bytes(summary))
    write_atomically(path / PAGE, render_page_of(summary).encode())
    written = {name: hashlib.sha256((path / name).read_bytes()).digest() for name in (PLAN, EXPECTED, SUMMARY, PAGE)}
    files = {INDEX: digest.digest(), **written}
    write_atomically(path / STATEMENT, fleet_statement(statement_of(summary), files))
    return summary


def sum_up(
    folder: RunFolder, *, now: datetime, each: Callable[[TargetEvidence, bytes], None] = lambda _evidence, _leaf: None
) -> FleetSummary:
    """The summary of the evidence, one target at a time: ``each`` is called with it and its leaf.

    Raises AuditError for a target without evidence.
    """
    root, grouping = Root(), Grouping()
    first = last = None
    for target in folder.planned.targets:
        evidence = folder.evidence(target.name)
        if evidence is None:
            raise AuditError("has no evidence", where=target.name, todo="start the fleet run again")
        leaf = leaf_of(evidence, file=evidence_name(target.name))
        root.add(leaf)
        grouping.add(evidence)
        first, last = min(first or evidence.read_at, evidence.read_at), max(last or evidence.read_at, evidence.read_at)
        each(evidence, leaf)
    return FleetSummary(
        planned=folder.planned,
        outcomes=count_outcomes(grouping.outcomes),
        groups=grouping.groups,
        unchecked=tuple(grouping.unchecked),
        repeated=tuple(grouping.repeated),
        repeated_in_all=grouping.repeated_in_all,
        root=root.digest().hex(),
        first_read_at=first,
        last_read_at=last,
        generated_at=now,
    )


def statement_of(summary: FleetSummary) -> FleetStatement:
    """What the statement records of a summary."""
    plan = summary.planned.plan
    return FleetStatement(
        run=plan.run,
        tool=plan.tool,
        project=plan.project,
        expected=plan.expected,
        direction=plan.direction,
        shard=summary.planned.shard,
        targets=len(summary.planned.targets),
        outcomes=summary.outcomes,
        repeated=summary.repeated_in_all,
        root=summary.root,
        first_read_at=summary.first_read_at,
        last_read_at=summary.last_read_at,
        generated_at=summary.generated_at,
    )


def index_line(evidence: TargetEvidence, leaf: bytes) -> dict[str, Any]:
    """The line of a target in the index."""
    return {
        "target": evidence.target,
        "outcome": evidence.outcome.value,
        "fingerprint": evidence.fingerprint,
        "file": evidence_name(evidence.target),
        "leaf": leaf.hex(),
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
    return ReportTable(
        caption="What differs",
        note=note,
        headings=plain_headings("Difference", "Kind", "Object", "Attribute", "Expected", "Actual"),
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
