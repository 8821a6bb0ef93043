"""A table as HTML for notebooks, which drop what is between ``<style>`` tags where they are not trusted.

Colours are the notebook's own, light or dark: only pills and marks have some, both text and ground. Rows without news are a
folded list. Each cell is a line: what compares two executed notebooks (nbdiff, git) shows the cells that differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from markupsafe import Markup

from migration_audit.report import escape
from migration_audit.report.grid import Grid, Group, Heading, Row

_CARD = "margin-left:16px"


def render(table: Grid, *, has_title: bool = True) -> Markup:
    """Caption and note, the rows with news as a table or as cards, and the others folded."""
    loud, quiet = table.split()
    parts = []
    if len(loud) and loud.in_cards:
        parts = [_title(table), *_cards(loud)]
    elif loud.groups:
        parts = [_table(loud, _caption(loud) if has_title else Markup(""))]
    else:
        parts = [_title(table)] if has_title else []
        parts += [] if len(quiet) else [escape.filled("<p>{}</p>", table.nothing)]
    if len(quiet):
        parts.append(_folded(quiet))
    style = Markup(' style="overflow-x:auto"') if loud.groups and not loud.in_cards else ""
    return escape.filled("<div{}>\n{}\n</div>", style, joined(parts))


def _caption(table: Grid) -> Markup:
    return escape.filled('<caption style="text-align:left">{}</caption>\n', _title(table))


def _table(table: Grid, caption: Markup) -> Markup:
    return escape.filled(
        '<table style="margin:0">\n{}{}\n<tbody>\n{}\n</tbody></table>',
        caption,
        head(table.headings, styled=True),
        joined(_line(item, table.headings) for item in table.shown()),
    )


def _title(table: Grid) -> Markup:
    note = escape.one_line(table.note or "")
    small = escape.filled("\n<br><small>{}</small>", note) if note else ""
    return escape.filled("<strong>{}</strong>{}", escape.html(escape.one_line(table.caption)), small)


def _folded(quiet: Grid) -> Markup:
    """Rows without news as a list to open, each as the text of its cells of one side."""
    table = quiet.one_side()
    lines: list[Markup] = []
    for item in table.shown():
        if isinstance(item, Row):
            texts = [escape.one_line(cell.text()) for cell in item.cells]
            texts = [text for text in texts if text not in {"", "–"} and not text.startswith("✓")]
            lines.append(escape.filled("<li>{}</li>", escape.html(" · ".join(texts))))
        elif len(table.groups) > 1:
            lines.append(escape.filled("<li><strong>{}</strong></li>", _over(item)))
    summary = f"{len(table):,} {table.quiet}"
    return escape.filled("<details><summary>{}</summary><ul>\n{}\n</ul></details>", summary, joined(lines))


def _cards(table: Grid) -> Iterator[Markup]:
    """A line for each group, and each row on lines of its own."""
    for item in table.shown():
        if isinstance(item, Row):
            parts = [item.cells[0].html()]
            for heading, cell in item.card(table.headings):
                name = escape.html(escape.one_line(heading.full))
                parts.append(escape.filled("<div>{}: {}</div>", name, cell.html()))
            yield escape.filled('<div{} style="{}">\n{}</div>', id_of(item.anchor), _CARD, joined(parts))
        else:
            yield escape.filled("<div>{}</div>", _over(item))


def _over(item: Group | str) -> Markup:
    """The line over the rows of a group, or one over the whole width."""
    if isinstance(item, str):
        return escape.filled("{}", item)
    title = item.title.html() if item.title else Markup("")
    return title + (escape.filled(" <small>{}</small>", item.folded) if item.folded is not None else Markup(""))


def head(headings: Sequence[Heading], *, styled: bool) -> Markup:
    """The head of a table: one row, or two where some columns have a heading over theirs."""
    if not any(h.over for h in headings):
        return escape.filled("<thead><tr>{}</tr></thead>", Markup("").join(_heading(h, styled=styled) for h in headings))
    upper: list[Markup] = []
    for over, run in groupby(headings, key=lambda h: h.over):
        group = list(run)
        if over is None:
            upper += [_heading(h, styled=styled, rows=2) for h in group]
        else:
            style = _style("left") if styled else ""
            name = escape.html(escape.one_line(over))
            upper.append(escape.filled('<th scope="colgroup" colspan="{}"{}>{}</th>', len(group), style, name))
    lower = Markup("").join(_heading(h, styled=styled) for h in headings if h.over)
    return escape.filled("<thead><tr>{}</tr>\n<tr>{}</tr></thead>", Markup("").join(upper), lower)


def _heading(heading: Heading, *, styled: bool, rows: int = 1) -> Markup:
    span = escape.filled(' rowspan="{}"', rows) if rows > 1 else ""
    style = _align(heading) if styled else ""
    return escape.filled('<th scope="col"{}{}>{}</th>', span, style, escape.html(escape.one_line(heading.name)))


def _align(heading: Heading) -> Markup:
    return _style("center" if heading.centred else "left")


def _style(alignment: str) -> Markup:
    """Of every cell, since JupyterLab has a rule for cells."""
    return escape.filled(' style="text-align:{}"', alignment)


def _line(item: Group | Row | str, headings: tuple[Heading, ...]) -> Markup:
    if isinstance(item, Row):
        return _row(item, headings)
    tag, anchor = ("td", None) if isinstance(item, str) else ('th scope="rowgroup"', item.anchor)
    return escape.filled(
        '<tr{}><{} colspan="{}" style="text-align:left">{}</{}></tr>',
        id_of(anchor),
        Markup(tag),  # noqa: S704 (one of two)
        len(headings),
        _over(item),
        tag[:2],
    )


def _row(row: Row, headings: tuple[Heading, ...]) -> Markup:
    first, *others = [(_align(heading), cell.html()) for cell, heading in zip(row.cells, headings, strict=True)]
    cells = [escape.filled('<th scope="row"{}>{}</th>', *first)]
    cells += [escape.filled("<td{}>{}</td>", *other) for other in others]
    return escape.filled("<tr{}>\n{}</tr>", id_of(row.anchor), joined(cells))


def joined(parts: Iterable[Markup]) -> Markup:
    """The parts, each on a line of its own."""
    return Markup("\n").join(parts)


def id_of(anchor: str | None) -> Markup:
    """The attribute ``id`` of an element, if it has one."""
    return escape.filled(' id="{}"', anchor) if anchor else Markup("")
