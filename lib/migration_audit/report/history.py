"""The runs before this one: the verdict of each as a strip of signs, and what changed since the last ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from migration_audit.model.evidence import EarlierRun, Evidence, PastVerdict
from migration_audit.model.finding import Outcome
from migration_audit.report.badges import Pill, verdict_pill
from migration_audit.report.check_tables import finding_anchor
from migration_audit.report.escape import html as safe
from migration_audit.report.escape import one_line
from migration_audit.report.view import EvidenceView

_NO_VERDICT = Pill("?", "no verdict", "none")
_MOST = 5
"""Findings that are listed of each comparison: of the new ones, of those no longer found, of those not checked again."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run as the strip and its table show it."""

    day: str
    """``11-23``."""
    when: str
    """``2026-11-23 06:40``."""
    pill: Pill
    note: str
    """``signed``, ``this run``, or the reason for a missing verdict."""


def history(evidence: EvidenceView, verdicts: Sequence[PastVerdict]) -> tuple[PastRun, ...]:
    """The runs that are known, the oldest first; none where this is the first."""
    if not verdicts:
        return ()
    now = evidence.evidence.generated_at
    this = PastRun(f"{now:%m-%d}", f"{now:%Y-%m-%d %H:%M}", verdict_pill(evidence.verdict), "this run")
    return (*(_past(run) for run in reversed(verdicts)), this)


def _past(run: PastVerdict) -> PastRun:
    name = one_line(run.run)
    day, hour = name[:8], name[9:13]
    notes = ["signed"] if run.signed else []
    if run.verdict is None:
        notes.append("it did not finish, or cannot be read")
    return PastRun(
        f"{day[4:6]}-{day[6:]}",
        f"{day[:4]}-{day[4:6]}-{day[6:]} {hour[:2]}:{hour[2:]}",
        verdict_pill(run.verdict) if run.verdict is not None else _NO_VERDICT,
        ", ".join(notes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
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


def since(evidence: Evidence, earlier: Sequence[EarlierRun]) -> tuple[Since, ...]:
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


def _since(evidence: Evidence, run: EarlierRun) -> Since:
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
    return Since(
        what=Markup("{} ({}, {} {})").format(which, f"{run.generated_at:%Y-%m-%d %H:%M} UTC", pill.glyph, pill.word),
        counts=", ".join(counts),
        new=tuple((now[key][0], safe(one_line(now[key][1]))) for key in new[:_MOST]),
        gone=tuple(safe(one_line(run.findings[key])) for key in gone[:_MOST]),
        unchecked=tuple(safe(one_line(run.findings[key])) for key in unchecked[:_MOST]),
        more=sum(max(len(keys) - _MOST, 0) for keys in (new, gone, unchecked)),
    )
