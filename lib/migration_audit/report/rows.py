"""The rows that the SQL of two sides leaves behind: for the terminal, and in a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from migration_audit.model.enumeration import first_lines
from migration_audit.model.rows import RowsComparison, TableComparison
from migration_audit.model.side_effects import SourceUndone, Undone
from migration_audit.report.escape import one_line
from migration_audit.report.inline import IdentifierText, Text
from migration_audit.report.table import Group, Heading, ReportTable, Row

_MOST_SHOWN = 20
"""Lines of one side that a terminal shows."""


def rows_text(rows: RowsComparison | None) -> str:
    """A block for the terminal; empty where there is nothing to say."""
    lines = [f"  {one_line(line)}" for line in _lines(rows)] if rows else []
    head = "Rows that the SQL writes (COV014, a warning, not part of the verdict):"
    return "\n".join([head, *lines]) + "\n" if lines else ""


def rows_table(rows: RowsComparison) -> ReportTable:
    """Each table in which a source leaves rows: how many on both sides, and what is different; never a value."""
    return ReportTable(
        caption="Rows that migrations write",
        note="Rows are compared by digests; no value is stored.",
        group_names=("Rows",),
        headings=tuple(Heading(name=name) for name in ("Table", "Expected", "Actual", "Different", "Left out")),
        groups=(Group(title=None, labels=("",), rows=tuple(map(_row, rows.tables))),) if rows.tables else (),
        nothing="Neither source writes rows that can be compared.",
    )


def _lines(rows: RowsComparison) -> Iterator[str]:
    yield from (f"{one}" + (f" (written at {one.where})" if one.where else "") for one in rows.differing)
    yield from (
        f"{one}" + (": the next row may get a number that is in use" if one.is_behind else "") for one in rows.sequences
    )
    for one in rows.tables:
        if not one.differs and one.extra:
            yield str(one)
        if one.counted_because:
            yield f"{one.table}: only the number of rows was compared: {one.counted_because}"
        yield from (f"{one.table}.{column} is left out: {reason}" for column, reason in one.left_out)
    yield from rows.unread
    yield from rows.notes


def _row(one: TableComparison) -> Row:
    left_out = [f"{column}: {reason}" for column, reason in one.left_out]
    cells = (
        IdentifierText(one.table),
        Text(f"{one.expected:,}"),
        Text(f"{one.actual:,}" if one.is_there else "no such table"),
        Text(", ".join(one.details) or ("all missing" if one.differs else "–"), strong=one.differs),
        Text("; ".join(filter(None, [one.counted_because, *left_out])) or "–", muted=True),
    )
    return Row(cells, marked=one.differs)


def undone_text(sides: Mapping[str, SourceUndone | None]) -> str:
    """A block for the terminal: what a file undoes of its own changes first; empty if there is nothing to report.

    What is only replaced is left to the JSON.
    """
    lines = [line for side, source in sides.items() if source for line in _undone_lines(side, source)]
    head = "Created and removed again (SQL006, not part of the verdict):"
    return "\n".join([head, *lines]) + "\n" if lines else ""


def undone_json(sides: Mapping[str, SourceUndone | None]) -> list[dict[str, Any]]:
    """One object for each thing that is taken away again; names and shape are a contract."""
    return [_body(side, one) for side, source in sides.items() if source for one in source.undone]


def _undone_lines(side: str, source: SourceUndone) -> Iterator[str]:
    if source.unknown:
        yield f"  {side}: {one_line(source.unknown.reason)}"
    if source.leaves_nothing:
        yield f"  {side}: everything that it creates is removed again: nothing of it was compared"
    shown = sorted((one for one in source.undone if not one.is_replaced), key=lambda one: not one.is_suspicious)
    lines = [one_line(str(one)) + ("; was a down section applied?" if one.is_suspicious else "") for one in shown]
    for line in first_lines(lines, most=_MOST_SHOWN, rest="… {:,} more (--format json lists them)"):
        yield f"  {side}: {line}"


def _body(side: str, one: Undone) -> dict[str, Any]:
    return {
        "side": side,
        "kind": one.kind,
        "object": one.name,
        "how": one.how.value,
        "created_at": str(one.made) if one.made else None,
        "undone_at": str(one.undone),
        "created_again_at": str(one.again) if one.again else None,
        "suspicious": one.is_suspicious,
    }
