"""A table in a report: classes instead of inline styles, rows as cards where there is no room, rows without news folded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from migration_audit.report import badges, escape, inline
from migration_audit.report.grid import Grid, Group, Heading, Row
from migration_audit.report.inline import Inline
from migration_audit.report.table_html import head, id_of

_STYLES = inline.STYLES | badges.STYLES
_GLYPH = re.compile(r'(<b style="[^"]*">)(\S)\xa0')
"""The glyph of a pill."""


def unstyled(cell: Inline) -> Markup:
    """The cell with classes instead of inline styles."""
    return without_styles(str(cell.html()))


def without_styles(html: str) -> Markup:
    """HTML of cells with classes."""
    return with_classes(html, _STYLES)


def with_classes(html: str, styles: Mapping[str, str]) -> Markup:
    """HTML of ours with the class of each style, if any; text cannot look like one, as its quotes are escaped."""
    html = _GLYPH.sub(r'\1<span aria-hidden="true">\2 </span>', html)
    for style, name in styles.items():
        html = html.replace(f' style="{style}"', f' class="{name}"' if name else "")
    html = html.replace("<samp", "<code").replace("</samp>", "</code>")
    html = html.replace("<small>", '<span class="m">').replace("</small>", "</span>")
    return Markup(html)  # noqa: S704 (safe as it was, but for its styles)


def render(table: Grid) -> Markup:
    """The table; of one with ``quiet`` rows, those that are marked, then the others under a line to open."""
    shown, quiet = table.split()
    if not len(quiet):
        return _table(shown)
    line = f"{len(quiet):,} {table.quiet}"
    calm = quiet.one_side()
    folded = escape.filled(
        '<details class="same{}"><summary>{}</summary>{}</details>',
        "" if table.prints_quiet else " aside",
        line,
        _table(calm, caption=line),
    )
    above = _table(shown) if shown.groups else _line_of(table, table.note or "")
    return above + folded


def heading_line(table: Grid) -> Markup:
    """The caption, and how many rows there are, where no row is shown: all are the same."""
    return _line_of(table, f"{len(table):,} {table.quiet}" if len(table) else table.nothing)


def _line_of(table: Grid, summary: str) -> Markup:
    return escape.filled(
        '<p class="cap"><b>{}</b> {}</p>',
        escape.html(escape.one_line(table.caption)),
        escape.html(escape.one_line(summary)),
    )


def _table(table: Grid, *, caption: str | None = None) -> Markup:
    lines = list(table.shown())
    if not lines:
        return _line_of(table, table.nothing)
    body = Markup("").join(_line(item, table.headings) for item in lines)
    hidden = escape.filled('<caption class="hid">{}</caption>', caption) if caption else None
    return escape.filled(
        '<table class="t {}">{}{}<tbody>{}</tbody></table>',
        table.about.lower(),
        hidden or _caption(table),
        head(table.headings, styled=False),
        body,
    )


def _caption(table: Grid) -> Markup:
    note = escape.one_line(table.note or "")
    small = escape.filled(" <span>{}</span>", escape.html(note)) if note else ""
    return escape.filled("<caption><b>{}</b>{}</caption>", escape.html(escape.one_line(table.caption)), small)


def _line(item: Group | Row | str, headings: Sequence[Heading]) -> Markup:
    if isinstance(item, str):
        return escape.filled('<tr><td class="m" colspan="{}">{}</td></tr>', len(headings), item)
    if isinstance(item, Row):
        return _row(item, headings)
    title = unstyled(item.title) if item.title else Markup("")
    if item.folded is not None:
        title += escape.filled(' <span class="m">{}</span>', item.folded)
    return escape.filled(
        '<tr class="g"{}><th scope="rowgroup" colspan="{}">{}</th></tr>', id_of(item.anchor), len(headings), title
    )


def _row(row: Row, headings: Sequence[Heading]) -> Markup:
    cells = []
    for number, (cell, heading) in enumerate(zip(row.cells, headings, strict=True)):
        content = unstyled(cell)
        if not content:
            cells.append(Markup("<td></td>"))
        elif number:
            cells.append(escape.filled('<td data-h="{}">{}</td>', escape.one_line(heading.full), content))
        else:
            cells.append(escape.filled('<th scope="row">{}</th>', content))
    mark = Markup(' class="mk"') if row.marked else ""
    return escape.filled("<tr{}{}>{}</tr>", id_of(row.anchor), mark, Markup("").join(cells))
