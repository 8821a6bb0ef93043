"""Whether SQL reads an object between its creation and its removal: a helper is used, what a down section removes is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import postgast

from migration_audit.model.identifiers import parts_of
from migration_audit.model.side_effects import ROWS
from migration_audit.model.sql import Statement, StatementKind
from migration_audit.model.sql_tree import parse_or_none

pb: Any = postgast.pg_query_pb2

_READS: Final = frozenset(
    {"select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt", "call_stmt", "copy_stmt"}
)
_RELATIONS: Final = frozenset({"table", "view", "materialized view", "foreign table"})
_ROUTINES: Final = frozenset({"function", "procedure", "aggregate"})


def is_used(kind: str, name: str, creation: Statement | None, between: Iterable[Statement]) -> bool:
    """Whether one of the statements reads the object: FROM a relation, a call of a routine, a column in an expression.

    ``kind`` and ``name`` are as an ``Undone`` has them, ``creation`` is the statement that creates it. What only writes into
    a table does not read it. Of a part of a table (an index, a constraint, a trigger) a statement is a use that reads or
    writes the table; of any other kind, one that names it. A DO block counts by its text.
    """
    table = name.rpartition(" on ")[2] if " on " in name else _indexed(kind, creation)
    last = _last(table or name)
    return any(_uses(kind, last, statement, is_part=bool(table)) for statement in between)


def _indexed(kind: str, creation: Statement | None) -> str:
    """The table of an index, whose name does not tell it."""
    tree = parse_or_none(creation.text) if kind == "index" and creation is not None else None
    indexes = postgast.find_nodes(tree, pb.IndexStmt) if tree is not None else ()
    return next((str(each.relation.relname) for each in indexes), "")


def _uses(kind: str, last: str, statement: Statement, *, is_part: bool) -> bool:
    named = re.compile(rf"(?<!\w){re.escape(last)}(?!\w)", re.IGNORECASE)
    if statement.kind is not StatementKind.SQL or not named.search(statement.text):
        return False  # most statements, without parsing them
    tree = parse_or_none(statement.text)
    nodes = [each.stmt for each in tree.stmts] if tree is not None else []
    return any(_in_one(kind, last, node, statement.text, is_part=is_part) for node in nodes)


def _in_one(kind: str, last: str, node: Any, text: str, *, is_part: bool) -> bool:
    which = node.WhichOneof("node")
    if which == "do_stmt":
        return _in_text(kind, last, text)
    if which == "create_table_as_stmt":
        return last in {*_relations(node.create_table_as_stmt.query), *_calls(node)}
    if which not in _READS:
        return False
    if is_part:
        return last in _relations(node)
    read = _READERS.get(kind)
    return read(node, last) if read else kind != ROWS


def _reads_relation(node: Any, last: str) -> bool:
    target = _target(node)
    return list(_relations(node)).count(last) > (target is not None and target.relname == last)


def _reads_schema(node: Any, last: str) -> bool:
    target = _target(node)
    schemas = [str(each.schemaname) for each in postgast.find_nodes(node, pb.RangeVar)]
    return schemas.count(last) > (target is not None and target.schemaname == last)


def _calls_routine(node: Any, last: str) -> bool:
    return last in _calls(node)


def _reads_column(node: Any, last: str) -> bool:
    return any(each.fields and each.fields[-1].string.sval == last for each in postgast.find_nodes(node, pb.ColumnRef))


_READERS: Final[Mapping[str, Callable[[Any, str], bool]]] = {
    **dict.fromkeys(_RELATIONS, _reads_relation),
    **dict.fromkeys(_ROUTINES, _calls_routine),
    "schema": _reads_schema,
    "column": _reads_column,
}


def _target(node: Any) -> Any:
    """The table that the statement writes into; None where it writes into none."""
    which = node.WhichOneof("node")
    if which in {"select_stmt", "call_stmt"} or (which == "copy_stmt" and not node.copy_stmt.is_from):
        return None
    return getattr(node, which).relation


def _relations(node: Any) -> Iterator[str]:
    return (str(each.relname) for each in postgast.find_nodes(node, pb.RangeVar))


def _calls(node: Any) -> Iterator[str]:
    return (each.funcname[-1].string.sval for each in postgast.find_nodes(node, pb.FuncCall) if each.funcname)


def _in_text(kind: str, last: str, text: str) -> bool:
    """In a DO block, whose language may be any."""
    word = re.escape(last)
    if kind in _RELATIONS:
        return re.search(rf'(?<!delete )\b(?:from|join|using)\s+[\w."]*?\b{word}\b', text, re.IGNORECASE) is not None
    if kind in _ROUTINES:
        return re.search(rf'\b{word}"?\s*\(', text, re.IGNORECASE) is not None
    return kind != ROWS


def _last(name: str) -> str:
    """The last part of a name: ``f`` of ``public.f(integer)``."""
    found = parts_of(name)
    return found[-1] if found else name
