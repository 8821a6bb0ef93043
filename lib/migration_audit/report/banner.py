"""The verdict at the head of a notebook and of a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from markupsafe import Markup

from migration_audit.model.enumeration import first_lines
from migration_audit.model.finding import Finding, Verdict
from migration_audit.report import escape
from migration_audit.report.badges import TONES, verdict_pill
from migration_audit.report.table import text_frame

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 12


def verdict_sentence(verdict: Verdict, environment: str) -> str:
    """The verdict as a sentence: ``prod is blocked``."""
    return {
        Verdict.CLEAN: f"{environment} is clean",
        Verdict.REVIEW: f"{environment} needs a review",
        Verdict.BLOCKED: f"{environment} is blocked",
        Verdict.INCOMPLETE: f"{environment} could not be fully audited",
    }[verdict]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Banner:
    """A verdict with what led to it; at most a dozen lines of each are shown, the others are counted."""

    verdict: Verdict
    environment: str
    blockers: Sequence[Finding] = ()
    warnings: Sequence[Finding] = ()
    incomplete_reasons: Sequence[str] = ()
    not_looked_at: Sequence[str] = ()

    @property
    def parts(self) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
        """The lists under the verdict: a heading, and check id with sentence."""
        lists = (
            ("What blocks", tuple((_check(f), f.summary) for f in self.blockers)),
            ("What could not be checked", tuple(("", reason) for reason in self.incomplete_reasons)),
            ("What needs review", tuple((_check(f), f.summary) for f in self.warnings)),
            ("What was not looked at", tuple(("", reason) for reason in self.not_looked_at)),
        )
        return tuple((f"{heading} ({len(items):,})", items) for heading, items in lists if items)

    def to_frame(self) -> pd.DataFrame:
        """One row per line of the lists."""
        rows = [(heading.rpartition(" (")[0], *item) for heading, items in self.parts for item in items]
        return text_frame(rows, ["List", "Check", "Summary"])

    def _repr_html_(self) -> str:
        pill = verdict_pill(self.verdict)
        foreground, background, border = TONES[pill.tone]
        box = (
            f"padding:12px 16px;margin:0 0 16px;border-left:6px solid {border};background-color:{background};"
            "color:#1f2328;font:13px/1.5 system-ui,Segoe UI,DejaVu Sans,sans-serif"
        )
        return str(
            Markup(
                '<div style="{}"><p style="margin:0;font-size:20px;font-weight:700;color:{}">'
                '<span aria-hidden="true">{} </span>{}</p>{}</div>'
            ).format(box, foreground, pill.glyph, self._sentence(), Markup("").join(map(_html_list, self.parts)))
        )

    def markdown(self) -> str:
        """The verdict and the lists as GitHub's Markdown."""
        lines = [f"### {verdict_pill(self.verdict).glyph} {escape.markdown(self._sentence())}"]
        for heading, items in self.parts:
            lines += ["", f"**{heading}**", ""]
            lines += [f"- {f'`{check}` ' if check else ''}{escape.markdown(text)}" for check, text in _shown(items)]
        return "\n".join(lines) + "\n"

    def __repr__(self) -> str:
        """The verdict and the lists as plain text."""
        lines = [f"{verdict_pill(self.verdict).glyph} {self._sentence()}"]
        for heading, items in self.parts:
            lines += ["", heading, *(f"  {check}  {text}" if check else f"  {text}" for check, text in _shown(items))]
        return "\n".join(lines)

    def _sentence(self) -> str:
        return escape.one_line(verdict_sentence(self.verdict, self.environment))


def _check(finding: Finding) -> str:
    """The check that a finding is of: its key begins with it."""
    return escape.slug(finding.key.partition(":")[0])


def _shown(items: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    shown = map(escape.one_line, first_lines([text for _, text in items], most=_SHOWN))
    return list(zip_longest((check for check, _ in items[:_SHOWN]), shown, fillvalue=""))


def _html_list(part: tuple[str, tuple[tuple[str, str], ...]]) -> Markup:
    heading, items = part
    lines = Markup("").join(
        Markup("<li>{}{}</li>").format(Markup("<strong>{}</strong> ").format(check) if check else "", escape.html(text))
        for check, text in _shown(items)
    )
    return Markup(
        '<p style="margin:10px 0 2px;font-weight:600">{}</p><ul style="margin:0;padding-left:20px">{}</ul>'
    ).format(heading, lines)
