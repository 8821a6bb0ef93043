"""Small signs for a status: each is a glyph and a word, so that it can be read without colours."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from migration_audit.report import escape

TONES = {
    # foreground, background, border: the first two contrast by 7:1 or more
    "pass": ("#0a5c2b", "#e6f6ec", "#6cb98a"),
    "fail": ("#8f0d1c", "#fdeaea", "#e0868b"),
    "review": ("#664400", "#fff4d6", "#cfa92f"),
    "none": ("#474e57", "#f1f3f5", "#b0b7c0"),
    "error": ("#571985", "#f5ebfd", "#b585dd"),
    "info": ("#0b4480", "#e9f2fc", "#86b2e0"),
    "pending": ("#474e57", "#ffffff", "#8c959f"),
}
"""Text, ground and border of each tone."""


def _style(tone: str) -> str:
    foreground, background, border = TONES[tone]
    return (
        "padding:0 8px;border-radius:10px;font-weight:600;"
        f"white-space:nowrap;color:{foreground};background-color:{background};"
        f"border:1px {'dashed' if tone == 'pending' else 'solid'} {border}"
    )


STYLES = {**{_style(tone): f"p {tone}" for tone in TONES}, "font-size:1.15em": "dot"}
"""The inline styles of pills and dots, and the class that a report has in the place of each."""


@dataclass(frozen=True, slots=True)
class Pill:
    """A status: a glyph and a word, so that it can be read without colours."""

    glyph: str
    word: str
    tone: str
    """One of the keys of ``TONES``."""

    def html(self) -> Markup:
        """A rounded label; screen readers are spared the glyph."""
        return Markup('<span style="{}"><span aria-hidden="true">{} </span>{}</span>').format(
            _style(self.tone), self.glyph, escape.html(escape.one_line(self.word))
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
        return Markup('<span role="img" aria-label="{0}" title="{0}" style="font-size:1.15em">{1}</span>').format(
            self.word, self.glyph
        )

    def markdown(self) -> str:
        """Dot and word."""
        return self.text()

    def text(self) -> str:
        """Dot and word."""
        return f"{self.glyph} {self.word}"
