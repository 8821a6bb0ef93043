"""What a cell of a notebook shows: a table, or several values one below the other.

Each is a value: made once, shown in a notebook, a terminal, a job summary; a table also as a DataFrame.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migration_audit.model.enumeration import first_lines
from migration_audit.report import escape, table_html
from migration_audit.report.grid import Grid, Group, Heading, Row, plain_headings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Group", "Heading", "ReportTable", "Row"]
_WIDEST = 44
_MOST_SHORT = 20
_SHORT = 80
"""Rows of the plain text in a notebook, and characters of each."""
_CARD = 96
"""Characters of a line in a card."""
_BREAKS = re.compile(r"\s+|(?<=[,/])")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReportTable(Grid):
    """Rows and what they mean, in four forms that say the same."""

    def to_frame(self) -> pd.DataFrame:
        """All rows as text, with the groups in the first columns."""
        return text_frame(
            ([*group.labels, *(cell.text() for cell in row.cells)] for group in self.groups for row in group.rows),
            [*self.group_names, *(h.full for h in self.headings)],
        )

    def _repr_html_(self) -> str:
        return str(table_html.render(self))

    def markdown(self) -> str:
        """Caption, note and a pipe table of GitHub's Markdown; groups are rows in bold, since Markdown has none."""
        lines = [f"**{escape.markdown(escape.one_line(self.caption))}**", ""]
        if self.note:
            lines += [escape.markdown(escape.one_line(self.note)), ""]
        if not len(self):
            return "\n".join([*lines, escape.markdown(self.nothing)]) + "\n"
        lines.append(_pipes([escape.markdown(escape.one_line(h.full)) for h in self.headings]))
        lines.append(_pipes([":-:" if h.centred else "---" for h in self.headings]))
        lines += [_pipes(_markdown_cells(item, len(self.headings))) for item in self.shown()]
        return "\n".join(lines) + "\n"

    def in_short(self) -> str:
        """The plain text of an output in a notebook, which has the whole as HTML: a line for each row with news."""
        lines = self._head()
        if not len(self):
            return "\n".join([*lines, self.nothing])
        rows = [item for item in self.split()[0].shown() if isinstance(item, Row)]
        is_plain = self.quiet is None and not any(row.marked for row in rows)
        news = rows if is_plain else [row for row in rows if row.marked]
        limit = _SHORT if len(self) > 1 else None
        shown = first_lines([_in_one_line(row, limit) for row in news], most=_MOST_SHORT, rest="… {:,} more")
        return "\n".join([*lines, *(f"  {line}" for line in shown)])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.in_short())

    def __repr__(self) -> str:
        """The whole table as plain text, which ``print`` shows; no line has trailing blanks."""
        lines = [*self._head(), ""]
        if not len(self):
            return "\n".join([*lines, self.nothing])
        return "\n".join(lines + (_cards(self) if self.in_cards else _grid(self)))

    def _head(self) -> list[str]:
        return [escape.one_line(text) for text in (self.caption, self.note) if text]


def plain_table(
    caption: str,
    headings: Iterable[str],
    rows: Iterable[Row],
    *,
    note: str | None = None,
    nothing: str = "Nothing to list.",
    quiet: str | None = None,
) -> ReportTable:
    """A table whose rows are in no groups; ``nothing`` is its text where there are none."""
    found = tuple(rows)
    return ReportTable(
        caption=caption,
        note=note,
        headings=plain_headings(*headings),
        groups=(Group(title=None, labels=(), rows=found),) if found else (),
        nothing=nothing,
        quiet=quiet,
    )


def text_frame(rows: Iterable[Sequence[str]], columns: Sequence[str]) -> pd.DataFrame:
    """A DataFrame of text."""
    import pandas as pd  # noqa: PLC0415 (half a second that only those pay who ask for a frame)

    return pd.DataFrame(list(rows), columns=list(columns), dtype="str")


