"""Reads the table in which a runner records what it applied."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

from migration_audit.catalog.connection import attempt, begin_reading, read_again
from migration_audit.catalog.server_errors import VANISHED, ask_whether_replaced, database_error
from migration_audit.formats import LedgerFormat
from migration_audit.model.errors import UsageError
from migration_audit.model.live import Ledger, LedgerState

MOST_ROWS = 100_000
_MOST_CHARACTERS = 4096
"""Of one value: as many as the path of a file can have."""

_FIND = """
select nsp.nspname as schema,
       rel.relname as relation,
       array(
           select att.attname::text
             from pg_catalog.pg_attribute as att
            where att.attrelid = rel.oid and att.attnum > 0 and not att.attisdropped
            order by att.attnum
       ) as columns,
       array(
           select att.attname::text
             from pg_catalog.pg_attribute as att
            where att.attrelid = rel.oid and att.atttypid = 'pg_catalog.bytea'::pg_catalog.regtype
       ) as binary_columns,
       array(
           select att.attname::text
             from pg_catalog.pg_attribute as att
             join pg_catalog.pg_type as typ on typ.oid = att.atttypid
            where att.attrelid = rel.oid and typ.typcategory = 'S'
       ) as text_columns,
       pg_catalog.has_schema_privilege(nsp.oid, 'usage') as may_enter,
       exists (
           select
             from pg_catalog.pg_class as far
            where far.relkind = 'f'
              and (far.oid = rel.oid or far.oid in (select par.relid from pg_catalog.pg_partition_tree(rel.oid) as par))
       ) as is_elsewhere,
       current_user as role
  from pg_catalog.parse_ident(%s) as name (parts)
  join pg_catalog.pg_class as rel on rel.relname = name.parts[pg_catalog.cardinality(name.parts)]::pg_catalog.name
  join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
 where nsp.nspname = case pg_catalog.cardinality(name.parts) when 1 then 'public' else name.parts[1] end::pg_catalog.name
   and rel.relkind in ('r', 'p', 'v', 'm', 'f')
"""
_ROWS = sql.SQL("select {columns} from {table} order by {order} limit {most}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The table that a ledger's name leads to."""

    schema: str
    relation: str
    columns: list[str]
    binary_columns: list[str]
    text_columns: list[str]
    may_enter: bool
    is_elsewhere: bool
    """Whether it, or a partition of it, is a foreign table."""
    role: str


@read_again
def read_ledger(connection: psycopg.Connection[Any], table: str, form: LedgerFormat) -> Ledger:
    """What the ledger says was applied; never an error for a ledger that is absent, closed or of another shape.

    ``table`` is ``schema.table`` as SQL spells it; without a schema, ``public`` is meant. It is read in the connection's
    transaction, so at the same instant as a snapshot that was read before. Raises UsageError for a name that cannot be
    one, DatabaseError when the connection fails.
    """
    try:
        begin_reading(connection)
        try:
            found = _find(connection, table)
        except psycopg.errors.UntranslatableCharacter:
            reason = f"The table {table} does not exist: the encoding of the database lacks characters of its name."
            return Ledger(table=table, state=LedgerState.ABSENT, reason=reason)
        if found is None:
            return Ledger(table=table, state=LedgerState.ABSENT, reason=f"The table {table} does not exist.")
        return _read(connection, table, found, form)
    except psycopg.Error as error:
        raise database_error(error, connection) from error


def _find(connection: psycopg.Connection[Any], table: str) -> _Found | None:
    try:
        with attempt(connection):
            named = connection.execute("select pg_catalog.cardinality(pg_catalog.parse_ident(%s))", (table,))
            found = connection.cursor(row_factory=class_row(_Found)).execute(_FIND, (table,))
    except psycopg.errors.UntranslatableCharacter:
        raise
    except (psycopg.errors.InvalidParameterValue, psycopg.DataError) as error:
        raise UsageError(f"{table!r} is not the name of a table", todo="write schema.table as in SQL") from error
    if named.fetchall()[0][0] > 2:
        raise UsageError(f"{table!r} has more parts than a schema and a table", todo="write schema.table")
    return found.fetchone()


