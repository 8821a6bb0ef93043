"""A strip of marks as SVG: places are shares of its width, so text has one size on a phone, a screen and a page."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from markupsafe import Markup

from migration_audit.report import escape

_MOST_BOXES = 24
"""Marks up to which each is a box where a page has no styles of its own."""
_MOST_CUTS = 150
"""Marks up to which the lines between them are drawn: more would cover what they separate."""


class Look(StrEnum):
    """What a mark looks like: each has a pattern, as colours alone do not reach everyone. None of them says good or bad."""

    SAME = "eq"
    OTHER = "ne"
    MISSING = "no"
    EXTRA = "xt"
    UNKNOWN = "qm"


GLYPHS = {Look.SAME: "=", Look.OTHER: "≠", Look.MISSING: "−", Look.EXTRA: "+", Look.UNKNOWN: "?"}
"""The sign of each look, in counts and keys."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One part of a strip."""

    start: float
    """Where it begins, from 0 to 1."""
    end: float
    look: Look
    text: str = ""
    """One or two characters within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Marks from left to right, and what is below them."""

    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...] = ()
    """Places of an axis, and their names."""
    ruler: float | None = None
    """The width of what the marks are compared with, from 0 to 1."""
    tall: bool = False

    @property
    def height(self) -> int:
        """Of the whole strip."""
        return self._bar + (5 if self.ruler else 0) + (17 if self.ticks else 0)

    @property
    def _bar(self) -> int:
        return 20 if self.tall else 10

    @property
    def fits_boxes(self) -> bool:
        """Whether it has few marks, and no text in them."""
        return len(self.marks) <= _MOST_BOXES and not any(mark.text for mark in self.marks)

    def inner(self) -> Markup:
        """What an ``<svg>`` of any width and of ``height`` holds."""
        return Markup("").join([*self._runs(), *self._cuts(), *self._texts(), *self._below()])

    def _runs(self) -> Iterator[Markup]:
        """Neighbours of one look are one rectangle."""
        runs: list[Mark] = []
        for mark in self.marks:
            if runs and runs[-1].look is mark.look and abs(runs[-1].end - mark.start) < 1e-6:
                runs[-1] = Mark(runs[-1].start, max(runs[-1].end, mark.end), mark.look)
            else:
                runs.append(mark)
        for run in runs:
            yield Markup('<rect class="{}" x="{}" width="{}" height="{}"/>').format(
                run.look.value, _share(run.start), _share(max(run.end - run.start, 0.003)), self._bar
            )

    def _cuts(self) -> Iterator[Markup]:
        places = [mark.start for before, mark in pairwise(self.marks) if abs(before.end - mark.start) < 1e-6]
        if places and len(self.marks) <= _MOST_CUTS:
            lines = "".join(f"M{place * 1000:.1f} 0v1" for place in places)
            yield Markup('<svg viewBox="0 0 1000 1" preserveAspectRatio="none" width="100%" height="{}">').format(self._bar)
            yield Markup('<path class="cut{}" d="{}"/></svg>').format(" wide" if self.tall else "", lines)

    def _texts(self) -> Iterator[Markup]:
        for mark in self.marks:
            if mark.text:
                yield Markup('<text class="on {}" x="{}" y="{}">{}</text>').format(
                    mark.look.value, _share((mark.start + mark.end) / 2), self._bar - 5, escape.one_line(mark.text)
                )

    def _below(self) -> Iterator[Markup]:
        if self.ruler:
            yield Markup('<rect class="rule" y="{}" width="{}" height="3"/>').format(
                self._bar + 2, _share(min(self.ruler, 1))
            )
        for place, name in self.ticks:
            anchor = "start" if place <= 0 else "end" if place >= 1 else "middle"
            yield Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(
                _share(place), self.height - 3, anchor, escape.one_line(name)
            )


def shares(parts: Sequence[tuple[Look, int]]) -> tuple[Mark, ...]:
    """Counts as marks that fill the strip; one of fifty thousand can still be seen.

    >>> [(round(m.start, 2), round(m.end, 2)) for m in shares([(Look.SAME, 3), (Look.MISSING, 1)])]
    [(0.0, 0.75), (0.75, 1.0)]
    """
    counted = [(look, number) for look, number in parts if number]
    widths = [max(number / sum(n for _, n in counted), 0.03) for _, number in counted]
    marks, place = [], 0.0
    for (look, _), width in zip(counted, widths, strict=True):
        end = place + width / sum(widths)
        marks.append(Mark(place, end, look))
        place = end
    return tuple(marks)


def as_boxes(strip: Strip) -> Markup:
    """A strip as boxes with borders: a tenth of what a picture takes, and lines that can be compared."""
    boxes, place = [], 0.0
    for mark in strip.marks:
        if mark.start - place > 1e-6:
            boxes.append(_box(mark.start - place, ""))
        boxes.append(_box(mark.end - mark.start, BOXES[mark.look]))
        place = mark.end
    bars = [_flex("gap:2px", Markup("").join(boxes)) if len(boxes) > 1 else Markup("").join(boxes)]
    if strip.ruler:
        bars.append(_box(min(strip.ruler, 1), "margin:2px 0;padding:1px 0;background-color:#3b6ea5"))
    if strip.ticks:
        names = (Markup("<span>{}</span>").format(escape.one_line(name)) for _, name in strip.ticks)
        bars.append(_flex("justify-content:space-between", Markup("").join(names)))
    return Markup("\n").join(bars)