@dataclass(frozen=True, slots=True, repr=False)
class Stacked:
    """Each part below the one before; ``nothing`` where there is none."""

    parts: tuple[Any, ...]
    nothing: str

    def _repr_html_(self) -> str:
        return "".join(part._repr_html_() for part in self.parts) or f"<p>{self.nothing}</p>"

    def markdown(self) -> str:
        """The parts as GitHub's Markdown."""
        return "\n".join(part.markdown() for part in self.parts) or self.nothing

    def in_short(self) -> str:
        """The plain text of an output in a notebook."""
        return "\n\n".join(part.in_short() for part in self.parts) or self.nothing

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.in_short())

    def __repr__(self) -> str:
        """The parts as plain text."""
        return "\n\n".join(repr(part) for part in self.parts) or self.nothing


def _in_one_line(row: Row, limit: int | None) -> str:
    """The cells on one line, cut where there is a limit; of the first one, its first line."""
    texts = [row.cells[0].text().partition("\n")[0], *(escape.one_line(cell.text()) for cell in row.cells[1:])]
    line = " · ".join(text for text in texts if text not in {"", "–"})
    return line if limit is None or len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _cards(table: Grid) -> list[str]:
    """Each row on lines of its own: the first cell, then the others with their headings."""
    lines: list[str] = []
    for item in table.shown():
        if not isinstance(item, Row):
            lines.append(_line(item).removeprefix("· "))
            continue
        texts = [item.cells[0].text(), *(f"{heading.full}: {cell.text()}" for heading, cell in item.card(table.headings))]
        lines += [f"  {line}" for text in texts for line in _wrapped(text, _CARD)]
    return lines


def _grid(table: Grid) -> list[str]:
    """Rows of columns, below their headings."""
    shown = [_wrapped_cells(item) if isinstance(item, Row) else _line(item) for item in table.shown()]
    rows = [item for item in shown if isinstance(item, list)]
    heads = [_wrapped(escape.one_line(h.full), _WIDEST) for h in table.headings]
    widths = [max(escape.width(line) for row in (heads, *rows) for line in row[i]) for i in range(len(heads))]
    lines = [*_laid_out(heads, widths), "  ".join("─" * width for width in widths)]
    for item in shown:
        lines += _laid_out(item, widths) if isinstance(item, list) else [item]
    return lines


def _wrapped(text: str, limit: int) -> list[str]:
    """The text on lines of at most ``limit`` columns, broken at blanks or after punctuation, else anywhere."""
    return [piece for line in text.split("\n") for piece in _wrapped_line(line, limit)]


def _laid_out(cells: list[list[str]], widths: list[int]) -> list[str]:
    """The lines that a row takes, its cells padded to ``widths``."""
    height = max(len(cell) for cell in cells)
    padded = [[*cell, *[""] * (height - len(cell))] for cell in cells]
    return [
        "  ".join(
            cell[i] + " " * (width - escape.width(cell[i])) for cell, width in zip(padded, widths, strict=True)
        ).rstrip()
        for i in range(height)
    ]


def _wrapped_cells(row: Row) -> list[list[str]]:
    return [_wrapped(cell.text(), _WIDEST) for cell in row.cells]


def _line(item: Group | str) -> str:
    if isinstance(item, str):
        return item
    parts = [item.title.text() if item.title else "", item.folded or ""]
    return "· " + "  ".join(part for part in parts if part)


def _wrapped_line(line: str, limit: int) -> list[str]:
    lines: list[str] = []
    while escape.width(line) > limit:
        end = _fitting(line, limit)
        breaks = [m.end() for m in _BREAKS.finditer(line, 0, end) if m.end() > limit // 4]
        cut = breaks[-1] if breaks else end
        lines.append(line[:cut].rstrip())
        line = line[cut:]
    return [*lines, line]


def _fitting(line: str, limit: int) -> int:
    """How many characters of the line fit, at least one."""
    if line[: limit + 1].isascii():
        return min(len(line), limit)
    taken = 0
    for number, char in enumerate(line):
        taken += escape.width(char)
        if taken > limit:
            return max(number, 1)
    return len(line)


def _markdown_cells(item: Group | Row | str, columns: int) -> list[str]:
    if isinstance(item, Row):
        return [cell.markdown() for cell in item.cells]
    first = escape.markdown(item) if isinstance(item, str) else _title(item)
    return [first, *[""] * (columns - 1)]


def _title(group: Group) -> str:
    title = f"**{group.title.markdown()}**" if group.title else ""
    return f"{title} {escape.markdown(group.folded or '')}".strip()


def _pipes(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
