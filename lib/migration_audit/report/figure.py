"""A picture as a value: its parts, what it shows in words, and the table with the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from migration_audit.report import escape, table_html, table_page
from migration_audit.report.strip import BOXES, Look, Strip, as_boxes, as_picture
from migration_audit.report.table import ReportTable

if TYPE_CHECKING:
    import pandas as pd

_BAR = Markup('<rect class="{}" width="100%" height="10"/>')
_LINE = Markup('<line class="{}" x1="0" y1="5" x2="100%" y2="5"/>')
_ROW = 40
"""Pixels of a name with its remark: both sides of a line meet it in the middle."""
_FIGURE = "margin:0 0 14px;max-width:900px"
_DRAWN = "color:#1f2328;background-color:#fff"
_COLUMNS = "display:grid;grid-template-columns:repeat(auto-fill,minmax(230px,1fr));gap:6px 24px;margin:4px 0"
_ROWS = "display:grid;gap:6px;margin:4px 0"
_LANE = "display:flex;justify-content:space-between"
_LINKS = "display:grid;grid-template-columns:minmax(0,4fr) minmax(32px,1fr) minmax(0,7fr);gap:0 8px"
_NODE = f"height:{_ROW}px;overflow:hidden;white-space:nowrap;text-overflow:ellipsis;line-height:20px"
_KEYS = "display:flex;flex-wrap:wrap;gap:2px 18px"
_KEY = "display:inline-flex;align-items:center;gap:6px"
_STYLES = {
    _FIGURE: "pic",
    _COLUMNS: "cols",
    _ROWS: "rows",
    _LANE: "lane",
    _LINKS: "links",
    _NODE: "node",
    _KEYS: "keys",
    _KEY: "",
    _DRAWN: "",
}
"""The inline styles of pictures, and the class that a report has in the place of each."""


@dataclass(frozen=True, slots=True)
class _Drawing:
    """How shapes become elements of a page."""

    svg: Callable[[Markup, int, str], Markup]
    """What an ``<svg>`` holds, its height and its width, as an element."""
    has_boxes: bool
    """Whether bars are boxes."""

    def strip(self, strip: Strip) -> Markup:
        if self.has_boxes and strip.fits_boxes:
            return as_boxes(strip)
        return self.svg(strip.inner(), strip.height, "100%")

    def name(self, lane: Lane) -> Markup:
        """What is over a strip, if anything."""
        if not (lane.label or lane.note):
            return Markup("")
        if self.has_boxes:
            return Markup("<strong>{}</strong> {}").format(_text(lane.label), _text(lane.note))
        return Markup('<div style="{}"><strong>{}</strong><span>{}</span></div>').format(
            _LANE, _text(lane.label), _text(lane.note)
        )

    def style(self, parts: tuple[Lane, ...] | Links) -> Markup:
        """Of pictures, whose colours are for a light ground."""
        return Markup("") if self._in_boxes(parts) else Markup(' style="{}"').format(_DRAWN)

    def _in_boxes(self, parts: tuple[Lane, ...] | Links) -> bool:
        return self.has_boxes and isinstance(parts, tuple) and all(lane.strip.fits_boxes for lane in parts)

    def sample(self, parts: tuple[Lane, ...] | Links, look: Look) -> Markup:
        """What a key shows of a look."""
        if isinstance(parts, Links):
            return self.svg(_LINE.format(look.value), 10, "24px")
        if self._in_boxes(parts):
            return Markup('<span style="width:24px;{}"></span>').format(BOXES[look])
        return self.svg(_BAR.format(look.value), 10, "24px")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A strip under its name."""

    label: str
    note: str
    """What it shows, in a few words or numbers."""
    strip: Strip


