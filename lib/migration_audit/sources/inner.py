"""The SQL inside of DO blocks and routines: what is there as it is, and what is put together at run time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import postgast

from migration_audit.model.location import Location
from migration_audit.model.sql_tree import parse, parse_or_none

_NO_SQL: Final = frozenset({"c", "internal"})
_ONE_BRACE_TOO_MANY: Final = re.compile(r"(?<=[,\[])\{\}\}(?=[,\]])")
_PLAIN, _EXPRESSION = 0, 2  # libpg_query's parseMode: a statement, or an expression


@dataclass(frozen=True, slots=True)
class InnerSql:
    """One piece of SQL in a body, or the reason why it cannot be read."""

    text: str
    at: Location
    reason: str | None


_Piece = tuple[str, int, str | None]
"""Text, line counted from the first line of the body, and the reason why it cannot be read."""


def statements_of(tree: Any, text: str, at: Location) -> Iterator[tuple[Any, Location]]:
    """The statements of a parsed text that begins at ``at``, each with its own place."""
    data = text.encode()
    for statement in tree.stmts:
        start = statement.stmt_location
        start += len(data[start:]) - len(data[start:].lstrip())
        yield statement, Location(at.path, at.line + data.count(b"\n", 0, start))


def nodes_of(text: str, at: Location) -> Iterator[tuple[Any, Location, str]]:
    """Every node of a text that begins at ``at``, those in DO blocks among them, with the place of text or piece.

    Where SQL is put together at run time, or the parser does not accept it, None comes with the reason.
    """
    tree = parse_or_none(text)
    if tree is None:
        yield None, at, "the parser rejects this statement"
        return
    for _, node in postgast.walk(tree):
        if type(node).__name__ != "DoStmt":
            yield node, at, ""
            continue
        for inner in inner_sql(text, node, at):
            if inner.reason:
                yield None, inner.at, inner.reason
            else:
                yield from nodes_of(inner.text, inner.at)


def inner_sql(text: str, node: Any, at: Location) -> Iterator[InnerSql]:
    """The SQL in the body of a ``DoStmt`` or ``CreateFunctionStmt``; ``text`` is the statement, which begins at ``at``.

    A body in SQL comes as a whole; one between BEGIN ATOMIC and END is part of the tree, and nothing comes. What is in
    another language, put together at run time or not accepted by the parser comes with the reason.
    """
    language, body = body_of(node)
    start = text.find(body) if body else -1
    first = at.line + (text.count("\n", 0, start) if start >= 0 else 0)
    for piece, line, reason in _pieces(text, language, body):
        yield InnerSql(piece, Location(at.path, first + line), reason)


def body_of(node: Any) -> tuple[str, str | None]:
    """The language of a ``DoStmt`` or ``CreateFunctionStmt`` in small letters, and what gives its text or its library."""
    is_do = type(node).__name__ == "DoStmt"
    options = {each.def_elem.defname: each.def_elem.arg for each in (node.args if is_do else node.options)}
    language = _text(options.get("language")) or ("plpgsql" if is_do else "sql")
    return language.lower(), _text(options.get("as"))


def body_name(node: Any) -> str:
    """What people call it: ``a DO block``, ``function public.f()``."""
    if type(node).__name__ == "DoStmt":
        return "a DO block"
    return f"{'procedure' if node.is_procedure else 'function'} {dotted_name(node.funcname)}()"


def dotted_name(names: Any) -> str:
    """``schema.name`` of a list of strings."""
    return ".".join(each.string.sval for each in names)


def relation_name(relation: Any) -> str:
    """``schema.name`` of a ``RangeVar`` as the statement spells it, or the name alone."""
    return f"{relation.schemaname}.{relation.relname}" if relation.schemaname else str(relation.relname)


def _pieces(text: str, language: str, body: str | None) -> Iterator[_Piece]:
    if body is None or language in _NO_SQL:
        return
    if language == "sql":
        yield body, 0, None
    elif language == "plpgsql":
        yield from _plpgsql(text)
    else:
        yield body, 0, f"a body in the language {language} is not read"


def _text(node: Any) -> str | None:
    if node is None:
        return None
    if node.WhichOneof("node") == "list":
        items = node.list.items
        return str(items[0].string.sval) if items else None
    return str(node.string.sval) if node.WhichOneof("node") == "string" else None


def _plpgsql(text: str) -> Iterator[_Piece]:
    try:
        parsed = _parse_plpgsql(text)
    except (postgast.PgQueryError, json.JSONDecodeError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        yield text, 0, f"PL/pgSQL that the parser rejects ({reason})"
        return
    yield from _walk(parsed, 1)


def _parse_plpgsql(text: str) -> Any:
    try:
        return postgast.parse_plpgsql(text)
    except json.JSONDecodeError as error:
        # libpg_query writes the variables that only a trigger function has with one brace too many.
        return json.loads(_ONE_BRACE_TOO_MANY.sub("{}", error.doc))


def _walk(node: Any, line: int) -> Iterator[_Piece]:
    if isinstance(node, list):
        for item in node:
            yield from _walk(item, line)
    elif isinstance(node, dict):
        for name, value in node.items():
            here = value.get("lineno", line) if isinstance(value, dict) else line
            if name in {"PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors"}:
                yield _dynamic(value, here)
                yield from _walk({k: v for k, v in value.items() if k != "query"}, here)
            elif name == "PLpgSQL_stmt_return_query" and "dynquery" in value:
                yield _dynamic({"query": value["dynquery"]}, here)
            elif name == "PLpgSQL_expr":
                yield _expression(value, here)
            else:
                yield from _walk(value, here)


def _expression(value: dict[str, Any], line: int) -> _Piece:
    query = str(value.get("query", ""))
    if value.get("parseMode", _PLAIN) == _PLAIN:
        return query, line - 1, None
    if value["parseMode"] == _EXPRESSION:
        return f"SELECT {query}", line - 1, None
    return f"SELECT {query.partition(':=')[2] or query.partition('=')[2]}", line - 1, None


def _dynamic(value: dict[str, Any], line: int) -> _Piece:
    query = str(value.get("query", {}).get("PLpgSQL_expr", {}).get("query", ""))
    constant = _constant(query)
    if constant is not None:
        return constant, line - 1, None
    return query, line - 1, f"EXECUTE {' '.join(query.split())[:80]} is put together at run time"


def _constant(query: str) -> str | None:
    """The text of an expression that is one string constant."""
    try:
        target = parse(f"SELECT {query}").stmts[0].stmt.select_stmt.target_list[0].res_target.val
    except (postgast.PgQueryError, IndexError):
        return None
    if target.WhichOneof("node") != "a_const" or target.a_const.WhichOneof("val") != "sval":
        return None
    return str(target.a_const.sval.sval)
