"""What SQL that runs after ``directus schema apply`` makes, by name, and what it does to columns that it finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import postgast

from migration_audit.model.boot import PostObject
from migration_audit.model.directus import ColumnChange
from migration_audit.model.identifiers import sql_name
from migration_audit.model.location import Location
from migration_audit.model.sql import SqlSource, StatementKind
from migration_audit.sources.inner import nodes_of

pb: Any = postgast.pg_query_pb2

_KEYS: Final = {pb.CONSTR_UNIQUE: "UNIQUE", pb.CONSTR_PRIMARY: "PRIMARY KEY"}
_DROPPED: Final = {
    pb.OBJECT_INDEX: "index",
    pb.OBJECT_TABLE: "table",
    pb.OBJECT_VIEW: "view",
    pb.OBJECT_MATVIEW: "materialized view",
}


def find_post_objects(source: SqlSource) -> tuple[PostObject, ...]:
    """Everything that is there once the source has run, in order; what it makes and drops again is not among it.

    SQL that is put together at run time, and what the parser does not accept, is ``undecided``.
    """
    found: list[PostObject] = []
    for statement in source.statements:
        if statement.kind is StatementKind.SQL:
            for read, dropped in _of_text(statement.text, statement.at):
                made = replace(read, at=statement.in_file(read.at))
                if dropped:
                    found = [each for each in found if (each.kind, each.name) != (made.kind, made.name)]
                else:
                    found.append(made)
    return tuple(found)


Step = tuple[PostObject, bool]
"""An object, and whether it is dropped."""


def _of_text(text: str, at: Location) -> Iterator[Step]:
    for node, here, reason in nodes_of(text, at):
        kind = type(node).__name__
        if node is None:
            yield PostObject(kind="undecided", at=here, reason=reason), False
        elif kind == "AlterTableStmt":
            for each in node.cmds:
                yield from _of_command(each.alter_table_cmd, node.relation, here)
        elif kind == "DropStmt" and node.remove_type in _DROPPED:
            for each in node.objects:
                names = [part.string.sval for part in each.list.items]
                yield PostObject(kind=_DROPPED[node.remove_type], name=names[-1], at=here), True
        else:
            yield from ((made, False) for made in _of_creation(kind, node, here))


def _of_creation(kind: str, node: Any, at: Location) -> Iterator[PostObject]:
    match kind:
        case "IndexStmt":
            columns = tuple(each.index_elem.name for each in node.index_params)
            yield PostObject(
                kind="index",
                name=node.idxname or None,
                schema=node.relation.schemaname or None,
                table=node.relation.relname,
                columns=columns,
                unique=node.unique,
                at=at,
            )
        case "CreateStmt":
            yield _relation("table", node.relation, at)
        case "ViewStmt":
            yield _relation("view", node.view, at)
        case "CreateTableAsStmt":
            is_view = node.objtype == pb.OBJECT_MATVIEW
            yield _relation("materialized view" if is_view else "table", node.into.rel, at)
        case "CreateTrigStmt":
            relation = node.relation
            schema = relation.schemaname or None
            yield PostObject(kind="trigger", name=node.trigname, schema=schema, table=relation.relname, at=at)
        case "CreateFunctionStmt":
            names = [part.string.sval for part in node.funcname]
            schema = names[0] if len(names) > 1 else None
            kind = "procedure" if node.is_procedure else "function"
            yield PostObject(kind=kind, name=names[-1], schema=schema, at=at)


def _relation(kind: str, relation: Any, at: Location) -> PostObject:
    return PostObject(kind=kind, name=relation.relname, schema=relation.schemaname or None, at=at)


def _of_command(command: Any, relation: Any, at: Location) -> Iterator[Step]:
    where = {"table": relation.relname, "schema": relation.schemaname or None, "at": at}
    if command.subtype == pb.AT_DropConstraint:
        yield PostObject(kind="constraint", name=command.name, **where), True
    elif command.subtype == pb.AT_AddConstraint:
        constraint = getattr(command, "def").constraint
        columns = tuple(key.string.sval for key in constraint.keys)
        word = _KEYS.get(constraint.contype)
        yield (
            PostObject(
                kind="constraint",
                name=constraint.conname or None,
                columns=columns,
                unique=word is not None,
                definition=f"{word} ({', '.join(map(sql_name, columns))})" if word and columns else None,
                **where,
            ),
            False,
        )
    elif command.subtype == pb.AT_AddColumn:
        column = getattr(command, "def").column_def.colname
        yield PostObject(kind="column", name=column, **where), False


_OF_COLUMNS: Final = {
    pb.AT_SetNotNull: ("not null", "NOT NULL"),
    pb.AT_DropNotNull: ("null", "DROP NOT NULL"),
    pb.AT_ColumnDefault: ("default", "a default"),
    pb.AT_AlterColumnType: ("type", "another type"),
    pb.AT_DropColumn: ("dropped", "DROP COLUMN"),
}


def find_column_changes(source: SqlSource) -> tuple[ColumnChange, ...]:
    """Each constraint, index, default, type and NOT NULL that the source puts on a table, in order.

    What Directus cannot see (several columns, an expression, CHECK) has the kind ``kept``; SQL that is put together at run
    time, or that the parser does not accept, the kind ``undecided``.
    """
    return tuple(
        replace(change, at=statement.in_file(change.at))
        for statement in source.statements
        if statement.kind is StatementKind.SQL
        for change in _changes_of_text(statement.text, statement.at)
    )


def _changes_of_text(text: str, at: Location) -> Iterator[ColumnChange]:
    for node, here, reason in nodes_of(text, at):
        match type(node).__name__:
            case "NoneType":
                yield ColumnChange(table="", kind="undecided", at=here, words=reason)
            case "AlterTableStmt":
                for each in node.cmds:
                    yield from _changes_of_command(each.alter_table_cmd, node.relation.relname, here)
            case "IndexStmt":
                yield _of_index(node, here)


def _changes_of_command(command: Any, table: str, at: Location) -> Iterator[ColumnChange]:
    if command.subtype in _OF_COLUMNS:
        kind, words = _OF_COLUMNS[command.subtype]
        yield ColumnChange(table=table, kind=kind, at=at, column=command.name, words=words)
    elif command.subtype == pb.AT_AddConstraint:
        yield _of_constraint(getattr(command, "def").constraint, table, at)
    elif command.subtype == pb.AT_AddColumn:
        column = getattr(command, "def").column_def.colname
        yield ColumnChange(table=table, kind="kept", at=at, column=column, words=f"column {column}")


def _of_constraint(constraint: Any, table: str, at: Location) -> ColumnChange:
    name = constraint.conname or None
    columns = [key.string.sval for key in constraint.keys]
    if constraint.contype == pb.CONSTR_UNIQUE and len(columns) == 1:
        named = name or f"{table}_{columns[0]}_key"
        return ColumnChange(
            table=table, kind="unique", at=at, column=columns[0], name=named, words=f"UNIQUE ({columns[0]}) named {named}"
        )
    if constraint.contype == pb.CONSTR_NOTNULL and len(columns) == 1:
        return ColumnChange(table=table, kind="not null", at=at, column=columns[0], name=name, words="NOT NULL")
    if constraint.indexname:
        return ColumnChange(
            table=table, kind="unmeasured", at=at, name=name, words=f"a constraint USING INDEX {constraint.indexname}"
        )
    return ColumnChange(table=table, kind="kept", at=at, name=name, words=f"constraint {name or ''}".strip())


def _of_index(node: Any, at: Location) -> ColumnChange:
    columns = [each.index_elem.name for each in node.index_params]
    unique = "UNIQUE " if node.unique else ""
    name = node.idxname or None
    words = f"{unique}INDEX {name or 'without a name'}"
    if len(columns) != 1 or not columns[0] or node.unique:
        # A unique index that is not a constraint is not among what Directus reads as unique or indexed.
        return ColumnChange(table=node.relation.relname, kind="kept", at=at, name=name, words=words)
    # A partial one counts as an index of its column all the same.
    return ColumnChange(table=node.relation.relname, kind="index", at=at, column=columns[0], name=name, words=words)
