"""What is in a table's cell: small values that know how they look in HTML, in Markdown and as plain text.

Styles are inline because JupyterLab removes ``<style>`` from notebooks that are not trusted, and every notebook that
papermill ran is such a one for its reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from markupsafe import Markup

from migration_audit.report import escape

LINK = "#0b4480"
_CODE = "white-space:pre-wrap"
"""Of ``<samp>``: JupyterLab gives ``<code>`` a colour and a padding of its own, which took four more rules in each cell."""


PRE = "margin:4px 0;white-space:pre-wrap"
STYLES = {
    _CODE: "c",
    PRE: "sql",
    f"color:{LINK}": "",
}
"""The inline styles of cells, and the class that a report has in the place of each."""


class Inline(Protocol):
    """Anything that can be in a cell."""

    def html(self) -> Markup:
        """Safe HTML with inline styles."""

    def markdown(self) -> str:
        """GitHub's Markdown, without line ends."""

    def text(self) -> str:
        """Plain text; line ends are line ends."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words for people, on one line."""

    value: str
    muted: bool = False
    strong: bool = False

    def html(self) -> Markup:
        """The words, small when muted."""
        shown = escape.html(self.text())
        if self.muted:
            return escape.filled("<small>{}</small>", shown)
        return escape.filled("<strong>{}</strong>", shown) if self.strong else shown

    def markdown(self) -> str:
        """The words."""
        shown = escape.markdown(self.text())
        return f"**{shown}**" if self.strong and shown else shown

    def text(self) -> str:
        """The words."""
        return escape.one_line(self.value)


@dataclass(frozen=True, slots=True)
class IdentifierText:
    """An identifier: one line, in a fixed width."""

    value: str

    def html(self) -> Markup:
        """The identifier as code."""
        return _code(self.text(), escape.html(self.text()))

    def markdown(self) -> str:
        """The identifier as code."""
        return escape.markdown_code(self.text())

    def text(self) -> str:
        """The identifier with everything invisible spelled out."""
        return escape.one_line(self.value)


@dataclass(frozen=True, slots=True)
class Marked:
    """A value next to another one: runs of text, of which some are only here."""

    runs: tuple[tuple[bool, str], ...]
    """Whether the run is only on this side, and its text."""

    def html(self) -> Markup:
        """The value as code, with ``<mark>`` around what the other side has not: no side is the right one by its colour."""
        inner = Markup("").join(
            escape.filled("<mark>{}</mark>", escape.html(shown)) if only_here else escape.html(shown)
            for only_here, shown in self._shown()
        )
        return _code(self.text(), inner)

    def markdown(self) -> str:
        """The same in bold, which GitHub shows."""
        return "".join(
            f"<b>{escape.markdown(shown)}</b>" if only_here else escape.markdown(shown) for only_here, shown in self._shown()
        )

    def text(self) -> str:
        """The value without marks."""
        return "".join(shown for _, shown in self._shown())

    def _shown(self) -> list[tuple[bool, str]]:
        return [(only_here, escape.many_lines(run)) for only_here, run in self.runs]


def _code(text: str, inner: Markup) -> Markup:
    """Code whose spaces and line ends are kept, which takes a style where HTML would join some."""
    style = escape.filled(' style="{}"', _CODE) if text != " ".join(text.split()) else ""
    return escape.filled("<samp{}>{}</samp>", style, inner)


def code(value: str) -> Marked:
    """A definition or a type, on as many lines as it has, with nothing marked."""
    return Marked(runs=((False, value),))


@dataclass(frozen=True, slots=True)
class FoldedText:
    """SQL or source that opens on a click: too long for a table, too useful to leave out."""

    label: str
    source: str
    most: int | None = None
    """Lines up to which a notebook has it; of a longer one, it has their number."""

    def html(self) -> Markup:
        """A ``<details>`` element."""
        number = len(self.source.splitlines())
        if self.most is not None and number > self.most:
            return escape.filled("{}: {} lines, which <code>print</code> and report.html show", self.label, number)
        return escape.filled(
            '<details><summary>{}</summary><pre style="{}">{}</pre></details>',
            self.label,
            PRE,
            escape.html(escape.many_lines(self.source)),
        )

    def markdown(self) -> str:
        """A ``<details>`` element, which GitHub shows."""
        return (
            f"<details><summary>{escape.markdown(self.label)}</summary>"
            f"{escape.markdown_code(escape.many_lines(self.source))}</details>"
        )

    def text(self) -> str:
        """The label, then the source."""
        return f"{self.label}:\n{escape.many_lines(self.source)}"


@dataclass(frozen=True, slots=True)
class Link:
    """A link to an anchor of the same page, or to a file next to it."""

    label: Inline
    href: str

    def html(self) -> Markup:
        """An ``<a>`` element."""
        return escape.filled('<a href="{}" style="color:{}">{}</a>', self.href, LINK, self.label.html())

    def markdown(self) -> str:
        """The label alone: the place that it leads to is in the HTML report."""
        return self.label.markdown()

    def text(self) -> str:
        """The label alone."""
        return self.label.text()


@dataclass(frozen=True, slots=True)
class InlineGroup:
    """Several things on one line."""

    parts: tuple[Inline, ...]

    def html(self) -> Markup:
        """The parts with a blank between them."""
        return Markup(" ").join(part.html() for part in self.parts)

    def markdown(self) -> str:
        """The parts with a blank between them."""
        return " ".join(part.markdown() for part in self.parts)

    def text(self) -> str:
        """The parts with a blank between them."""
        return " ".join(part.text() for part in self.parts)


@dataclass(frozen=True, slots=True)
class StackedBlocks:
    """Several things below each other."""

    parts: tuple[Inline, ...]

    def html(self) -> Markup:
        """One block per part."""
        return Markup("").join(escape.filled("<div>{}</div>", part.html()) for part in self.parts)

    def markdown(self) -> str:
        """The parts with line breaks between them."""
        return "<br>".join(part.markdown() for part in self.parts)

    def text(self) -> str:
        """One line or more per part."""
        return "\n".join(part.text() for part in self.parts)
