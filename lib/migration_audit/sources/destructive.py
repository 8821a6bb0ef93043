"""What the statements of a source destroy, found by PostgreSQL's own parser."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import postgast

from migration_audit.model.location import Location
from migration_audit.model.side_effects import Destruction
from migration_audit.model.sql import SqlFile, SqlSource, StatementKind
from migration_audit.model.sql_tree import parse_or_none
from migration_audit.sources.inner import body_name, dotted_name, inner_sql, relation_name, statements_of
from migration_audit.sources.watched_statements import first_text, objects_created_by

pb: Any = postgast.pg_query_pb2

_HOLDS_DATA: Final = {
    "table": "drops the table with all its rows",
    "foreign table": "drops the foreign table",
    "materialized view": "drops the materialized view with its rows",
    "schema": "drops the schema",
    "sequence": "drops the sequence, and loses its last value",
    "extension": "drops the extension with all its objects",
    "type": "drops the type",
    "domain": "drops the domain",
}
_FUNCTIONS: Final = {
    "drop_chunks": "deletes whole chunks of rows",
    "add_retention_policy": "sets up a job that deletes old chunks from now on",
    "remove_retention_policy": "removes the retention policy",
    "remove_compression_policy": "removes the compression policy",
    "remove_columnstore_policy": "removes the columnstore policy",
    "remove_continuous_aggregate_policy": "removes the refresh policy",
    "remove_reorder_policy": "removes the reorder policy",
    "delete_job": "deletes a job",
    "lo_unlink": "deletes a large object",
}
_COMMANDS: Final = {
    pb.AT_DropColumn: ("drop column", "drops the column with all its values"),
    pb.AT_DropConstraint: ("drop constraint", "drops the constraint"),
    pb.AT_DropIdentity: ("drop identity", "drops the identity of the column"),
    pb.AT_DropExpression: ("drop expression", "stops generating the column"),
    pb.AT_DetachPartition: ("detach", "takes the partition's rows out of the table"),
    pb.AT_DropInherit: ("detach", "takes the child's rows out of the table"),
    pb.AT_SetUnLogged: ("unlogged", "makes the table unlogged: a crash empties it"),
}


_WRITES: Final = {
    "DeleteStmt": ("delete", "deletes all rows (DELETE without WHERE)"),
    "UpdateStmt": ("update", "overwrites every row (UPDATE without WHERE)"),
}
_WITHIN: Final = ("delete", "update", "merge", "u&", *_FUNCTIONS)
"""One of them is in every text with a statement or a call of interest that is within another statement."""
_HOLD_STATEMENTS: Final = {"CreateSchemaStmt", "CreateFunctionStmt", "DoStmt"}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a piece of SQL is."""

    at: Location
    defaults: set[str]
    """Columns to which the file has given a default so far."""
    within: str | None = None

    def lost(self, kind: str, target: str, words: str) -> Destruction:
        return Destruction(kind=kind, object=target, words=words, at=self.at, within=self.within)


def find_destructions(source: SqlSource) -> tuple[Destruction, ...]:
    """Everything that the source drops, empties, rewrites or may fail on, in order; undecided parts are reported as such.

    A drop of what holds no rows, after which the same file makes the same object again, says where (``made_again``).
    Nothing is executed, so an ``IF`` around a statement counts as taken.
    """
    return tuple(one for file in source.files for one in _of_file(file))


def _of_file(file: SqlFile) -> Iterator[Destruction]:
    made: defaultdict[tuple[str, str], list[tuple[int, Location]]] = defaultdict(list)
    found: list[tuple[int, Destruction]] = []
    defaults: set[str] = set()
    for number, statement in enumerate(each for each in file.statements if each.kind is StatementKind.SQL):
        place, tree = _Place(statement.at, defaults), parse_or_none(statement.text)
        if tree is None:
            words = "is rejected by the parser, so it was not checked"
            found.append((number, place.lost("undecided", _head(statement.text), words)))
            continue
        for name in objects_created_by(tree):
            made[name].append((number, statement.at))
        lost = _of_tree(tree, statement.text, place)
        found += ((number, replace(one, at=statement.in_file(one.at))) for one in lost)
    for number, one in found:
        yield _made_again(one, (at for later, at in made.get((one.kind, one.object), ()) if later >= number))


def _made_again(one: Destruction, places: Iterator[Location]) -> Destruction:
    at = next(places, None)
    return replace(one, made_again=at) if at is not None and one.kind.removeprefix("drop ") not in _HOLDS_DATA else one


def _of_tree(tree: Any, text: str, place: _Place) -> Iterator[Destruction]:
    lowered = text.lower()
    for statement, at in statements_of(tree, text, place.at):
        here = replace(place, at=at)
        outer = postgast.unwrap_node(statement.stmt)
        is_alone = type(outer).__name__ not in _HOLD_STATEMENTS and not any(part in lowered for part in _WITHIN)
        for node in (outer,) if is_alone else (node for _, node in postgast.walk(statement)):
            yield from _of_node(node, text, here)


def _of_node(node: Any, text: str, place: _Place) -> Iterator[Destruction]:
    name = type(node).__name__
    if name in {"DoStmt", "CreateFunctionStmt"}:
        yield from _of_body(node, text, place)
    elif name in _READERS:
        yield from _READERS[name](node, place)


