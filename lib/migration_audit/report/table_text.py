"""A table as plain text: aligned, wrapped, the same on every terminal."""

from __future__ import annotations

import re

from migration_audit.report import escape
from migration_audit.report.grid import Grid, Group, Row

_WIDEST = 44
_BREAKS = re.compile(r"\s+|(?<=[,/])")


def render(table: Grid) -> str:
    """Caption, note, headings, rows; every line without trailing blanks, no line end at the end."""
    rows = [_cells(item) for item in table.shown() if isinstance(item, Row)]
    heads = [wrapped(escape.one_line(h.full), _WIDEST) for h in table.headings]
    widths = [max(escape.width(line) for row in (heads, *rows) for line in row[i]) for i in range(len(heads))]
    lines = [escape.one_line(table.caption), *([escape.one_line(table.note)] if table.note else []), ""]
    if not len(table):
        return "\n".join([*lines, table.nothing])
    lines += [*laid_out(heads, widths), "  ".join("─" * width for width in widths)]
    for item in table.shown():
        lines += laid_out(_cells(item), widths) if isinstance(item, Row) else [_line(item)]
    return "\n".join(lines)


def wrapped(text: str, limit: int) -> list[str]:
    """The text on lines of at most ``limit`` columns, broken at blanks or after punctuation, else anywhere."""
    return [piece for line in text.split("\n") for piece in _wrapped_line(line, limit)]


def laid_out(cells: list[list[str]], widths: list[int]) -> list[str]:
    """The lines that a row takes, its cells padded to ``widths``."""
    height = max(len(cell) for cell in cells)
    padded = [[*cell, *[""] * (height - len(cell))] for cell in cells]
    return [
        "  ".join(
            cell[i] + " " * (width - escape.width(cell[i])) for cell, width in zip(padded, widths, strict=True)
        ).rstrip()
        for i in range(height)
    ]


def _cells(row: Row) -> list[list[str]]:
    return [wrapped(cell.text(), _WIDEST) for cell in row.cells]


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
    taken = 0
    for number, char in enumerate(line):
        taken += escape.width(char)
        if taken > limit:
            return max(number, 1)
    return len(line)
