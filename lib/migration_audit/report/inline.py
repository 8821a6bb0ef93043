"""What is in a table's cell: small values that know how they look in HTML, in Markdown and as plain text.

Of two values side by side, the words that differ are marked on both sides.

Styles are inline because JupyterLab removes ``<style>`` from notebooks that are not trusted, and every notebook that
papermill ran is not trusted where it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from operator import itemgetter
from typing import Final, Protocol

from markupsafe import Markup

from migration_audit.report import escape

_LINK = "#0b4480"
_CODE = "white-space:pre-wrap"
"""Of ``<samp>``: JupyterLab gives ``<code>`` a colour and a padding of its own, which took four more rules in each cell."""


PRE = "margin:4px 0;white-space:pre-wrap"
STYLES = {
    _CODE: "c",
    PRE: "sql",
    f"color:{_LINK}": "",
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


NONE: Final = Text("–", muted=True)
"""In a cell that has no value."""


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


def identifier(value: str | None) -> Inline:
    """The identifier, or that there is none."""
    return IdentifierText(value) if value else NONE


@dataclass(frozen=True, slots=True)
class Marked:
    """A value next to another one: runs of text, of which some are only here."""

    runs: tuple[tuple[bool, str], ...]
    """Whether the run is only on this side, and its text."""

    def html(self) -> Markup:
        """The value as code, with ``<mark>`` around what the other side lacks: no colour says which side is right."""
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
    most: int | None
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
        return escape.filled('<a href="{}" style="color:{}">{}</a>', self.href, _LINK, self.label.html())

    def markdown(self) -> str:
        """The label alone: the place that it leads to is in the HTML report."""
        return self.label.markdown()

    def text(self) -> str:
        """The label alone."""
        return self.label.text()


@dataclass(frozen=True, slots=True)
class InlineGroup:
    """Several things on one line, or below each other."""

    parts: tuple[Inline, ...]
    stacked: bool = False

    def html(self) -> Markup:
        """The parts with a blank between them, or a block for each."""
        if self.stacked:
            return Markup("").join(escape.filled("<div>{}</div>", part.html()) for part in self.parts)
        return Markup(" ").join(part.html() for part in self.parts)

    def markdown(self) -> str:
        """The parts with a blank or a line break between them."""
        return ("<br>" if self.stacked else " ").join(part.markdown() for part in self.parts)

    def text(self) -> str:
        """The parts with a blank or a line end between them."""
        return ("\n" if self.stacked else " ").join(part.text() for part in self.parts)


_WORDS = re.compile(r"\d+(?:\.\d+)+|\w+|\s+|[^\w\s]")
_MATCHER_LIMIT = 250_000
"""Pairs of words up to which the matcher, whose time grows with their number, is asked."""
_CONFETTI = 0.25
"""Below this similarity marks on single words hide more than they show: the whole value is marked."""
_KEEP = 80
"""Characters of an unchanged stretch that stay next to a change."""

Runs = tuple[tuple[bool, str], ...]


def side_by_side(expected: str | None, actual: str | None, *, absent: str = "–") -> tuple[Inline, Inline]:
    """Both values for their cells; a value that is not there is ``absent``, in grey, and the other one is unmarked."""
    if expected is None or actual is None:
        return _alone(expected, absent), _alone(actual, absent)
    expected_runs, actual_runs = (Marked(runs=_merged(_folded(runs))) for runs in _aligned_runs(expected, actual))
    return expected_runs, actual_runs


def word_runs(expected: str, actual: str) -> tuple[Runs, Runs]:
    """Both values as runs of text with "only on this side"; joined, the runs give the value back.

    Time is linear in the length for long values: of two long middles that differ, all is marked.
    """
    expected_runs, actual_runs = map(_merged, _aligned_runs(expected, actual))
    return expected_runs, actual_runs


def _aligned_runs(expected: str, actual: str) -> tuple[Runs, Runs]:
    """The runs with an empty marked one where only the other side has text."""
    if expected == actual:
        return ((False, expected),), ((False, actual),)
    left, right = _WORDS.findall(expected), _WORDS.findall(actual)
    head = _common(left, right)
    tail = _common(left[head:][::-1], right[head:][::-1])
    opcodes = _opcodes(left[head : len(left) - tail], right[head : len(right) - tail])
    ends = (left[:head], right[:head]), (left[len(left) - tail :], right[len(right) - tail :])
    return (
        _joined([(False, ends[0][0]), *((op, a) for op, a, _ in opcodes), (False, ends[1][0])]),
        _joined([(False, ends[0][1]), *((op, b) for op, _, b in opcodes), (False, ends[1][1])]),
    )


def _common(left: list[str], right: list[str]) -> int:
    """How many words both begin with."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(left), len(right)))


def _opcodes(left: list[str], right: list[str]) -> list[tuple[bool, list[str], list[str]]]:
    if len(left) * len(right) > _MATCHER_LIMIT:
        return [(True, left, right)]
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    if matcher.ratio() < _CONFETTI:
        return [(True, left, right)]
    return [(tag != "equal", left[a:b], right[c:d]) for tag, a, b, c, d in matcher.get_opcodes()]


def _joined(pieces: Sequence[tuple[bool, list[str]]]) -> Runs:
    """Pieces as runs: neighbours of one sort in one, and a lone blank between two marked words marked as well."""
    runs: list[tuple[bool, str]] = []
    for marked, words in pieces:
        text = "".join(words)
        if not text and not marked:
            continue
        if runs and runs[-1][0] == marked:
            runs[-1] = (marked, runs[-1][1] + text)
        elif marked and len(runs) > 1 and runs[-1][1] == " " and runs[-2][0]:
            runs.pop()
            runs[-1] = (True, runs[-1][1] + " " + text)
        else:
            runs.append((marked, text))
    return tuple(_trimmed(runs))


def _trimmed(runs: list[tuple[bool, str]]) -> Iterator[tuple[bool, str]]:
    """The runs with blanks at the ends of marks outside of them, unless the blanks are all that is marked."""
    for marked, text in runs:
        core = text.strip(" ")
        if not marked or not core or core == text:
            yield marked, text
            continue
        before, _, after = text.partition(core)
        yield from ((m, piece) for m, piece in ((False, before), (True, core), (False, after)) if piece)


def _merged(runs: Runs) -> Runs:
    """Without empty runs, and neighbours of one sort in one."""
    groups = groupby((run for run in runs if run[1]), key=itemgetter(0))
    return tuple((marked, "".join(text for _, text in group)) for marked, group in groups)


def _folded(runs: Runs) -> Runs:
    """The runs with long unchanged stretches cut to what is next to a change; that they are cut is shown."""
    if len(runs) < 2:
        return runs
    return tuple(
        (marked, text if marked else _cut(text, first=not i, last=i == len(runs) - 1))
        for i, (marked, text) in enumerate(runs)
    )


def _cut(text: str, *, first: bool, last: bool) -> str:
    before, after = (0 if first else _KEEP), (0 if last else _KEEP)
    left_out = len(text) - before - after
    if left_out <= _KEEP:
        return text
    return f"{text[:before]} [… {left_out:,} characters the same …] {text[len(text) - after :]}".strip(" ")


def _alone(value: str | None, absent: str) -> Inline:
    return Text(absent, muted=True) if value is None else code(value)