@dataclass(frozen=True, slots=True)
class Line:
    """From a name on the left to one on the right, by their positions."""

    left: int
    right: int
    look: Look


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Names on both sides, each with a remark, and lines between them."""

    left: tuple[tuple[str, str], ...]
    right: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Figure:
    """A picture and its table; the table alone where there is nothing to draw."""

    title: str
    summary: str
    """The result in one line, or why there is no picture."""
    alt: str = ""
    """What is to be seen, for those who do not see it."""
    parts: tuple[Lane, ...] | Links = ()
    key: tuple[tuple[Look, str], ...] = ()
    """What each look means."""
    table: ReportTable
    in_columns: bool = False
    """Whether lanes are next to each other where there is room."""

    @property
    def is_drawn(self) -> bool:
        """Whether there is a picture."""
        return bool(self.parts.lines or self.parts.left if isinstance(self.parts, Links) else self.parts)

    def to_frame(self) -> pd.DataFrame:
        """The table as a DataFrame."""
        return self.table.to_frame()

    def _repr_html_(self) -> str:
        return str(_in_notebook(self))

    def markdown(self) -> str:
        """The table as GitHub's Markdown."""
        return self.table.markdown()

    def in_short(self) -> str:
        """The plain text of an output in a notebook."""
        return f"{self.title}\n{self.summary}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.in_short())

    def __repr__(self) -> str:
        """The table: a terminal shows no pictures."""
        return repr(self.table)


def _in_notebook(figure: Figure) -> Markup:
    """The picture for a notebook that may not be trusted, and the table folded under it."""
    return _whole(figure, _Drawing(as_picture, has_boxes=True), table_html.render(figure.table, has_title=False))


def in_report(figure: Figure) -> Markup:
    """The same with the page's classes, patterns and colours."""
    return table_page.with_classes(
        str(_whole(figure, _Drawing(_svg, has_boxes=False), table_page.render(figure.table))), _STYLES
    )


def _svg(inner: Markup, height: int, width: str) -> Markup:
    return Markup('<svg width="{}" height="{}" aria-hidden="true">{}</svg>').format(width, height, inner)


def _whole(figure: Figure, drawing: _Drawing, table: Markup) -> Markup:
    caption = Markup("<figcaption><strong>{}</strong>\n<small>{}</small></figcaption>\n").format(
        _text(figure.title), _text(figure.summary)
    )
    if not figure.is_drawn:
        return Markup('<figure style="{}">\n{}{}</figure>').format(_FIGURE, caption, table)
    parts = figure.parts
    body = _lanes(parts, drawing, in_columns=figure.in_columns) if isinstance(parts, tuple) else _links(parts, drawing)
    keys = table_html.joined(
        Markup('<span style="{}">{}{}</span>').format(_KEY, drawing.sample(parts, look), _text(word))
        for look, word in figure.key
    )
    return Markup(
        '<figure style="{}">\n{}<div role="img" aria-label="{}"{}>\n{}<div style="{}">{}</div></div>\n'
        "<details><summary>The same as a table</summary>{}</details></figure>"
    ).format(_FIGURE, caption, escape.one_line(figure.alt), drawing.style(parts), body, _KEYS, keys, table)


def _lanes(lanes: Iterable[Lane], drawing: _Drawing, *, in_columns: bool) -> Markup:
    return Markup('<div style="{}">{}</div>').format(
        _COLUMNS if in_columns else _ROWS,
        table_html.joined(Markup("<div>{}{}</div>").format(drawing.name(lane), drawing.strip(lane.strip)) for lane in lanes),
    )


def _links(links: Links, drawing: _Drawing) -> Markup:
    height = _ROW * max(len(links.left), len(links.right))
    lines = table_html.joined(
        Markup('<line class="{}" x1="0" y1="{}" x2="100%" y2="{}"/>').format(
            line.look.value, _ROW * line.left + 10, _ROW * line.right + 10
        )
        for line in links.lines
    )
    return Markup('<div style="{}"><div>{}</div><div>{}</div><div>{}</div></div>').format(
        _LINKS, _nodes(links.left), drawing.svg(lines, height, "100%"), _nodes(links.right)
    )


def _nodes(names: Iterable[tuple[str, str]]) -> Markup:
    return table_html.joined(
        Markup('<div style="{0}" title="{1}"><strong>{1}</strong><br><small>{2}</small></div>').format(
            _NODE, escape.one_line(name), _text(remark)
        )
        for name, remark in names
    )


def _text(words: str) -> Markup:
    return escape.html(escape.one_line(words))
