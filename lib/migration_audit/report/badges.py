"""Small signs for a status: each is a glyph and a word, so that it can be read without colours."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from migration_audit.model.drift import DiffVerdict
from migration_audit.model.finding import CheckResult, Outcome, Severity, Verdict
from migration_audit.report import escape

TONES = {
    # foreground, background, border: the first two contrast by 7:1 or more
    "pass": ("#0a5c2b", "#e6f6ec", "#6cb98a"),
    "fail": ("#8f0d1c", "#fdeaea", "#e0868b"),
    "review": ("#664400", "#fff4d6", "#cfa92f"),
    "none": ("#474e57", "#f1f3f5", "#b0b7c0"),
    "error": ("#571985", "#f5ebfd", "#b585dd"),
    "info": ("#0b4480", "#e9f2fc", "#86b2e0"),
    "pending": ("#474e57", "#fff", "#8c959f"),
}
"""Text, ground and border of each tone."""
_DIFFERENCE = {
    DiffVerdict.MISSING: "missing",
    DiffVerdict.UNEXPECTED: "unexpected",
    DiffVerdict.CHANGED: "changed",
    DiffVerdict.RENAMED: "renamed",
}


def _style(tone: str) -> str:
    foreground, background, border = TONES[tone]
    frame = f";border:1px dashed {border}" if tone == "pending" else ""
    return f"padding:0 6px;color:{foreground};background-color:{background}{frame}"


STYLES = {**{_style(tone): f"p {tone}" for tone in TONES}}
"""The inline styles of pills, and the class that a report has in the place of each."""


@dataclass(frozen=True, slots=True)
class Pill:
    """A status: a glyph and a word, so that it can be read without colours."""

    glyph: str
    word: str
    tone: str
    """One of the keys of ``TONES``."""

    def html(self) -> Markup:
        """A label with a colour; a report spares screen readers the glyph."""
        return escape.filled(
            '<b style="{}">{}\xa0{}</b>',
            _style(self.tone),
            self.glyph,
            escape.html(escape.one_line(self.word)),
        )

    def markdown(self) -> str:
        """Glyph and word."""
        return escape.markdown(self.text())

    def text(self) -> str:
        """Glyph and word."""
        return f"{self.glyph} {escape.one_line(self.word)}"


@dataclass(frozen=True, slots=True)
class Dot:
    """Whether something is there; the word serves those who do not see the dot, and plain text."""

    glyph: str
    word: str

    def html(self) -> Markup:
        """The dot, named for screen readers and on hovering."""
        return Markup('<span role="img" title="{}">{}</span>').format(self.word, self.glyph)

    def markdown(self) -> str:
        """Dot and word."""
        return self.text()

    def text(self) -> str:
        """Dot and word."""
        return f"{self.glyph} {self.word}"


PASS = Pill("✓", "passed", "pass")
FAIL = Pill("✕", "blocker", "fail")
REVIEW = Pill("▲", "warning", "review")
_INFO = Pill("i", "info", "info")
_NOT_APPLICABLE = Pill("–", "does not apply", "none")
UNDECIDED = Pill("!", "could not check", "error")
PENDING = Pill("◌", "not due", "pending")
WAIVED = Pill("≈", "waived", "review")
NOT_RUN = Pill("–", "not run", "none")

_SEVERITY = {Severity.BLOCKER: FAIL, Severity.WARNING: REVIEW, Severity.INFO: _INFO}
_VERDICT = {
    Verdict.CLEAN: Pill("✓", "clean", "pass"),
    Verdict.REVIEW: Pill("▲", "review", "review"),
    Verdict.BLOCKED: Pill("✕", "blocked", "fail"),
    Verdict.INCOMPLETE: Pill("!", "incomplete", "error"),
}


def outcome_pill(result: CheckResult) -> Pill:
    """How a check ended; one that was due and could not be decided does not look like one that does not apply."""
    if result.is_waived:
        return WAIVED
    if result.outcome is Outcome.FAILED:
        return _SEVERITY[result.severity]
    if result.outcome is Outcome.SKIPPED:
        return UNDECIDED if result.required else _NOT_APPLICABLE
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
