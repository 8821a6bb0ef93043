"""Counts the rows that stand in the way of a unique index or a NOT NULL; reads them, and keeps nothing but the numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import postgast
import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from migration_audit.catalog.connection import begin_reading
from migration_audit.catalog.server_errors import database_error
from migration_audit.model.identifiers import in_quotes
from migration_audit.model.obstacles import Demand, Obstacle, Wanted
from migration_audit.model.sql_tree import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """What has to be unique, as SQL."""

    expressions: tuple[str, ...]
    predicate: str | None = None
    nulls_are_equal: bool = False


class _NotCountedError(Exception):
    """What is wanted cannot be counted, and why."""


def count_obstacles(connection: psycopg.Connection[Any], wanted: Iterable[Wanted]) -> tuple[Obstacle, ...]:
    """How many keys or rows stand in the way of each wanted object, in the order given.

    Each count takes at most the connection's statement timeout, needs SELECT on the table, honours the predicate, the
    expressions, the collations and NULLS NOT DISTINCT of an index, and calls no function but PostgreSQL's own; what cannot
    be counted says why. Raises DatabaseError when the connection fails.
    """
    try:
        begin_reading(connection)
        return tuple(_count(connection, each) for each in wanted)
    except psycopg.Error as error:
        raise database_error(error, connection) from error


def _count(connection: psycopg.Connection[Any], wanted: Wanted) -> Obstacle:
    try:
        keys = _keys(wanted)
    except _NotCountedError as error:
        return Obstacle(wanted=wanted, reason=str(error))
    table = sql.SQL("ONLY {}" if wanted.only else "{}").format(sql.Identifier(wanted.schema, wanted.table))
    counting, listing = _queries(wanted, keys, table.as_string(connection))
    columns = ", ".join(keys.expressions)
    try:
        with connection.transaction():  # a savepoint: a refusal must not end the transaction
            row = connection.execute(counting.encode()).fetchone()
    except psycopg.errors.DatabaseError as error:
        if connection.info.transaction_status is not TransactionStatus.INTRANS:
            raise
        return Obstacle(wanted=wanted, columns=columns, listing=listing, reason=_reason(connection, error))
    found, rows = row or (0, 0)
    return Obstacle(wanted=wanted, columns=columns, keys=found, rows=rows, listing=listing)


def _queries(wanted: Wanted, keys: _Keys, table: str) -> tuple[str, str]:
    """The query that counts, and the one with which a person lists."""
    # All names were quoted, and all expressions were printed by a parser from what a catalog said.
    if wanted.demand is Demand.VALUE:
        return f"select count(*), count(*) from {table}", f"SELECT count(*) FROM {table};"  # noqa: S608
    if wanted.demand is Demand.NOT_NULL:
        null = f"from {table} where {keys.expressions[0]} is null"
        return f"select count(*), count(*) {null}", f"SELECT * {null.replace('from', 'FROM', 1)};"
    each = ", ".join(keys.expressions)
    conditions = [keys.predicate] if keys.predicate else []
    if not keys.nulls_are_equal:
        conditions += [f"{expression} IS NOT NULL" for expression in keys.expressions]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    groups = f"FROM {table}{where} GROUP BY {each} HAVING count(*) > 1"
    counting = f"select count(*), coalesce(sum(grp.n), 0)::int8 from (select count(*) as n {groups}) as grp"  # noqa: S608
    return counting, f"SELECT {each}, count(*) {groups};"


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
        raise _NotCountedError("WITHOUT OVERLAPS is not counted")
    columns = tuple(_spelled(parse(f"select {in_quotes(name)}").stmts[0]) for name in names)
    return _Keys(expressions=columns, nulls_are_equal=definition.nulls_not_distinct)


def _of_index(index: Any) -> _Keys:
    if index.access_method not in {"", "btree"}:
        raise _NotCountedError(f"the equality of a {index.access_method} index is not known")
    _refuse_functions(index)
    expressions = []
    for param in index.index_params:
        element = param.index_elem
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
    return _Keys(expressions=tuple(expressions), predicate=predicate, nulls_are_equal=index.nulls_not_distinct)


def _refuse_functions(index: Any) -> None:
    """A function of the database could do anything with the auditor's rights; what PostgreSQL brings is printed bare."""
    calls = [
        *postgast.find_nodes(index, postgast.pg_query_pb2.FuncCall),
        *postgast.find_nodes(index, postgast.pg_query_pb2.A_Expr),
    ]
    for call in calls:
        parts = [part.string.sval for part in (call.funcname if hasattr(call, "funcname") else call.name)]
        if len(parts) > 1 and parts[0] != "pg_catalog":
            raise _NotCountedError(f"it calls {'.'.join(parts)}, and the audit calls no function of the database")


def _spelled(statement: Any) -> str:
    """The expression of ``select expression``, as SQL."""
    made = parse("select 1")
    made.stmts[0].CopyFrom(statement)
    return str(postgast.deparse(made)).removeprefix("SELECT ")


def _reason(connection: psycopg.Connection[Any], error: psycopg.errors.DatabaseError) -> str:
    if isinstance(error, psycopg.errors.QueryCanceled):
        limit = connection.execute("select pg_catalog.current_setting('statement_timeout')").fetchone()
        return f"it could not be counted within {limit[0] if limit else 'the time'}"
    # Never the detail: it may hold a value of a row.
    return f"it cannot be counted: {error.diag.message_primary}"
