"""Counts the rows that prevent a unique index or a NOT NULL; reads them, and keeps nothing but the numbers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import postgast
import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from migration_audit.catalog.connection import attempt, begin_reading, read_again
from migration_audit.catalog.server_errors import ask_whether_replaced, database_error
from migration_audit.model.identifiers import in_quotes, sql_name
from migration_audit.model.live import Demand, Obstacle, Wanted
from migration_audit.model.sql_tree import parse

MOST_ROWS: Final = 10_000_000
"""The rows of one part that are grouped; what is beyond them is not known."""
_TEMP_FILES_KB: Final = 1 << 20
_LIMIT: Final = """
select own.setting::pg_catalog.int8, pg_catalog.current_setting(own.name)
  from pg_catalog.pg_settings as own
 where own.name = 'statement_timeout'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """What has to be unique, as SQL."""

    expressions: tuple[str, ...]
    names: tuple[str, ...] = ()
    """Those columns of them that are compared as they are."""
    predicate: str | None = None
    nulls_are_equal: bool = False


class _NotCountedError(Exception):
    """What is wanted cannot be counted, and why."""


@read_again
def count_obstacles(connection: psycopg.Connection[Any], wanted: Iterable[Wanted]) -> tuple[Obstacle, ...]:
    """How many keys or rows prevent each wanted object, in the order given.

    Each count takes at most the connection's statement timeout, needs SELECT on the table, honours the predicate, the
    expressions, the collations and NULLS NOT DISTINCT of an index, and calls no function but PostgreSQL's own; what cannot
    be counted says why. A table in many parts is read part by part, and no lock stays behind. Of each part at most
    ``MOST_ROWS`` rows are grouped, by one process, with at most ``_TEMP_FILES_KB`` on disk where the role may set it.
    Raises DatabaseError when the connection fails.
    """
    try:
        begin_reading(connection)
        _limit_temporary_files(connection)
        return tuple(_count(connection, each) for each in wanted)
    except psycopg.Error as error:
        raise database_error(error, connection) from error


def _limit_temporary_files(connection: psycopg.Connection[Any]) -> None:
    """For this transaction, never above what is set; a superuser may, and who was granted SET on the parameter."""
    with suppress(psycopg.errors.InsufficientPrivilege), attempt(connection):
        connection.execute(
            "select pg_catalog.set_config(own.name, least(nullif(own.setting::int8, -1), %s)::text, true)"
            "  from pg_catalog.pg_settings as own where own.name = 'temp_file_limit'",
            (_TEMP_FILES_KB,),
        )


def _count(connection: psycopg.Connection[Any], wanted: Wanted) -> Obstacle:
    try:
        keys = _keys(wanted)
    except _NotCountedError as error:
        return Obstacle(wanted=wanted, reason=str(error))
    columns, listing = ", ".join(keys.expressions), _listing(connection, wanted, keys)
    parts = _parts_of_table(connection, wanted.schema, wanted.table, only=wanted.only)
    needed = parts.split_by - set(keys.names)
    if wanted.demand is Demand.UNIQUE and needed:
        names = ", ".join(map(sql_name, sorted(needed)))
        reason = f"it lacks {names}, by which the table is partitioned: a unique index must include it"
        return Obstacle(wanted=wanted, columns=columns, reason=reason)
    found, rows, stopped = _count_parts(connection, wanted, keys, parts)
    ask_whether_replaced(connection, wanted.schema, wanted.table).refuse()
    if stopped is not None and not found:
        return Obstacle(wanted=wanted, columns=columns, listing=listing, reason=stopped)
    return Obstacle(wanted=wanted, columns=columns, keys=found, rows=rows, listing=listing, is_least=stopped is not None)


def _count_parts(
    connection: psycopg.Connection[Any], wanted: Wanted, keys: _Keys, parts: _Parts
) -> tuple[int, int, str | None]:
    """Keys and rows that are in the way, and why the count ended before it had seen all rows."""
    limit = connection.execute(_LIMIT).fetchone()
    limit_ms, shown = limit or (0, "the time")
    began, found, rows = time.monotonic(), 0, 0
    for number, source in enumerate(parts.sources):
        left = limit_ms - int((time.monotonic() - began) * 1000)
        seen = f" ({number} of {len(parts.sources)} parts were)" if len(parts.sources) > 1 else ""
        if limit_ms and left <= 0:
            return found, rows, f"it could not be counted within {shown}{seen}"
        try:
            # A savepoint that is taken back: its locks go with it, and a refusal does not end the transaction.
            with attempt(connection, undo=True):
                connection.execute("select pg_catalog.set_config('statement_timeout', %s, true)", (str(left),))
                answer = connection.execute(_counting(wanted, keys, source).as_bytes(connection))
            counted = answer.fetchone()
        except psycopg.errors.DatabaseError as error:
            if connection.info.transaction_status is not TransactionStatus.INTRANS:
                raise
            return found, rows, _reason(error, shown) + seen
        more, more_rows, read = counted or (0, 0, 0)
        found, rows = found + more, rows + more_rows
        if read > MOST_ROWS:
            return found, rows, f"it has more than {MOST_ROWS:,} rows, which are not counted{seen}"
    return found, rows, None


