"""A table in a report: classes instead of inline styles, rows as cards where there is no room, rows without news folded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from markupsafe import Markup

from migration_audit.report import badges, escape, inline
from migration_audit.report.grid import Grid, Group, Heading, Row
from migration_audit.report.inline import Inline

_STYLES = inline.STYLES | badges.STYLES


def unstyled(cell: Inline) -> Markup:
    """The cell with classes instead of inline styles."""
    return without_styles(str(cell.html()))


def without_styles(html: str) -> Markup:
    """HTML of cells with classes."""
    return with_classes(html, _STYLES)


def with_classes(html: str, styles: Mapping[str, str]) -> Markup:
    """HTML of ours with the class of each style, if any; text cannot look like one, as its quotes are escaped."""
    for style, name in styles.items():
        html = html.replace(f' style="{style}"', f' class="{name}"' if name else "")
    html = html.replace("<samp ", "<code ").replace("</samp>", "</code>")
    return Markup(html)  # noqa: S704 (safe as it was, but for its styles)


def render(table: Grid, *, anchor: str | None = None) -> Markup:
    """The table; of one with ``quiet`` rows, those that are marked, then the others under a line to open."""
    if table.quiet is None or len(table) > table.limit:
        return _table(table, list(table.shown()), anchor)
    lines = [group for group in table.groups if group.stays_folded]
    open_groups = [group for group in table.groups if not group.stays_folded]
    loud = [replace(g, rows=[g.rows[n] for n in _loud(g)], folded=None) for g in open_groups]
    loud = [*(group for group in loud if group.rows), *lines]
    quiet = [replace(g, rows=_rest(g), folded=None) for g in open_groups]
    quiet = [group for group in quiet if group.rows]
    number = sum(len(group.rows) for group in quiet)
    shown = replace(table, groups=tuple(loud), nothing="Nothing differs." if number else table.nothing)
    if not number:
        return _table(shown, list(shown.shown()), anchor)
    first = next((h.side for h in table.headings if h.side), None)
    kept = [place for place, h in enumerate(table.headings) if h.side is None or h.side == first]
    calm = replace(
        table,
        headings=tuple(_of_all_sides(table.headings[place]) for place in kept),
        groups=tuple(
            replace(g, rows=[replace(row, cells=tuple(row.cells[p] for p in kept)) for row in g.rows]) for g in quiet
        ),
    )
    line = f"{number:,} {table.quiet}"
    body = _table(calm, list(calm.shown()), None, caption=line)
    folded = Markup('<details class="same{}"><summary>{}</summary>{}</details>').format(
        "" if table.prints_quiet else " aside", line, body
    )
    if loud:
        return _table(shown, list(shown.shown()), anchor) + folded
    return _line_of(table, table.note or "", anchor) + folded


def _of_all_sides(heading: Heading) -> Heading:
    """The heading of a column whose values are the same on every side."""
    return replace(heading, over=None, name="Value" if heading.side and heading.over is None else heading.name)


def heading_line(table: Grid) -> Markup:
    """The caption, and how many rows there are, where no row is shown: all are the same."""
    return _line_of(table, f"{len(table):,} {table.quiet}" if len(table) else table.nothing, None)


def _line_of(table: Grid, summary: str, anchor: str | None) -> Markup:
    return Markup('<p class="cap"{}><b>{}</b> {}</p>').format(
        _id(anchor), escape.html(escape.one_line(table.caption)), escape.html(escape.one_line(summary))
    )


def _loud(group: Group) -> list[int]:
    return sorted({*group.marked, *(n for n, row in enumerate(group.rows) if row.is_step)})


def _rest(group: Group) -> list[Row]:
    loud = set(_loud(group))
    return [row for number, row in enumerate(group.rows) if number not in loud]


def _table(table: Grid, lines: Sequence[Group | Row | str], anchor: str | None, *, caption: str | None = None) -> Markup:
    if not lines:
        return _line_of(table, table.nothing, anchor)
    body = Markup("").join(_line(item, table.headings) for item in lines)
    head = Markup('<caption class="hid">{}</caption>').format(caption) if caption else _caption(table)
    return Markup('<table class="t {}"{}>{}{}<tbody>{}</tbody></table>').format(
        table.about.lower(), _id(anchor), head, _head(table.headings), body
    )


def _caption(table: Grid) -> Markup:
    note = escape.one_line(table.note or "")
    small = Markup(" <span>{}</span>").format(escape.html(note)) if note else ""
    return Markup("<caption><b>{}</b>{}</caption>").format(escape.html(escape.one_line(table.caption)), small)


def _head(headings: Sequence[Heading]) -> Markup:
    if not any(h.over for h in headings):
        return Markup("<thead><tr>{}</tr></thead>").format(_joined(_heading(h) for h in headings))
    upper: list[Markup] = []
    for over, run in groupby(headings, key=lambda h: h.over):
        group = list(run)
        if over is None:
            upper += [_heading(h, rows=2) for h in group]
        else:
            name = escape.html(escape.one_line(over))
            upper.append(Markup('<th scope="colgroup" colspan="{}">{}</th>').format(len(group), name))
    lower = _joined(_heading(h) for h in headings if h.over)
    return Markup("<thead><tr>{}</tr><tr>{}</tr></thead>").format(_joined(upper), lower)


def _heading(heading: Heading, *, rows: int = 1) -> Markup:
    span = Markup(' rowspan="{}"').format(rows) if rows > 1 else ""
    return Markup('<th scope="col"{}>{}</th>').format(span, escape.html(escape.one_line(heading.name)))


def _line(item: Group | Row | str, headings: Sequence[Heading]) -> Markup:
    if isinstance(item, str):
        return _wide(item, headings)
    if isinstance(item, Row):
        return _row(item, headings)
    title = unstyled(item.title) if item.title else Markup("")
    if item.folded is not None:
        title += Markup(' <span class="m">{}</span>').format(item.folded)
    return Markup('<tr class="g"{}><th scope="rowgroup" colspan="{}">{}</th></tr>').format(
        _id(item.anchor), len(headings), title
    )


def _row(row: Row, headings: Sequence[Heading]) -> Markup:
    cells = []
    for number, (cell, heading) in enumerate(zip(row.cells, headings, strict=True)):
        content = unstyled(cell)
        if number and not content:
            cells.append(Markup("<td></td>"))
        elif number:
            cells.append(Markup('<td data-h="{}">{}</td>').format(escape.one_line(heading.full), content))
        elif content:
            cells.append(Markup('<th scope="row">{}</th>').format(content))
        else:
            cells.append(Markup("<td></td>"))
    return Markup("<tr{}{}>{}</tr>").format(_id(row.anchor), Markup(' class="mk"') if row.marked else "", _joined(cells))


def _wide(content: str, headings: Sequence[Heading]) -> Markup:
    return Markup('<tr><td class="m" colspan="{}">{}</td></tr>').format(len(headings), content)


def _id(anchor: str | None) -> Markup:
    return Markup(' id="{}"').format(anchor) if anchor else Markup("")


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
