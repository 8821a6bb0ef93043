"""What single statements do that no reading of the catalog shows: rows, policies of TimescaleDB, the place of a role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import postgast

from migration_audit.model.identifiers import parts_of
from migration_audit.model.side_effects import ROWS
from migration_audit.model.sql import Statement, StatementKind
from migration_audit.model.sql_tree import parse_or_none

pb: Any = postgast.pg_query_pb2

_INSERT: Final = re.compile(r'insert\s+into\s+((?:"[^"]+"|\w+)(?:\s*\.\s*(?:"[^"]+"|\w+))?)', re.IGNORECASE)
"""Read by this alone: the rows of one INSERT may be megabytes of text."""
_MAKES: Final = re.compile(r"(?:create\s+(?:table|(?:unique\s+)?index)|comment\s+on)\b", re.IGNORECASE)
"""Statements of which a file may have thousands; in each of them, nothing but a table, an index or a comment is made."""
_POLICY: Final = re.compile(r"(add|remove)_(\w+)_policy\Z")


@dataclass(frozen=True, slots=True)
class DataChange:
    """Something that a statement makes or removes."""

    kind: str
    """``rows``, or ``retention policy``, ``compression policy``, …"""
    name: str
    """The table, as the statement spells it."""
    is_made: bool


def only_adds(text: str) -> bool:
    """Whether this is an INSERT, CREATE TABLE, CREATE INDEX or COMMENT, which take nothing away: known without a tree."""
    return (_INSERT.match(text) or _MAKES.match(text)) is not None


def data_changes(statement: Statement) -> tuple[DataChange, ...]:
    """Rows that the statement itself writes or deletes (not by UPDATE or inside of WITH), and policies by their calls."""
    if statement.kind is StatementKind.TRANSACTION:
        return ()
    insert = _INSERT.match(statement.text)
    if insert is not None:
        return (DataChange(ROWS, ".".join(parts_of(insert[1])), is_made=True),)
    tree = None if _MAKES.match(statement.text) else parse_or_none(statement.text)
    return tuple(change for each in tree.stmts for change in _of_statement(each.stmt)) if tree is not None else ()


def created_role(statement: Statement) -> str | None:
    """The role that the statement creates."""
    tree = parse_or_none(statement.text) if statement.text[:6].lower() == "create" else None
    roles = (
        [each.stmt.create_role_stmt.role for each in tree.stmts if each.stmt.HasField("create_role_stmt")] if tree else []
    )
    return roles[0] if roles else None


def _of_statement(statement: Any) -> Iterator[DataChange]:
    match statement.WhichOneof("node"):
        case "copy_stmt" if statement.copy_stmt.is_from:
            yield DataChange(ROWS, _spelled(statement.copy_stmt.relation), is_made=True)
        case "delete_stmt":
            yield DataChange(ROWS, _spelled(statement.delete_stmt.relation), is_made=False)
        case "truncate_stmt":
            for each in statement.truncate_stmt.relations:
                yield DataChange(ROWS, _spelled(each.range_var), is_made=False)
        case "select_stmt" | "call_stmt":
            for call in postgast.find_nodes(statement, pb.FuncCall):
                yield from _of_call(call)


def _of_call(call: Any) -> Iterator[DataChange]:
    policy = _POLICY.match(call.funcname[-1].string.sval) if call.funcname else None
    if policy and call.args:
        yield DataChange(f"{policy[2].replace('_', ' ')} policy", first_text(call), is_made=policy[1] == "add")


def first_text(call: Any) -> str:
    """The first argument of a function call, where it is a text; else an empty one."""
    first = call.args[0] if call.args else None
    while first is not None and first.WhichOneof("node") in {"named_arg_expr", "type_cast"}:
        first = getattr(first, first.WhichOneof("node")).arg
    return str(first.a_const.sval.sval) if first is not None and first.WhichOneof("node") == "a_const" else ""


def _spelled(relation: Any) -> str:
    return f"{relation.schemaname}.{relation.relname}" if relation.schemaname else str(relation.relname)
