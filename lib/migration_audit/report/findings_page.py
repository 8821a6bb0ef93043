"""What the checks found, for a report: what differs, why it matters, what to do, how to see it again; and earlier runs."""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from migration_audit import checks
from migration_audit.model.evidence import EarlierRun, Evidence, PastVerdict
from migration_audit.model.finding import CheckResult, Finding, Outcome, Phase
from migration_audit.model.identifiers import literal
from migration_audit.report.badges import WAIVED, Pill, severity_pill, verdict_pill
from migration_audit.report.check_tables import MOST_FINDINGS, check_anchor, finding_anchor
from migration_audit.report.escape import html as safe
from migration_audit.report.escape import html_with_code, many_lines, one_line, sentence
from migration_audit.report.inline import side_by_side
from migration_audit.report.table_page import unstyled
from migration_audit.report.triage import family, triage
from migration_audit.report.view import EvidenceView

_OF_LIVE = frozenset({"LIV", "PRV"})
_PART = re.compile(r"^(Why|Fix|Fine when|Source): ", re.MULTILINE)
_OF_TABLE = frozenset({"column", "constraint", "trigger", "policy", "rule"})
"""Kinds whose key is the table's with one more name."""
_DESCRIBED = {
    **dict.fromkeys(("table", "index", "view", "materialized view", "sequence"), "\\d+ {}"),
    "hypertable": "SELECT * FROM timescaledb_information.dimensions WHERE hypertable_name = {}",
    "dimension": "SELECT * FROM timescaledb_information.dimensions WHERE hypertable_name = {}",
    "schema": "\\dn+ {}",
    "extension": "\\dx {}",
    "function": "\\df+ {}",
    "type": "\\dT+ {}",
}
_PLAIN = re.compile(r"[a-z_][a-z0-9_.]*")
_LEDGER = re.compile(r"ledger ([a-z_][a-z0-9_.]*) ")
_EXPANDED = re.compile(r'["$`!\\]')
"""What a shell changes within double quotes."""
_OF_FILES = frozenset({"SQL", "COV", "BOOT", "SNAP", "RET", "DOC"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One finding as the template shows it."""

    anchor: str
    summary: Markup
    key: Markup
    sides: tuple[tuple[str, Markup], ...]
    sql: Markup | None
    again: Markup
    waived: Markup | None
    is_new: bool
    """Whether the run before did not have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPage:
    """One check's page; a part that it does not have is empty."""

    asks: Markup
    why: Markup
    fix: Markup
    fine: Markup
    source: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    """A check that found something."""

    anchor: str
    id: Markup
    title: Markup
    pill: Pill
    page: CheckPage | None
    noted: Markup | None
    findings: tuple[FindingView, ...]
    more: int
    """Findings that are not shown."""


def check_views(evidence: Evidence, *, new: Collection[str]) -> Iterator[CheckView]:
    """Every check that found something, blockers first; beyond a thousand findings of one the others are counted.

    ``new`` are the keys of findings that the run before did not have.
    """
    for result in triage(evidence.checks).failed:
        shown = result.findings[:MOST_FINDINGS]
        yield CheckView(
            anchor=check_anchor(result.id),
            id=safe(one_line(result.id)),
            title=safe(one_line(result.title)),
            pill=WAIVED if result.is_waived else severity_pill(result.severity),
            page=_check_page(result.id),
            noted=safe(one_line(sentence(result.reason))) if result.reason else None,
            findings=tuple(_view(result, finding, evidence, is_new=finding.key in new) for finding in shown),
            more=len(result.findings) - len(shown),
        )


def _view(result: CheckResult, finding: Finding, evidence: Evidence, *, is_new: bool) -> FindingView:
    expected, actual = side_by_side(finding.expected, finding.actual, absent="nothing")
    there = finding.expected is not None or finding.actual is not None
    found = f"In {evidence.environment}" if family(result.id) in _OF_LIVE else "Found"
    sides = [("Required", unstyled(expected)), (found, unstyled(actual))] if there else []
    if finding.where:
        sides.append(("Defined at", Markup("<code>{}</code>").format(safe(one_line(finding.where)))))
    again = see_again(result, finding, evidence)
    is_query = finding.fix_sql is not None and result.id == "LIV013"
    return FindingView(
        anchor=finding_anchor(finding),
        summary=safe(one_line(finding.summary)),
        key=safe(one_line(finding.key)),
        sides=tuple((one_line(name), value) for name, value in sides),
        sql=safe(many_lines(finding.fix_sql)) if finding.fix_sql and not is_query else None,
        again=safe(many_lines(again)),
        waived=safe(one_line(finding.waived)) if finding.waived else None,
        is_new=is_new,
    )


def _check_page(check_id: str) -> CheckPage | None:
    """The page of the check with this id; None for one that this version does not have."""
    check = checks.BY_ID.get(check_id)
    if check is None:
        return None
    asks, *parts = _PART.split(inspect.getdoc(check.run) or "")
    by_name = {name: _joined(text) for name, text in zip(parts[::2], parts[1::2], strict=True)}
    return CheckPage(
        asks=html_with_code(_joined(asks)),
        why=html_with_code(_sentence(by_name.get("Why", ""))),
        fix=html_with_code(_sentence(by_name.get("Fix", ""))),
        fine=html_with_code(by_name.get("Fine when", "")),
        source=html_with_code(by_name.get("Source", "")),
    )


def _joined(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")


def _sentence(text: str) -> str:
    first = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if first.rstrip(",:;").isalpha() else text


def see_again(result: CheckResult, finding: Finding, evidence: Evidence) -> str:
    """A command that shows what the finding is about; the audit of the environment where nothing narrower does."""
    if result.id == "LIV013" and finding.fix_sql:
        return _psql(finding.fix_sql, evidence)
    if result.id in {"LIV010", "LIV011"} and (ledger := _LEDGER.search(finding.summary)):
        return _psql(f"SELECT * FROM {ledger[1]}", evidence)  # noqa: S608  never run
    parts = [part for part in finding.key.split(":")[1:] if part != evidence.environment]
    if family(result.id) in _OF_LIVE and evidence.server is not None:
        for kind, name in pairwise(parts):
            if query := _query(kind, name):
                return _psql(query, evidence)
    path, _, line = (finding.where or "").rpartition(":")
    if path and line.isdecimal() and family(result.id) in _OF_FILES:
        return f"sed -n {shlex.quote(f'{line},+4p')} {shlex.quote(path)}"
    return run_command(evidence)


def run_command(evidence: Evidence) -> str:
    """The command that audits the same environment in the same phase again."""
    phase = "" if evidence.phase is Phase.PREFLIGHT else f" --phase {evidence.phase.value}"
    return f"migration-audit run --env {shlex.quote(evidence.environment)}{phase}"


def _query(kind: str, name: str) -> str | None:
    """psql's command or a query; None for names that are quoted, as psql expands more than names in such arguments."""
    if not _PLAIN.fullmatch(name):
        return None
    if kind in _OF_TABLE:
        kind, name = "table", name.rpartition(".")[0]
    if kind == "dimension":
        name = name.rpartition(".")[0]
    if kind not in _DESCRIBED or not name:
        return None
    return _DESCRIBED[kind].format(literal(name.rpartition(".")[2]) if kind in {"hypertable", "dimension"} else name)


def _psql(query: str, evidence: Evidence) -> str:
    database = evidence.server.database if evidence.server else evidence.environment
    quoted = f'"{query}"' if "'" in query and not _EXPANDED.search(query) else shlex.quote(query)
    return f"psql -d {shlex.quote(database)} -c {quoted}"


_NO_VERDICT = Pill("?", "no verdict", "none")
_MOST = 5
"""Findings that are listed of each comparison: of the new ones, of those no longer found, of those not checked again."""


@dataclass(frozen=True, slots=True)
class _PastRun:
    """One run as the strip and its table show it."""

    day: str
    """``11-23``."""
    when: str
    """``2026-11-23 06:40``."""
    pill: Pill
    note: str
    """``signed``, ``this run``, or the reason for a missing verdict."""


def history(evidence: EvidenceView, verdicts: Sequence[PastVerdict]) -> tuple[_PastRun, ...]:
    """The runs that are known, the oldest first; none where this is the first."""
    if not verdicts:
        return ()
    now = evidence.evidence.generated_at
    this = _PastRun(f"{now:%m-%d}", f"{now:%Y-%m-%d %H:%M}", verdict_pill(evidence.verdict), "this run")
    return (*(_past(run) for run in reversed(verdicts)), this)


def _past(run: PastVerdict) -> _PastRun:
    name = one_line(run.run)
    day, hour = name[:8], name[9:13]
    notes = ["signed"] if run.signed else []
    if run.verdict is None:
        notes.append("it did not finish, or cannot be read")
    return _PastRun(
        f"{day[4:6]}-{day[6:]}",
        f"{day[:4]}-{day[4:6]}-{day[6:]} {hour[:2]}:{hour[2:]}",
        verdict_pill(run.verdict) if run.verdict is not None else _NO_VERDICT,
        ", ".join(notes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Since:
    """The comparison with one earlier run."""

    what: Markup
    """``the last run (2026-11-28 14:02 UTC, ✕ blocked)``."""
    counts: str
    new: tuple[tuple[str, Markup], ...]
    """Anchor and sentence of each new finding."""
    gone: tuple[Markup, ...]
    unchecked: tuple[Markup, ...]
    """What was found then by a check that could not decide now."""
    more: int
    """How many more there are than are listed."""


def since(evidence: Evidence, earlier: Sequence[EarlierRun]) -> tuple[_Since, ...]:
    """One comparison for each earlier run, by the keys of findings."""
    return tuple(_since(evidence, run) for run in earlier)


def new_keys(evidence: Evidence, earlier: Sequence[EarlierRun]) -> frozenset[str]:
    """The keys of findings that the last run did not have, though it checked; none where there was no run before."""
    return frozenset(key for key in _now(evidence) if _is_new(key, earlier[0])) if earlier else frozenset()


def _is_new(key: str, run: EarlierRun) -> bool:
    return key not in run.findings and _check_of(key) not in run.undecided


def _check_of(key: str) -> str:
    return key.partition(":")[0]


def _now(evidence: Evidence) -> dict[str, tuple[str, str]]:
    failed = (c for c in evidence.checks if c.outcome is Outcome.FAILED)
    return {f.key: (finding_anchor(f), f.summary) for check in failed for f in check.findings}


def _since(evidence: Evidence, run: EarlierRun) -> _Since:
    now = _now(evidence)
    undecided = {check.id for check in evidence.checks if check.is_undecided}
    new = [key for key in now if _is_new(key, run)]
    not_now = [key for key in run.findings if key not in now]
    gone = [key for key in not_now if _check_of(key) not in undecided]
    unchecked = [key for key in not_now if _check_of(key) in undecided]
    still = sum(key in run.findings for key in now)
    counts = [f"{len(new):,} new", f"{len(gone):,} no longer found", f"{still:,} still found"]
    if unchecked:
        counts.append(f"{len(unchecked):,} could not be checked again")
    if not_then := len(now) - len(new) - still:
        counts.append(f"{not_then:,} could not be checked then")
    pill = verdict_pill(run.verdict)
    which = "last signed run" if run.signed else "last run"
    return _Since(
        what=Markup("{} ({}, {} {})").format(which, f"{run.generated_at:%Y-%m-%d %H:%M} UTC", pill.glyph, pill.word),
        counts=", ".join(counts),
        new=tuple((now[key][0], safe(one_line(now[key][1]))) for key in new[:_MOST]),
        gone=tuple(safe(one_line(run.findings[key])) for key in gone[:_MOST]),
        unchecked=tuple(safe(one_line(run.findings[key])) for key in unchecked[:_MOST]),
        more=sum(max(len(keys) - _MOST, 0) for keys in (new, gone, unchecked)),
    )
