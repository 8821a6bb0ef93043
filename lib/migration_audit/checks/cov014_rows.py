"""COV014: the rows that the legacy SQL leaves in tables."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.model.drift import Severity
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import Check, Finding, Outcome, Phase, Said, Told, Unavailable
from migration_audit.model.rows import RowsComparison, TableComparison


def run(rows: RowsComparison) -> Iterator[Said]:
    """Look up each row that the legacy SQL leaves on an empty server in the same table of the owner's side.

    Rows are compared by digests that the server makes; no value is shown or kept. The owner may have more rows. Columns that
    hold something else whenever the SQL is applied do not count, nor do numbers of a sequence where the rows are the same
    but for them. Ledgers, foreign tables, tables of extensions and what ``[scope]`` leaves out are not compared; a table
    of more than 1,000,000 rows only by their number.
    A sequence that the legacy SQL has moved must not go on with a lower number on the owner's side: the next row would take
    a number that another row has.
    Why: currencies, roles, feature switches: a fresh stack lacks the rows that migrations used to write, and a comparison
    of schemas does not say so.
    Fix: write the rows in the owner's SQL, INSERT … ON CONFLICT DO NOTHING.
    Fine when: the rows are made otherwise. Say so in audit.toml: ``[[seed]]`` with mode ignore, count or exact, or with the
    columns that do not count.
    Source: migrations that fill tables of codes; digests are the server's sha256(),
    https://www.postgresql.org/docs/current/functions-binarystring.html
    """
    for table in rows.differing:
        yield _finding(table)
    for one in rows.sequences:
        if one.is_behind:
            yield Finding(
                key=f"COV014:sequence:{one.sequence}",
                summary=f"{one}: a number may be given twice",
                expected=f"next: {one.expected}",
                actual=f"next: {one.actual}",
            )
        else:
            yield Told(text=str(one))
    if rows.unread:
        yield Unavailable(reason="; ".join(rows.unread), outcome=Outcome.ERRORED)
    yield from _notes(rows)


def _finding(table: TableComparison) -> Finding:
    return Finding(
        key=f"COV014:table:{table.table}",
        summary=str(table),
        expected=f"{table.expected:,} rows",
        actual=f"{table.actual:,} rows" + (f" ({', '.join(table.details)})" if table.details else ""),
        where=str(table.where) if table.where else None,
    )


def _notes(rows: RowsComparison) -> Iterator[Told]:
    same = [one.table for one in rows.tables if not one.differs and one.expected]
    if same:
        yield Told(text=f"the rows of {some_of(same)} are there")
    more = [one.table for one in rows.tables if not one.differs and one.extra]
    if more:
        yield Told(text=f"only the owner has some rows of {some_of(more)}")
    counted = [f"{one.table} ({one.counted_because})" for one in rows.tables if one.counted_because]
    if counted:
        yield Told(text=f"compared by the number of rows alone: {some_of(counted)}")
    left_out = [f"{one.table}.{column} ({reason})" for one in rows.tables for column, reason in one.left_out]
    if left_out:
        yield Told(text=f"columns that do not count: {some_of(left_out)}")
    if not rows.tables:
        yield Told(text="neither source leaves rows that are compared")
    yield from (Told(text=note) for note in rows.notes)


CHECK = Check(
    id="COV014",
    title="The rows that the legacy SQL writes are on the owner's side",
    severity=Severity.WARNING,
    phases=(Phase.PREFLIGHT,),
    run=run,
)
