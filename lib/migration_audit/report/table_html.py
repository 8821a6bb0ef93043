"""A table as HTML that survives an untrusted notebook: inline styles, real headers, no added ids.

Each cell is a line: what compares two executed notebooks (nbdiff, git) shows the cells that differ, not the table.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from markupsafe import Markup

from migration_audit.report import escape
from migration_audit.report.grid import Grid, Group, Heading, Row
from migration_audit.report.inline import MUTED

_TABLE = (
    "border-collapse:collapse;border-spacing:0;margin:0 0 18px;width:auto;max-width:100%;text-align:left;"
    "font:13px/1.45 system-ui,Segoe UI,DejaVu Sans,sans-serif;color:#1f2328;background-color:#ffffff"
)
# A table is not painted behind its caption, and JupyterLab may be dark there.
_CAPTION = "text-align:left;caption-side:top;padding:4px 10px 8px;color:#1f2328;background-color:#ffffff"
_PAD = "text-align:{align};vertical-align:top"
_ROW = "background-color:{colour};border-bottom:1px solid #d0d7de"
_HEAD = "text-align:{align};vertical-align:bottom;background-color:#f6f8fa;font-weight:600;white-space:nowrap"
_GROUP = "text-align:left;background-color:#eaeef2;font-weight:600;border-bottom:1px solid #d0d7de"


def render(table: Grid) -> Markup:
    """The table in a box that scrolls sideways when it must."""
    body = Markup("\n").join(_line(item, table) for item in table.shown())
    if not len(table):
        body = _wide(table, Markup("{}").format(table.nothing))
    return Markup(
        '<div style="overflow-x:auto"><table cellpadding="6" style="{}">\n{}\n{}\n<tbody>\n{}\n</tbody></table></div>'
    ).format(_TABLE, _caption(table), _head(table.headings), body)


def _caption(table: Grid) -> Markup:
    note = escape.one_line(table.note or "")
    small = Markup('<br><span style="font-size:.92em;color:{}">{}</span>').format(MUTED, note) if note else ""
    return Markup('<caption style="{}"><strong style="font-size:1.15em">{}</strong>{}</caption>').format(
        _CAPTION, escape.html(escape.one_line(table.caption)), small
    )


def _head(headings: tuple[Heading, ...]) -> Markup:
    if not any(h.over for h in headings):
        return Markup("<thead><tr>{}</tr></thead>").format(_lines(_heading(h) for h in headings))
    upper: list[Markup] = []
    for over, run in groupby(headings, key=lambda h: h.over):
        group = list(run)
        if over is None:
            upper += [_heading(h, rows=2) for h in group]
        else:
            style = _HEAD.format(align="left") + ";border-bottom:1px solid #848d97"
            upper.append(
                Markup('<th scope="colgroup" colspan="{}" style="{}">{}</th>').format(
                    len(group), style, escape.html(escape.one_line(over))
                )
            )
    lower = _lines(_heading(h) for h in headings if h.over)
    return Markup("<thead><tr>{}</tr>\n<tr>{}</tr></thead>").format(_lines(upper), lower)


def _lines(cells: Iterable[Markup]) -> Markup:
    return Markup("\n").join(cells)


def _heading(heading: Heading, *, rows: int = 1) -> Markup:
    style = _HEAD.format(align="center" if heading.centred else "left") + ";border-bottom:2px solid #848d97"
    span = Markup(' rowspan="{}"').format(rows) if rows > 1 else ""
    name = escape.html(escape.one_line(heading.name))
    return Markup('<th scope="col"{} style="{}">{}</th>').format(span, style, name)


def _line(item: Group | Row | str, table: Grid) -> Markup:
    if isinstance(item, str):
        return _wide(table, Markup("{}").format(item))
    return _group(item, table) if isinstance(item, Group) else _row(item, table.headings)


def _group(group: Group, table: Grid) -> Markup:
    title = group.title.html() if group.title else Markup("")
    if group.folded is not None:
        title += Markup(' <span style="font-weight:400;color:{}">{}</span>').format(MUTED, group.folded)
    return Markup('<tr{}><th scope="rowgroup" colspan="{}" style="{}">{}</th></tr>').format(
        _id(group.anchor), len(table.headings), _GROUP, title
    )


def _row(row: Row, headings: tuple[Heading, ...]) -> Markup:
    style_of_row = _ROW.format(colour="#fff8e6" if row.marked else "#ffffff")
    cells = []
    for number, (cell, heading) in enumerate(zip(row.cells, headings, strict=True)):
        style = _PAD.format(align="center" if heading.centred else "left")
        if number:
            cells.append(Markup('<td style="{}">{}</td>').format(style, cell.html()))
        else:
            cells.append(Markup('<th scope="row" style="{};font-weight:400">{}</th>').format(style, cell.html()))
    return Markup('<tr{} style="{}">{}</tr>').format(_id(row.anchor), style_of_row, _lines(cells))


def _wide(table: Grid, content: Markup) -> Markup:
    return Markup('<tr style="{}"><td colspan="{}" style="{};color:{}">{}</td></tr>').format(
        _ROW.format(colour="#ffffff"), len(table.headings), _PAD.format(align="left"), MUTED, content
    )


def _id(anchor: str | None) -> Markup:
    return Markup(' id="{}"').format(anchor) if anchor else Markup("")
