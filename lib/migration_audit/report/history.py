"""The verdicts of an environment's runs, from the oldest to this one, as a strip of signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from migration_audit.model.evidence import PastVerdict
from migration_audit.report.badges import Pill
from migration_audit.report.escape import one_line
from migration_audit.report.pills import verdict_pill
from migration_audit.report.view import EvidenceView

_NO_VERDICT = Pill("?", "no verdict", "none")


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run as the strip and its table show it."""

    day: str
    """``11-23``."""
    when: str
    """``2026-11-23 06:40``."""
    pill: Pill
    note: str
    """``signed``, ``this run``, or why there is no verdict."""


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
