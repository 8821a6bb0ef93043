"""A picture as HTML: in a report with classes and SVG, in a notebook with inline styles and embedded pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from markupsafe import Markup

from migration_audit.report import escape, table_html, table_page
from migration_audit.report.inline import LINK, MUTED
from migration_audit.report.strip import as_picture

if TYPE_CHECKING:
    from migration_audit.report.figure import Figure, Lane, Links

_BAR = Markup('<rect class="{}" width="100%" height="10"/>')
_LINE = Markup('<line class="{}" x1="0" y1="5" x2="100%" y2="5"/>')
"""What a key shows of a look."""
Draw = Callable[[Markup, int, str], Markup]
"""What an ``<svg>`` holds, its height and its width, as an element of the page."""
_ROW = 40
"""Pixels of a name with its remark: both sides of a line meet it in the middle."""
_FIGURE = (
    "margin:0 0 14px;max-width:900px;font:13px/1.45 system-ui,Segoe UI,DejaVu Sans,sans-serif;color:#1f2328;"
    "background-color:#ffffff"
)
_COLUMNS = "display:grid;grid-template-columns:repeat(auto-fill,minmax(230px,1fr));gap:6px 24px;margin:4px 0"
_ROWS = "display:grid;gap:6px;margin:4px 0"
_LANE = "display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 12px"
_LINKS = "display:grid;grid-template-columns:minmax(0,4fr) minmax(32px,1fr) minmax(0,7fr);gap:0 8px"
_NODE = f"height:{_ROW}px;overflow:hidden;white-space:nowrap;text-overflow:ellipsis;line-height:20px"
_KEYS = "display:flex;flex-wrap:wrap;gap:2px 18px"
_KEY = "display:inline-flex;align-items:center;gap:6px"
_NOTE = f"color:{MUTED}"
_SUMMARY = f"cursor:pointer;color:{LINK}"
STYLES = {
    _FIGURE: "pic",
    _COLUMNS: "cols",
    _ROWS: "rows",
    _LANE: "lane",
    _LINKS: "links",
    _NODE: "node",
    _KEYS: "keys",
    _KEY: "",
    _NOTE: "m",
    _SUMMARY: "",
}
"""The inline styles of pictures, and the class that a report has in the place of each."""


def in_notebook(figure: Figure) -> Markup:
    """The picture for a notebook that may not be trusted, and the table folded under it."""
    return _whole(figure, as_picture, table_html.render(figure.table))


def in_report(figure: Figure) -> Markup:
    """The same with the page's classes, patterns and colours."""
    return table_page.with_classes(str(_whole(figure, _svg, table_page.render(figure.table))), STYLES)


def _svg(inner: Markup, height: int, width: str) -> Markup:
    return Markup('<svg width="{}" height="{}" aria-hidden="true">{}</svg>').format(width, height, inner)


def _whole(figure: Figure, draw: Draw, table: Markup) -> Markup:
    caption = Markup('<figcaption><strong>{}</strong> <span style="{}">{}</span></figcaption>\n').format(
        _text(figure.title), _NOTE, _text(figure.summary)
    )
    if not figure.is_drawn:
        return Markup('<figure style="{}">{}{}</figure>').format(_FIGURE, caption, table)
    parts = figure.parts
    if isinstance(parts, tuple):
        body, sample = _lanes(parts, draw, in_columns=figure.in_columns), _BAR
    else:
        body, sample = _links(parts, draw), _LINE
    keys = (
        Markup('<span style="{}">{}{}</span>').format(_KEY, draw(sample.format(look.value), 10, "24px"), _text(word))
        for look, word in figure.key
    )
    return Markup(
        '<figure style="{}">{}<div role="img" aria-label="{}">{}<div style="{}">{}</div></div>\n'
        '<details><summary style="{}">The same as a table</summary>{}</details></figure>'
    ).format(_FIGURE, caption, escape.one_line(figure.alt), body, _KEYS, _joined(keys), _SUMMARY, table)


def _lanes(lanes: Iterable[Lane], draw: Draw, *, in_columns: bool) -> Markup:
    return Markup('<div style="{}">{}</div>').format(
        _COLUMNS if in_columns else _ROWS,
        _joined(
            Markup('<div><div style="{}"><strong>{}</strong><span>{}</span></div>{}</div>').format(
                _LANE, _text(lane.label), _text(lane.note), draw(lane.strip.inner(), lane.strip.height, "100%")
            )
            for lane in lanes
        ),
    )


def _links(links: Links, draw: Draw) -> Markup:
    height = _ROW * max(len(links.left), len(links.right))
    lines = _joined(
        Markup('<line class="{}" x1="0" y1="{}" x2="100%" y2="{}"/>').format(
            line.look.value, _ROW * line.left + 10, _ROW * line.right + 10
        )
        for line in links.lines
    )
    return Markup('<div style="{}"><div>{}</div><div>{}</div><div>{}</div></div>').format(
        _LINKS, _nodes(links.left), draw(lines, height, "100%"), _nodes(links.right)
    )


def _nodes(names: Iterable[tuple[str, str]]) -> Markup:
    return _joined(
        Markup('<div style="{0}" title="{1}"><strong>{1}</strong><br><span style="{2}">{3}</span></div>').format(
            _NODE, escape.one_line(name), _NOTE, _text(remark)
        )
        for name, remark in names
    )


def _text(words: str) -> Markup:
    return escape.html(escape.one_line(words))


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("\n").join(parts)