def _conditions(wanted: Wanted, keys: _Keys) -> str:
    if wanted.demand is Demand.NOT_NULL:
        conditions = [f"{keys.expressions[0]} IS NULL"]
    elif wanted.demand is Demand.VALUE:
        conditions = []
    else:
        conditions = [keys.predicate] if keys.predicate else []
        if not keys.nulls_are_equal:
            conditions += [f"{expression} IS NOT NULL" for expression in keys.expressions]
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _counting(wanted: Wanted, keys: _Keys, source: sql.Composed) -> sql.Composed:
    """The query that counts in one part: keys, their rows, and how many rows it has read."""
    # All names were quoted, and all expressions were printed by a parser from what a catalog gave.
    where, limit = sql.SQL(_conditions(wanted, keys)), sql.Literal(MOST_ROWS + 1)
    if wanted.demand is not Demand.UNIQUE:
        counting = "select n, n, n from (select count(*) as n from (select from {}{} limit {}) as part) as all_rows"
        return sql.SQL(counting).format(source, where, limit)
    each = sql.SQL(", ".join(f"{text} as k{n}" for n, text in enumerate(keys.expressions)))
    names = sql.SQL(", ".join(f"k{n}" for n in range(len(keys.expressions))))
    return sql.SQL(
        "select count(*) filter (where n > 1), coalesce(sum(n) filter (where n > 1), 0)::int8, coalesce(sum(n), 0)::int8"
        " from (select count(*) as n from (select {} from {}{} limit {}) as part group by {}) as grp"
    ).format(each, source, where, limit, names)


def _listing(connection: psycopg.Connection[Any], wanted: Wanted, keys: _Keys) -> str:
    """The query with which a person lists."""
    table = sql.SQL("ONLY {}" if wanted.only else "{}").format(sql.Identifier(wanted.schema, wanted.table))
    rest = f"FROM {table.as_string(connection)}{_conditions(wanted, keys)}"
    if wanted.demand is not Demand.UNIQUE:
        return f"SELECT * {rest};"
    each = ", ".join(keys.expressions)
    return f"SELECT {each}, count(*) {rest} GROUP BY {each} HAVING count(*) > 1;"


def _keys(wanted: Wanted) -> _Keys:
    if wanted.column is not None:
        return _Keys(expressions=(_spelled(parse(f"select {in_quotes(wanted.column)}").stmts[0]),))
    if wanted.index is not None:
        return _of_index(parse(wanted.index).stmts[0].stmt.index_stmt)
    text = f"alter table t add {wanted.constraint}"
    constraint = parse(text).stmts[0].stmt.alter_table_stmt.cmds[0].alter_table_cmd
    definition = getattr(constraint, "def").constraint
    names = [key.string.sval for key in definition.keys]
    if definition.without_overlaps:
        raise _NotCountedError("violations of WITHOUT OVERLAPS are not counted")
    columns = tuple(_spelled(parse(f"select {in_quotes(name)}").stmts[0]) for name in names)
    return _Keys(expressions=columns, names=tuple(names), nulls_are_equal=definition.nulls_not_distinct)


def _of_index(index: Any) -> _Keys:
    if index.access_method not in {"", "btree"}:
        raise _NotCountedError(f"which values a {index.access_method} index treats as equal is not known")
    _refuse_functions(index)
    expressions, names = [], []
    for param in index.index_params:
        element = param.index_elem
        if element.name and not element.collation:
            names.append(element.name)
        frame = parse(f"select ({in_quotes(element.name or 'x')})")
        target = frame.stmts[0].stmt.select_stmt.target_list[0].res_target
        if element.HasField("expr"):
            target.val.CopyFrom(element.expr)
        if element.collation:
            collated = parse('select x collate "C"').stmts[0].stmt.select_stmt.target_list[0].res_target.val
            collated.collate_clause.arg.CopyFrom(target.val)
            del collated.collate_clause.collname[:]
            collated.collate_clause.collname.extend(element.collation)
            target.val.CopyFrom(collated)
        spelled = _spelled(frame.stmts[0])
        expressions.append(spelled if element.name and not element.collation else f"({spelled})")
    predicate = None
    if index.HasField("where_clause"):
        frame = parse("select x")
        frame.stmts[0].stmt.select_stmt.target_list[0].res_target.val.CopyFrom(index.where_clause)
        predicate = f"({_spelled(frame.stmts[0])})"
    return _Keys(
        expressions=tuple(expressions),
        names=tuple(names),
        predicate=predicate,
        nulls_are_equal=index.nulls_not_distinct,
    )