def _of_body(node: Any, text: str, place: _Place) -> Iterator[Destruction]:
    for inner in inner_sql(text, node, place.at):
        here = replace(place, at=inner.at, within=body_name(node))
        tree = None if inner.reason else parse_or_none(inner.text)
        if tree is not None:
            yield from _of_tree(tree, inner.text, here)
        else:
            why = inner.reason or "is rejected by the parser"
            yield here.lost("undecided", _head(inner.text), f"cannot be judged by reading: {why}")


def _drop(node: Any, place: _Place) -> Iterator[Destruction]:
    kind = pb.ObjectType.Name(node.remove_type).removeprefix("OBJECT_").replace("_", " ").lower()
    kind = {"matview": "materialized view", "statistic ext": "statistics"}.get(kind, kind)
    cascade = ", and everything that depends on it" if node.behavior == pb.DROP_CASCADE else ""
    for target in node.objects:
        yield place.lost(f"drop {kind}", _object(target), _HOLDS_DATA.get(kind, f"drops the {kind}") + cascade)


def _alter(node: Any, place: _Place) -> Iterator[Destruction]:
    table = relation_name(node.relation)
    for each in node.cmds:
        command, target = each.alter_table_cmd, f"{table}.{each.alter_table_cmd.name}"
        if command.subtype in _COMMANDS:
            kind, words = _COMMANDS[command.subtype]
            yield place.lost(kind, target if command.name else table, words)
        elif command.subtype == pb.AT_AlterColumnType:
            yield place.lost(
                "type", target, "changes the type: rewrites the table under a lock unless the types are compatible"
            )
        elif command.subtype == pb.AT_ColumnDefault and command.HasField("def"):
            place.defaults.add(target)
        elif command.subtype == pb.AT_SetNotNull and target not in place.defaults:
            yield place.lost("not null", target, "sets NOT NULL without a default: fails if a row has NULL")
        elif command.subtype == pb.AT_AddColumn:
            yield from _added(getattr(command, "def").column_def, table, place)


def _added(column: Any, table: str, place: _Place) -> Iterator[Destruction]:
    kinds = {each.constraint.contype for each in column.constraints}
    filled = {pb.CONSTR_DEFAULT, pb.CONSTR_GENERATED, pb.CONSTR_IDENTITY}
    if kinds & filled or _is_serial(column):
        place.defaults.add(f"{table}.{column.colname}")
    elif pb.CONSTR_NOTNULL in kinds or pb.CONSTR_PRIMARY in kinds:
        yield place.lost(
            "not null", f"{table}.{column.colname}", "adds a NOT NULL column without a default: fails if there are rows"
        )


def _created(node: Any, place: _Place) -> Iterator[Destruction]:
    table = relation_name(node.relation)
    for element in node.table_elts:
        kinds = {each.constraint.contype for each in element.column_def.constraints}
        if pb.CONSTR_DEFAULT in kinds:
            place.defaults.add(f"{table}.{element.column_def.colname}")
    return iter(())


def _truncate(node: Any, place: _Place) -> Iterator[Destruction]:
    for each in node.relations:
        yield place.lost("truncate", relation_name(each.range_var), "deletes all rows")


def _write(node: Any, place: _Place) -> Iterator[Destruction]:
    if not node.HasField("where_clause") or node.where_clause.WhichOneof("node") == "a_const":  # or WHERE true
        kind, words = _WRITES[type(node).__name__]
        yield place.lost(kind, relation_name(node.relation), words)


def _merge(node: Any, place: _Place) -> Iterator[Destruction]:
    if any(each.merge_when_clause.command_type == pb.CMD_DELETE for each in node.merge_when_clauses):
        yield place.lost("delete", relation_name(node.relation), "deletes rows (MERGE … DELETE)")


def _rename(node: Any, place: _Place) -> Iterator[Destruction]:
    kind = pb.ObjectType.Name(node.rename_type).removeprefix("OBJECT_").replace("_", " ").lower()
    target = relation_name(node.relation) if node.HasField("relation") else _object(node.object)
    target = f"{target}.{node.subname}" if node.subname and target else target or node.subname
    yield place.lost("rename", target, f"renames the {kind} to {node.newname}: code that uses the old name fails")


def _owned(node: Any, place: _Place) -> Iterator[Destruction]:
    for role in node.roles:
        yield place.lost("drop owned", role.role_spec.rolename, "drops everything that the role owns")


def _call(node: Any, place: _Place) -> Iterator[Destruction]:
    function = node.funcname[-1].string.sval if node.funcname else ""
    if function in _FUNCTIONS:
        yield place.lost(function, first_text(node) or function, _FUNCTIONS[function])


_READERS: Final = {
    "DropStmt": _drop,
    "AlterTableStmt": _alter,
    "CreateStmt": _created,
    "TruncateStmt": _truncate,
    "DeleteStmt": _write,
    "UpdateStmt": _write,
    "MergeStmt": _merge,
    "RenameStmt": _rename,
    "DropOwnedStmt": _owned,
    "FuncCall": _call,
}


def _is_serial(column: Any) -> bool:
    return bool(column.type_name.names) and column.type_name.names[-1].string.sval.endswith("serial")


def _object(node: Any) -> str:
    match node.WhichOneof("node"):
        case "list":
            return dotted_name(node.list.items)
        case "string":
            return str(node.string.sval)
        case "object_with_args":
            return dotted_name(node.object_with_args.objname)
        case "type_name":
            return dotted_name(node.type_name.names)
    return ""


def _head(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"
