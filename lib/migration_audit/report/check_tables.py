"""Tables of check results: of one environment, of all, what was found, and what the deletion has to touch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from migration_audit.model.finding import CheckResult, Finding, Outcome
from migration_audit.report.badges import NOT_RUN, WAIVED, outcome_pill, severity_pill
from migration_audit.report.escape import sentence, slug
from migration_audit.report.grid import LazyRows, plain_headings
from migration_audit.report.inline import (
    NONE,
    FoldedText,
    IdentifierText,
    Inline,
    InlineGroup,
    Link,
    Text,
    identifier,
    side_by_side,
)
from migration_audit.report.table import Group, Heading, ReportTable, Row
from migration_audit.report.triage import by_family, family_title, ranges, results_in_order, triage

MOST_FINDINGS = 1000
"""Findings up to which all are shown: each asks for something to be done."""

_MOST_SQL = 8
LinkTo = Callable[[str, str], str | None]
"""Environment and check id to the address of what was found, or None."""


def check_anchor(check_id: str) -> str:
    """The id of a check in the report."""
    return f"check-{slug(check_id)}"


def finding_anchor(finding: Finding) -> str:
    """The id of a finding in the report."""
    return f"finding-{slug(finding.key)}"


def check_table(
    results: Sequence[CheckResult], *, caption: str = "Checks", anchors: bool = False, has_work_list: bool = False
) -> ReportTable:
    """Every check with how it ended and why, by family; those that are not due are one line.

    ``anchors`` links the failed ones to their findings, and makes those that are not due and have work to do places to link
    to, unless the page has a work list.
    """
    held = results_in_order(results)
    sorted_out = triage(held)
    reported_at = {one.check: cause.stopped[0].check for cause in sorted_out.causes for one in cause.stopped}
    groups = [
        Group(
            title=Text(family_title(letters)),
            labels=(letters,),
            rows=tuple(_check_row(r, reported_at.get(r.id), anchors) for r in due),
        )
        for letters, ids in by_family(r.id for r in held)
        if (due := [r for r in held if r.id in set(ids) and not _is_folded(r, has_work_list)])
    ]
    others = [r for r in held if _is_folded(r, has_work_list)]
    if others:
        rows = tuple(_check_row(r, None, anchors) for r in others)
        folded = f"{ranges([r.id for r in others])}: {_why_not_due(others)}"
        if has_work_list and any(r.findings for r in others):
            folded += "; what they already found is in the work list"
        title = Text("Not due in this phase")
        groups.append(Group(title=title, labels=("not due",), rows=rows, folded=folded, stays_folded=True))
    return ReportTable(
        caption=caption,
        note=sorted_out.summary,
        group_names=("Family",),
        headings=plain_headings("Check", "Question", "Outcome", "What was found or looked at"),
        groups=tuple(groups),
        about="checks",
        quiet="checks that passed or do not apply",
        nothing="No checks were run.",
    )


def _is_folded(result: CheckResult, has_work_list: bool) -> bool:
    """Whether it is not due, and found no work to do that is not listed elsewhere."""
    return result.outcome is Outcome.PENDING and (has_work_list or not result.findings)


def _why_not_due(results: Sequence[CheckResult]) -> str:
    return "; ".join(dict.fromkeys((r.reason or "no reason was recorded").partition("; ")[0] for r in results))


def _check_row(result: CheckResult, reported_at: str | None, anchors: bool) -> Row:
    failed = result.outcome is Outcome.FAILED
    check: Inline = IdentifierText(result.id)
    return Row(
        (
            Link(check, f"#{check_anchor(result.id)}") if anchors and failed else check,
            Text(result.title),
            outcome_pill(result),
            Text(_summary(result, reported_at), muted=not failed),
        ),
        marked=failed,
        is_step=result.is_undecided or result.outcome is Outcome.PENDING,
        anchor=check_anchor(result.id) if anchors and result.outcome is Outcome.PENDING else None,
    )


def _summary(result: CheckResult, reported_at: str | None) -> str:
    """What was found, then what was looked at; of a check that a cause stopped, where that is reported."""
    if result.is_undecided and reported_at not in {None, result.id}:
        return f"stopped by the same cause as {reported_at}"
    if result.outcome is Outcome.PENDING:  # its reason counts what is to do
        return sentence(result.reason or "")
    waived = sum(f.waived is not None for f in result.findings)
    parts = []
    if number := len(result.findings) - waived:
        parts.append(f"{number:,} {severity_pill(result.severity).word}{'s' * (number != 1)}")
    if waived:
        parts.append(f"{waived:,} waived")
    found = ", ".join(parts)
    return " · ".join(part for part in (found, sentence(result.reason or "")) if part)


def findings_table(results: Sequence[CheckResult], *, caption: str = "Findings", brief: bool = False) -> ReportTable:
    """What the failed checks found, blockers first: the words that differ, where it is defined, and SQL to read.

    ``brief`` leaves out values and SQL.
    """
    sorted_out = triage(results)
    failed = sorted_out.failed
    groups = tuple(
        Group(
            title=InlineGroup(
                (severity_pill(result.severity), IdentifierText(result.id), Text("" if brief else result.title))
            ),
            labels=(result.severity.value, result.id),
            rows=LazyRows(result.findings, _brief_row if brief else _finding_row)
            if result.findings
            else (_bare_row(result),),
        )
        for result in failed
    )
    return ReportTable(
        caption=caption,
        note=f"{sorted_out.found}, of {len(failed)} check{'s' * (len(failed) != 1)}" if failed else None,
        group_names=("Severity", "Check"),
        headings=plain_headings("Finding", "Expected", "Actual", "Defined at"),
        groups=groups,
        about="findings",
        nothing="No check has findings.",
        in_cards=True,
        limit=MOST_FINDINGS,
    )


def _brief_row(finding: Finding) -> Row:
    first = _finding_row(replace(finding, fix_sql=None)).cells[0]
    return Row((first, NONE, NONE, NONE))


def _finding_row(finding: Finding) -> Row:
    expected, actual = side_by_side(finding.expected, finding.actual)
    parts: list[Inline] = [Text(finding.summary), Text(finding.key, muted=True)]
    if finding.waived:
        parts.insert(0, InlineGroup((WAIVED, Text(finding.waived))))
    if finding.fix_sql:
        parts.append(FoldedText("SQL to review", finding.fix_sql, most=_MOST_SQL))
    return Row((InlineGroup(tuple(parts), stacked=True), expected, actual, identifier(finding.where)))


def _bare_row(result: CheckResult) -> Row:
    return Row((Text(result.reason or "The check failed without a finding."), NONE, NONE, NONE))


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
        headings=plain_headings("What", "File and line"),
        groups=tuple(_pending_group(result) for result in pending),
        about="work",
        nothing="The checks of the deletion are due now: what is left to do is among the findings.",
    )


def _pending_group(result: CheckResult) -> Group:
    nothing = Row((Text(result.reason or "nothing was recorded", muted=True), NONE))
    rows = [Row((Text(each.summary), identifier(each.where))) for each in sorted(result.findings, key=_by_line)] or [nothing]
    return Group(
        title=InlineGroup((outcome_pill(result), IdentifierText(result.id), Text(result.title))),
        labels=(result.id,),
        rows=tuple(rows),
    )


def _by_line(finding: Finding) -> tuple[str, int, str]:
    """The order of the lines in each file."""
    path, _, line = (finding.where or "").rpartition(":")
    return (path, int(line), finding.key) if line.isdecimal() else (finding.where or "", 0, finding.key)


def matrix(
    results_by_environment: Mapping[str, Sequence[CheckResult]],
    *,
    link: LinkTo | None = None,
) -> ReportTable:
    """One row per check, one column per environment, in the order of the mapping."""
    held = {name: {r.id: r for r in results} for name, results in results_by_environment.items()}
    titles = {r.id: r.title for results in results_by_environment.values() for r in results}
    groups = tuple(
        Group(
            title=Text(family_title(letters)),
            labels=(letters,),
            rows=tuple(_matrix_row(check_id, titles[check_id], held, link) for check_id in ids),
        )
        for letters, ids in by_family(titles)
    )
    return ReportTable(
        caption="Checks by environment",
        note="each link leads to what was found" if link else None,
        group_names=("Family",),
        headings=(Heading(name="Check"), *(Heading(name=name) for name in held)),
        groups=groups,
        about="matrix",
        quiet="checks that passed, are not due or do not apply, everywhere",
        nothing="No checks were run.",
    )


def _matrix_row(check_id: str, title: str, held: Mapping[str, Mapping[str, CheckResult]], link: LinkTo | None) -> Row:
    cells = [_matrix_cell(name, results.get(check_id), link) for name, results in held.items()]
    found = [results[check_id] for results in held.values() if check_id in results]
    needs_a_look = len(found) < len(held) or any(r.outcome is Outcome.FAILED or r.is_undecided for r in found)
    return Row((InlineGroup((IdentifierText(check_id), Text(title))), *cells), is_step=needs_a_look)


def _matrix_cell(environment: str, result: CheckResult | None, link: LinkTo | None) -> Inline:
    if result is None:
        return NOT_RUN
    pill = outcome_pill(result)
    number = sum(finding.waived is None for finding in result.findings)
    if not number:
        return pill
    noun = "to do" if result.outcome is Outcome.PENDING else f"{pill.word}{'s' * (number != 1)}"
    counted = replace(pill, word=f"{number:,} {noun}")
    href = link(environment, result.id) if link else None
    return Link(counted, href) if href else counted