def _refuse_functions(index: Any) -> None:
    """A function of the database could do anything with the auditor's rights; what PostgreSQL brings is printed bare."""
    calls = [
        *postgast.find_nodes(index, postgast.pg_query_pb2.FuncCall),
        *postgast.find_nodes(index, postgast.pg_query_pb2.A_Expr),
    ]
    for call in calls:
        parts = [part.string.sval for part in (call.funcname if hasattr(call, "funcname") else call.name)]
        if len(parts) > 1 and parts[0] != "pg_catalog":
            raise _NotCountedError(f"it calls {'.'.join(parts)}, and the audit does not call functions of the database")


def _spelled(statement: Any) -> str:
    """The expression of ``select expression``, as SQL."""
    made = parse("select 1")
    made.stmts[0].CopyFrom(statement)
    return str(postgast.deparse(made)).removeprefix("SELECT ")


def _reason(error: psycopg.errors.DatabaseError, limit: str) -> str:
    if isinstance(error, psycopg.errors.QueryCanceled):
        return f"it could not be counted within {limit}"
    if isinstance(error, psycopg.errors.ConfigurationLimitExceeded):
        return "it could not be counted without larger temporary files than temp_file_limit allows"
    # Never the detail: it may hold a value of a row.
    return f"it cannot be counted: {error.diag.message_primary}"


_AT_ONCE: Final = 16
"""A table of no more parts is read as a whole: each part takes a lock, and one for each of its indexes."""

_TREE: Final = """
with recursive tree (oid, level) as (
    select rel.oid, 0
      from pg_catalog.pg_class as rel
      join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
     where nsp.nspname = %s and rel.relname = %s
     union all
    select inh.inhrelid, tree.level + 1
      from tree
      join pg_catalog.pg_inherits as inh on inh.inhparent = tree.oid
)
select nsp.nspname::pg_catalog.text, rel.relname::pg_catalog.text, rel.relkind::pg_catalog.text,
       array(
           select att.attname::pg_catalog.text
             from pg_catalog.pg_partitioned_table as par
             join pg_catalog.pg_attribute as att on att.attrelid = par.partrelid and att.attnum = any (par.partattrs)
            where par.partrelid = rel.oid
       )
  from tree
  join pg_catalog.pg_class as rel on rel.oid = tree.oid
  join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
 order by tree.level, nsp.nspname, rel.relname
"""
_HAS_DIMENSIONS: Final = "select pg_catalog.to_regclass('_timescaledb_catalog.dimension') is not null"
_DIMENSIONS: Final = """
select dim.column_name::pg_catalog.text
  from _timescaledb_catalog.dimension as dim
  join _timescaledb_catalog.hypertable as hyp on hyp.id = dim.hypertable_id
 where hyp.schema_name = %s and hyp.table_name = %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What is read in place of one table."""

    sources: tuple[sql.Composed, ...]
    """What follows FROM."""
    split_by: frozenset[str] = frozenset()
    """The columns that decide in which part a row is; empty for a table that is read as a whole."""


def _parts_of_table(connection: psycopg.Connection[Any], schema: str, table: str, *, only: bool) -> _Parts:
    """The chunks of a hypertable, or the partitions of a partitioned table, where there are many. Raises psycopg.Error."""
    whole = sql.SQL("ONLY {}" if only else "{}").format(sql.Identifier(schema, table))
    tree = [] if only else connection.execute(_TREE, (schema, table)).fetchall()
    if len(tree) <= _AT_ONCE:
        return _Parts(sources=(whole,))
    columns = {name for *_, names in tree for name in names} | set(_dimensions(connection, schema, table))
    if not columns:
        return _Parts(sources=(whole,))
    # Without ONLY: of a compressed chunk, it would leave out what is compressed.
    leaves = [sql.SQL("{}").format(sql.Identifier(*names)) for *names, kind, _ in tree[1:] if kind != "p"]
    root = [] if tree[0][2] == "p" else [sql.SQL("ONLY {}").format(sql.Identifier(schema, table))]
    return _Parts(sources=(*root, *leaves), split_by=frozenset(columns))


def _dimensions(connection: psycopg.Connection[Any], schema: str, table: str) -> Sequence[str]:
    row = connection.execute(_HAS_DIMENSIONS).fetchone()
    if not (row and row[0]):
        return ()
    return [name for (name,) in connection.execute(_DIMENSIONS, (schema, table)).fetchall()]
