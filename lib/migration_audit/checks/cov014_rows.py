"""COV014: the rows that the legacy SQL leaves in tables."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.phases import preflight_check
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Outcome, Severity, Unavailable
from migration_audit.model.rows import RowsComparison, TableComparison


def run(rows: RowsComparison) -> Iterator[CheckOutput]:
    """Look up each row that the legacy SQL writes on an empty server, in the same table on the owner's side.

    The server computes digests of the values; no value is shown or stored. The digests in the evidence use a random key that
    is created for one comparison and then discarded: equal rows have equal digests, and no value can be guessed from them.
    The owner may have more rows. Two kinds of columns are left out: those whose values change whenever the SQL is applied
    (``now()``, random values), and numbers from a sequence if the rows are equal without them. Ledgers, foreign tables,
    tables of extensions and what ``[scope]`` leaves out are not compared. For a table with more than 1,000,000 rows, only
    the number of rows is compared.
    The next value of a sequence that the legacy SQL used must not be lower on the owner's side, because the next row would
    get a number that is already in use.
    Why: a fresh stack lacks the rows that migrations used to insert (currencies, roles, feature switches), and a comparison
    of schemas does not show it.
    Fix: insert the rows in the owner's SQL with INSERT … ON CONFLICT DO NOTHING.
    Fine when: the rows are created in another way. Declare it in audit.toml: ``[[seed]]`` with mode ignore, count or exact,
    or with the columns to leave out.
    Source: migrations that fill lookup tables; digests are the server's sha256(),
    https://www.postgresql.org/docs/current/functions-binarystring.html
    """
    for table in rows.differing:
        yield _finding(table)
    for one in rows.sequences:
        if one.is_behind:
            yield Finding(
                key=f"COV014:sequence:{one.sequence}",
                summary=f"{one}: the next row may get a number that is in use",
                expected=f"next: {one.expected}",
                actual=f"next: {one.actual}",
            )
        else:
            yield Note(text=str(one))
    if rows.unread:
        yield Unavailable(reason=some_of(rows.unread, between="; "), outcome=Outcome.ERRORED)
    yield from _notes(rows)


def _finding(table: TableComparison) -> Finding:
    return Finding(
        key=f"COV014:table:{table.table}",
        summary=str(table),
        expected=f"{table.expected:,} rows",
        actual=f"{table.actual:,} rows" + (f" ({some_of(table.details)})" if table.details else ""),
        where=str(table.where) if table.where else None,
    )


def _notes(rows: RowsComparison) -> Iterator[Note]:
    same = [one.table for one in rows.tables if not one.differs and one.expected]
    if same:
        yield Note(text=f"the owner has the rows of {some_of(same)}")
    more = [one.table for one in rows.tables if not one.differs and one.extra]
    if more:
        yield Note(text=f"the owner has more rows in {some_of(more)}")
    counted = [f"{one.table} ({one.counted_because})" for one in rows.tables if one.counted_because]
    if counted:
        yield Note(text=f"only the number of rows was compared: {some_of(counted)}")
    left_out = [f"{one.table}.{column} ({reason})" for one in rows.tables for column, reason in one.left_out]
    if left_out:
        yield Note(text=f"columns left out: {some_of(left_out)}")
    if not rows.tables:
        yield Note(text="neither source writes rows that can be compared")
    yield from (Note(text=note) for note in rows.notes)


CHECK = preflight_check("COV014", "The owner's SQL writes the rows that the legacy SQL writes", Severity.WARNING, run)
