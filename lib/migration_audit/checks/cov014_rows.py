"""COV014: the rows that the legacy SQL leaves in tables."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.model.drift import Severity
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import Check, Finding, Outcome, Phase, Said, Told, Unavailable
from migration_audit.model.rows import RowsComparison, TableComparison


def run(rows: RowsComparison) -> Iterator[Said]:
    """Look up each row that the legacy SQL leaves on an empty server in the same table of the owner's side.

    The server computes digests of the values; no value is shown or stored. The digests in the evidence have a random key,
    which is made for one comparison and not kept: they are equal where the rows are, and no value can be guessed from
    them. The owner may have more rows. Two kinds of
    columns are left out: those whose values change whenever the SQL is applied (``now()``, random values), and numbers from
    a sequence where the rows are equal without them. Ledgers, foreign tables, tables of extensions and what ``[scope]``
    leaves out are not compared. Of a table with more than 1,000,000 rows, only their number is compared.
    The next value of a sequence that the legacy SQL has used must not be lower on the owner's side: the next row would get
    a number that is in use.
    Why: currencies, roles, feature switches: a fresh stack lacks the rows that migrations used to write, and a comparison
    of schemas does not say so.
    Fix: write the rows in the owner's SQL, INSERT … ON CONFLICT DO NOTHING.
    Fine when: the rows are made otherwise. Say so in audit.toml: ``[[seed]]`` with mode ignore, count or exact, or with the
    columns to leave out.
    Source: migrations that fill tables of codes; digests are the server's sha256(),
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
            yield Told(text=str(one))
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


def _notes(rows: RowsComparison) -> Iterator[Told]:
    same = [one.table for one in rows.tables if not one.differs and one.expected]
    if same:
        yield Told(text=f"the owner has the rows of {some_of(same)}")
    more = [one.table for one in rows.tables if not one.differs and one.extra]
    if more:
        yield Told(text=f"the owner has more rows in {some_of(more)}")
    counted = [f"{one.table} ({one.counted_because})" for one in rows.tables if one.counted_because]
    if counted:
        yield Told(text=f"only the number of rows was compared: {some_of(counted)}")
    left_out = [f"{one.table}.{column} ({reason})" for one in rows.tables for column, reason in one.left_out]
    if left_out:
        yield Told(text=f"columns left out: {some_of(left_out)}")
    if not rows.tables:
        yield Told(text="neither source writes rows that are compared")
    yield from (Told(text=note) for note in rows.notes)


CHECK = Check(
    id="COV014",
    title="The owner has the rows that the legacy SQL writes",
    severity=Severity.WARNING,
    phases=(Phase.PREFLIGHT,),
    run=run,
)
