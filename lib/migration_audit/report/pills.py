"""The words and glyphs of a status, the same everywhere: passed, blocker, warning, note, could not check."""

from __future__ import annotations

from migration_audit.model.drift import DiffVerdict, Severity
from migration_audit.model.finding import CheckResult, Outcome, Verdict
from migration_audit.report.badges import Pill

PASS = Pill("✓", "passed", "pass")
FAIL = Pill("✕", "blocker", "fail")
REVIEW = Pill("▲", "warning", "review")
NOTE = Pill("i", "note", "info")
NOT_APPLICABLE = Pill("–", "does not apply", "none")
UNDECIDED = Pill("!", "could not check", "error")
PENDING = Pill("◌", "not due", "pending")
WAIVED = Pill("≈", "waived", "review")
NOT_RUN = Pill("–", "not run", "none")

_SEVERITY = {Severity.BLOCKER: FAIL, Severity.WARNING: REVIEW, Severity.INFO: NOTE}
_VERDICT = {
    Verdict.CLEAN: Pill("✓", "clean", "pass"),
    Verdict.REVIEW: Pill("▲", "review", "review"),
    Verdict.BLOCKED: Pill("✕", "blocked", "fail"),
    Verdict.INCOMPLETE: Pill("!", "incomplete", "error"),
}
_DIFFERENCE = {
    DiffVerdict.MISSING: "missing",
    DiffVerdict.UNEXPECTED: "unexpected",
    DiffVerdict.CHANGED: "changed",
    DiffVerdict.RENAMED: "renamed",
}


def outcome_pill(result: CheckResult) -> Pill:
    """How a check ended; one that was due and could not be decided does not look like one that does not apply."""
    if result.is_waived:
        return WAIVED
    if result.outcome is Outcome.FAILED:
        return _SEVERITY[result.severity]
    if result.outcome is Outcome.SKIPPED:
        return UNDECIDED if result.required else NOT_APPLICABLE
    return {Outcome.PASSED: PASS, Outcome.ERRORED: UNDECIDED, Outcome.PENDING: PENDING}[result.outcome]


def severity_pill(severity: Severity) -> Pill:
    """How much something weighs."""
    return _SEVERITY[severity]


def verdict_pill(verdict: Verdict) -> Pill:
    """What an environment's results amount to."""
    return _VERDICT[verdict]


def difference_pill(verdict: DiffVerdict, severity: Severity) -> Pill:
    """What a difference is, in the colour of what it weighs."""
    weight = _SEVERITY[severity]
    return Pill(weight.glyph, _DIFFERENCE[verdict], weight.tone)
