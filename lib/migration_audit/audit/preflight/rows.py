"""The rows that two sources leave behind: read, compared, and read once more where only time or chance may differ."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from migration_audit import shadow
from migration_audit.audit.preflight.loading import cluster_for
from migration_audit.audit.run_in_parallel import run_in_parallel
from migration_audit.catalog.connection import open_connection
from migration_audit.catalog.features import read_features
from migration_audit.catalog.queries import load_query
from migration_audit.catalog.server_errors import database_error
from migration_audit.compare import RowScope, compare_rows, known_ledgers, rows_out_of_scope
from migration_audit.model.command import AnySource
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Unavailable
from migration_audit.model.identifiers import dotted
from migration_audit.model.location import Location
from migration_audit.model.relations import Table
from migration_audit.model.rows import (
    CELL,
    RowsComparison,
    SequencePosition,
    SourceRows,
    TableRows,
    by_table,
    unstable_columns,
)
from migration_audit.model.snapshot import Snapshot
from migration_audit.shadow.apply import apply_sources

if TYPE_CHECKING:
    from migration_audit.project import Project

Pair = tuple[SourceRows, SourceRows]
"""Of the expected and of the actual side."""
Again = Callable[[Collection[str]], Pair]
"""Applies both sides once more, and reads the tables with these keys."""


def preflight_rows(
    sides: tuple[Snapshot | Unavailable, Snapshot | Unavailable],
    rows: tuple[SourceRows | None, SourceRows | None],
    *,
    project: Project,
    again: Again,
) -> RowsComparison | Unavailable:
    """The legacy side's rows looked up on the owner's side, or why they cannot be."""
    lacking = next((side for side in sides if isinstance(side, Unavailable)), None)
    (left, right), (expected, actual) = sides, rows
    if isinstance(left, Unavailable) or isinstance(right, Unavailable) or expected is None or actual is None:
        return lacking or Unavailable(reason="the rows of this source are not read", required=False)
    scope = row_scope(project, left, right)
    return compared_rows((expected, actual), there=right, scope=scope, again=again)


def row_scope(project: Project | None, *snapshots: Snapshot) -> RowScope:
    """Which rows count: not those of ledgers, known runners' ones among them, and none that audit.toml leaves out."""
    left_out = {key: "a known runner's ledger" for snapshot in snapshots for key in _known_ledgers(snapshot)}
    if project is None:
        return RowScope(left_out=left_out)
    for snapshot in snapshots:
        left_out |= rows_out_of_scope(snapshot, project)
    return RowScope(rules=project.seeds, left_out=left_out)


def _known_ledgers(snapshot: Snapshot) -> Iterator[str]:
    known = known_ledgers(snapshot)
    schemas = {key for kind, key in known if kind == "schema"}
    for table in snapshot.of(Table):
        if ("table", table.key) in known or dotted(table.schema) in schemas:
            yield table.key


def compared_rows(first: Pair, *, there: Snapshot, scope: RowScope, again: Again) -> RowsComparison:
    """The comparison, without the columns whose values change whenever the SQL is applied.

    Only where rows differ that are on both sides are both sources applied ``again``, to see which columns these are.
    """
    found = compare_rows(expected=first[0], actual=first[1], there=there, scope=scope)
    doubtful = [one.table for one in found.differing if one.actual and not one.counted_because]
    if not doubtful:
        return found
    second = again(doubtful)
    failed = next((rows.reason for rows in second if rows.reason), None)
    if failed:
        note = f"could not check which columns of {', '.join(doubtful)} change whenever the SQL is applied: {failed}"
        return replace(found, notes=(*found.notes, note))
    unstable = {table: _unstable(table, first, second) for table in doubtful}
    return compare_rows(expected=first[0], actual=first[1], there=there, scope=replace(scope, unstable=unstable))


def _unstable(table: str, first: Pair, second: Pair) -> frozenset[str]:
    found: set[str] = set()
    for before, after in zip(first, second, strict=True):
        one, other = by_table(before.tables).get(table), by_table(after.tables).get(table)
        if one and other:
            found |= unstable_columns(one, other)
    return frozenset(found)


def rows_again(
    server: shadow.ShadowServer, sequences: tuple[Sequence[AnySource], Sequence[AnySource]], only: Collection[str]
) -> Pair:
    """What both sides leave in these tables when they are applied to fresh servers once more."""

    def once(sequence: Sequence[AnySource]) -> SourceRows:
        with cluster_for(server, *sequence) as cluster:
            conninfo = cluster.create_database("again")
            application = apply_sources(conninfo, sequence)
            if application.applied.failure:
                return SourceRows(reason=f"{application.applied.failure.at}: {application.applied.failure.message}")
            return source_rows(conninfo, application.trace.locate, only=only)

    expected, actual = run_in_parallel(once, sequences)
    return expected, actual


MOST_ROWS = 1_000_000
"""The rows of a table with more of them are only counted."""
MOST_VALUES = 4_000_000
"""How many values of one side are read as digests (32 MB, and some more); the smallest tables come first."""
_AT_ONCE = 200

