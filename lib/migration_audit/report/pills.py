"""The words and glyphs of a status; the same five words everywhere: pass, fail, review, n/a, error."""

from __future__ import annotations

from migration_audit.model.drift import DiffVerdict, Severity
from migration_audit.model.finding import CheckResult, Outcome, Verdict
from migration_audit.report.badges import Pill

PASS = Pill("✓", "pass", "pass")
FAIL = Pill("✕", "fail", "fail")
REVIEW = Pill("▲", "review", "review")
TOLD = Pill("i", "info", "info")
NOT_APPLICABLE = Pill("–", "n/a", "none")
UNDECIDED = Pill("!", "skipped", "error")
ERROR = Pill("!", "error", "error")
PENDING = Pill("◌", "pending", "pending")
WAIVED = Pill("≈", "waived", "review")
NOT_RUN = Pill("–", "not run", "none")

_FAILED = {Severity.BLOCKER: FAIL, Severity.WARNING: REVIEW, Severity.INFO: TOLD}
_SEVERITY = {
    Severity.BLOCKER: Pill("✕", "blocker", "fail"),
    Severity.WARNING: Pill("▲", "warning", "review"),
    Severity.INFO: Pill("i", "info", "info"),
}
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
        return _FAILED[result.severity]
    if result.outcome is Outcome.SKIPPED:
        return UNDECIDED if result.required else NOT_APPLICABLE
    return {Outcome.PASSED: PASS, Outcome.ERRORED: ERROR, Outcome.PENDING: PENDING}[result.outcome]


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
