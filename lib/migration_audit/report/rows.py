"""The rows that the SQL of two sides leaves behind: for the terminal, and in a table."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.model.rows import RowsComparison, TableComparison
from migration_audit.report.escape import one_line
from migration_audit.report.inline import IdentifierText, Text
from migration_audit.report.table import Group, Heading, ReportTable, Row


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