def _box(width: float, style: str) -> Markup:
    share = f"width:{_share(width)};" if width < 1 - 1e-6 else ""
    return Markup('<div style="{}{}"></div>').format(share, style)


def _flex(style: str, inner: Markup) -> Markup:
    return Markup('<div style="display:flex;{}">{}</div>').format(style, inner)


def as_picture(inner: Markup, height: int, width: str) -> Markup:
    """Shapes as a picture with its own colours: untrusted notebooks show no ``<svg>`` and no ``<style>``."""
    patterns = Markup("").join(pattern for name, pattern in _PATTERNS.items() if f'<rect class="{name}"' in inner)
    shapes = Markup("<defs>{}</defs>{}").format(patterns, inner) if patterns else inner
    source = Markup('<svg xmlns="http://www.w3.org/2000/svg"><style>{}</style>{}</svg>').format(_rules_for(shapes), shapes)
    return Markup('<img alt="" src="data:image/svg+xml;base64,{}" style="display:block;width:{};height:{}px">').format(
        base64.b64encode(source.encode()).decode("ascii"), width, height
    )


def _share(part: float) -> str:
    return f"{part * 100:.2f}".rstrip("0").rstrip(".") + "%"


def _rules_for(shapes: Markup) -> Markup:
    """The rules of what is drawn: a row of pictures would repeat the others in each."""
    drawn = set()
    for tag, names in re.findall(r'<(\w+)(?: class="([^"]*)")?', shapes):
        drawn |= {tag, *(f".{name}" for name in names.split()), *(f"{tag}.{name}" for name in names.split())}
    rules = []
    for rule in filter(None, _LIGHT.split("}")):
        selectors, _, what = rule.partition("{")
        if used := [selector for selector in selectors.split(",") if selector in drawn]:
            rules.append(Markup("{}{{{}}}").format(",".join(used), Markup(what)))  # noqa: S704 (of _LIGHT)
    return Markup("").join(rules)


_PATTERNS = {
    Look.OTHER: Markup(
        '<pattern id="pic-ne" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect class="bg" width="6" height="6"/><rect class="fg2" width="2.5" height="6"/></pattern>'
    ),
    Look.EXTRA: Markup(
        '<pattern id="pic-xt" width="4" height="4" patternUnits="userSpaceOnUse">'
        '<rect class="bg" width="4" height="4"/><rect class="fg1" width="4" height="1.2"/></pattern>'
    ),
    Look.UNKNOWN: Markup(
        '<pattern id="pic-qm" width="5" height="5" patternUnits="userSpaceOnUse">'
        '<rect class="bg" width="5" height="5"/><path class="x0" d="M0 0L5 5M5 0L0 5"/></pattern>'
    ),
}
BOXES = {
    Look.SAME: "padding:5px 0;background-color:#3b6ea5",
    Look.OTHER: "padding:2px 0;border:3px double #9a6700",
    Look.MISSING: "padding:4px 0;border:1px dashed #1f2328",
    Look.EXTRA: "padding:3px 0;border:2px solid #3b6ea5",
    Look.UNKNOWN: "padding:3px 0;border:2px dotted #1f2328",
}
"""How a box of ten pixels shows each look without a pattern."""
PATTERNS = Markup("<defs>{}</defs>").format(Markup("").join(_PATTERNS.values()))
RULES = Markup(
    "text{{fill:{ink};font:12px system-ui,'DejaVu Sans',sans-serif}}.on{{text-anchor:middle;font-weight:700}}"
    "text.eq{{fill:{paper}}}text.ne,text.qm,text.xt{{stroke:{paper};stroke-width:3px;paint-order:stroke}}"
    "rect.eq,.fg1,.rule{{fill:{same}}}rect.ne{{fill:url(#pic-ne);stroke:{other}}}"
    "rect.xt{{fill:url(#pic-xt);stroke:{same}}}rect.qm{{fill:url(#pic-qm);stroke:{ink}}}"
    "rect.no{{fill:{paper};stroke:{ink};stroke-dasharray:3 2}}"
    ".fg2{{fill:{other}}}.bg{{fill:{paper}}}.x0{{stroke:{ink};stroke-width:.7}}"
    ".cut{{stroke:{paper};stroke-width:1px;vector-effect:non-scaling-stroke}}line{{stroke:{ink};stroke-width:1.5}}"
    ".wide{{stroke-width:2px}}line.ne{{stroke-dasharray:6 3}}line.qm{{stroke-dasharray:1.5 4}}"
)
"""How marks look, with names for the colours."""
_LIGHT = RULES.format(ink="#1f2328", paper="#ffffff", same="#3b6ea5", other="#9a6700")
ON_PAGE = RULES.format(ink="var(--ink)", paper="var(--paper)", same="var(--pic)", other="var(--pic2)")
"""The same with the colours of a page, light or dark."""