def _read(connection: psycopg.Connection[Any], table: str, found: _Found, form: LedgerFormat) -> Ledger:
    columns = tuple(found.columns)
    ledger = partial(Ledger, table=table, columns=columns)
    lacking = [name for name in form.columns if name not in columns]
    if lacking:
        reason = f"{table} has no column {' and no column '.join(lacking)}; it has {', '.join(columns) or 'none'}."
        return ledger(state=LedgerState.OTHER_SHAPE, reason=reason)
    if closed := _why_unreadable(table, found):
        return ledger(state=LedgerState.UNREADABLE, reason=closed)
    try:
        rows = _rows(connection, found, form)
    except psycopg.errors.DatabaseError as error:
        if connection.info.transaction_status is not TransactionStatus.INTRANS or isinstance(error, VANISHED):
            raise
        reason = f"Role {found.role} cannot read {table}: {error.diag.message_primary}."
        return ledger(state=LedgerState.UNREADABLE, reason=reason)
    names = tuple(name for row in rows if (name := row[form.name_column]) is not None)
    if too_long := _why_too_long(table, rows):
        return ledger(state=LedgerState.OTHER_SHAPE, reason=too_long)
    if len(names) < len(rows):
        reason = f"{table} has rows without a name: {len(rows) - len(names)}."
        return ledger(state=LedgerState.OTHER_SHAPE, names=names, reason=reason)
    return ledger(state=LedgerState.PRESENT, names=names, rows=tuple(rows))


def _why_unreadable(table: str, found: _Found) -> str | None:
    if not found.may_enter:
        return f"Role {found.role} may not use schema {found.schema}."
    if found.is_elsewhere:
        return f"{table} is a foreign table, or has one as a part: reading it would connect to another server."
    return None


def _why_too_long(table: str, rows: list[dict[str, str | None]]) -> str | None:
    if len(rows) > MOST_ROWS:
        return f"{table} has more than {MOST_ROWS:,} rows, too long for a ledger."
    if too_long := sorted({name for row in rows for name, value in row.items() if len(value or "") > _MOST_CHARACTERS}):
        names = ", ".join(too_long)
        return f"{table} has values of more than {_MOST_CHARACTERS:,} characters in {names}, too long for a ledger."
    return None


def _rows(connection: psycopg.Connection[Any], found: _Found, form: LedgerFormat) -> list[dict[str, str | None]]:
    read = [*form.columns, *(name for name in form.optional_columns if name in found.columns)]
    order = [name for name in form.order or (form.name_column,) if name in found.columns]
    query = _ROWS.format(
        columns=sql.SQL(", ").join(_as_text(name, found) for name in read),
        table=sql.Identifier(found.schema, found.relation),
        order=sql.SQL(", ").join(_in_order(name, found) for name in order),
        most=sql.Literal(MOST_ROWS + 1),
    )
    with attempt(connection):
        rows = connection.execute(query)
        replaced = ask_whether_replaced(connection, found.schema, found.relation)
    replaced.refuse()
    return [dict.fromkeys(form.optional_columns) | dict(zip(read, row, strict=True)) for row in rows.fetchall()]


def _as_text(column: str, found: _Found) -> sql.Composable:
    shape = "pg_catalog.encode({}, 'hex')" if column in found.binary_columns else "{}::pg_catalog.text"
    text = sql.SQL(shape).format(sql.Identifier(column))
    return sql.SQL("pg_catalog.left({}, {})").format(text, sql.Literal(_MOST_CHARACTERS + 1))


def _in_order(column: str, found: _Found) -> sql.Composable:
    """Texts by their bytes, whatever the database's collation; everything else by its own order."""
    shape = '{} collate "C"' if column in found.text_columns else "{}"
    return sql.SQL(shape).format(sql.Identifier(column))