_Locate = Callable[[int, int], Location | None]
"""``xmin`` and ``cmin`` of a row to the statement that wrote it."""
_CELL = sql.SQL(
    "coalesce(pg_catalog.substr(pg_catalog.sha256(pg_catalog.convert_to({}::pg_catalog.text, 'UTF8')), 1, {}), {}::bytea)"
)


def source_rows(conninfo: str, locate: _Locate, *, only: Collection[str] | None = None) -> SourceRows:
    """What the tables of a shadow hold, and where its sequences go on; ``only`` the tables with these keys, if given.

    No value leaves the server but as a digest. Where the catalog, or a table, cannot be read, or a table has too many rows,
    the reason is given instead; foreign tables and what an extension brings along are left out.
    """
    try:
        with open_connection(conninfo) as connection:
            try:
                return _read_rows(connection, locate, only)
            except psycopg.Error as error:
                raise database_error(error, connection) from error
    except AuditError as error:
        return SourceRows(reason=str(error))


def _read_rows(connection: psycopg.Connection[Any], locate: _Locate, only: Collection[str] | None) -> SourceRows:
    if read_features(connection).has_timescaledb:
        connection.execute(load_query("hidden_relations"))
    found = connection.execute(load_query("written_tables")).fetchall()
    tables = [_counted(connection, row) for row in found if only is None or dotted(*row[:2]) in only]
    sequences = connection.execute(load_query("written_sequences")).fetchall()
    return SourceRows(
        tables=tuple(sorted(_with_cells(connection, tables, locate), key=lambda found: found.table)),
        sequences=tuple(_positions(connection, sequences)),
    )


_Table = tuple[TableRows, sql.Composable]
"""A table, and what its rows are read from."""


def _counted(connection: psycopg.Connection[Any], row: Sequence[Any]) -> _Table:
    schema, name, only, columns, key, generated = row
    source = sql.SQL("only {}" if only else "{}").format(sql.Identifier(schema, name))
    table = TableRows(table=dotted(schema, name), columns=tuple(columns), key=tuple(key), generated=tuple(generated))
    found = _tried(connection, sql.SQL("select pg_catalog.count(*) from {}").format(source))
    if isinstance(found, str):
        return replace(table, reason=found), source
    return replace(table, count=found[0][0]), source


def _with_cells(connection: psycopg.Connection[Any], tables: Sequence[_Table], locate: _Locate) -> Iterator[TableRows]:
    left = MOST_VALUES
    for table, source in sorted(tables, key=lambda each: each[0].count or 0):
        if table.count is None:
            yield table
        elif table.count > MOST_ROWS or table.count * len(table.columns) > left:
            yield replace(
                table,
                reason="there are too many rows to read",
                written_at=_writer(connection, source, locate),
            )
        elif table.count:
            left -= table.count * len(table.columns)
            cells = _tried(connection, _digests(table, source), binary=True)
            read = (
                replace(table, reason=cells) if isinstance(cells, str) else replace(table, cells=tuple(c for (c,) in cells))
            )
            yield replace(read, written_at=_writer(connection, source, locate))


def _digests(table: TableRows, source: sql.Composable) -> sql.Composed:
    null = sql.Literal(f"\\x{'00' * CELL}")
    cells = [_CELL.format(sql.Identifier(column), sql.Literal(CELL), null) for column in table.columns]
    row = sql.SQL(" || ").join(cells) if cells else sql.SQL("''::bytea")
    return sql.SQL("select {} from {}").format(row, source)


def _writer(connection: psycopg.Connection[Any], source: sql.Composable, locate: _Locate) -> Location | None:
    found = _tried(connection, sql.SQL("select xmin::text, cmin::text from {} limit 1").format(source))
    return None if isinstance(found, str) or not found else locate(int(found[0][0]), int(found[0][1]))


def _positions(connection: psycopg.Connection[Any], sequences: Sequence[Sequence[Any]]) -> Iterator[SequencePosition]:
    for start in range(0, len(sequences), _AT_ONCE):
        some = sequences[start : start + _AT_ONCE]
        each = sql.SQL(" union all ").join(
            sql.SQL("(select {}, last_value, is_called from {})").format(sql.Literal(n), sql.Identifier(schema, name))
            for n, (schema, name, *_) in enumerate(some)
        )
        found = _tried(connection, each)
        for number, last, is_called in [] if isinstance(found, str) else found:
            schema, name, table_schema, table, first, increment = some[number]
            position = last + increment if is_called else last
            yield SequencePosition(
                sequence=dotted(schema, name),
                next=position,
                ascending=increment > 0,
                touched=position != first,
                table=dotted(table_schema, table) if table else None,
            )


def _tried(connection: psycopg.Connection[Any], query: sql.Composed, *, binary: bool = False) -> list[Any] | str:
    """The rows of a query, or why the server refuses it."""
    try:
        with connection.transaction():  # a savepoint: a refusal must not end the transaction
            return connection.cursor(binary=binary).execute(query).fetchall()
    except psycopg.errors.DatabaseError as error:
        if connection.info.transaction_status is not TransactionStatus.INTRANS:
            raise
        # Never the detail: it may hold a value of a row.
        return f"cannot be read: {error.diag.message_primary}"
