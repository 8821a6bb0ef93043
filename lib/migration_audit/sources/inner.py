"""The SQL inside of DO blocks and routines: what is there as it is, and what is put together at run time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import postgast

from migration_audit.model.sql_tree import parse

_NO_SQL: Final = frozenset({"c", "internal"})
_ONE_BRACE_TOO_MANY: Final = re.compile(r"(?<=[,\[])\{\}\}(?=[,\]])")
_PLAIN, _EXPRESSION = 0, 2  # libpg_query's parseMode: a statement, or an expression


@dataclass(frozen=True, slots=True)
class InnerSql:
    """One piece of SQL in a body, or the reason why it cannot be read."""

    text: str
    line: int
    """Counted from the first line of the body, which is 0."""
    reason: str | None = None


def inner_sql(text: str, node: Any) -> Iterator[InnerSql]:
    """The SQL in the body of a ``DoStmt`` or ``CreateFunctionStmt``; ``text`` is the whole statement.

    A body in SQL comes as a whole; one between BEGIN ATOMIC and END is part of the tree, and nothing comes. What is in
    another language, put together at run time or not accepted by the parser comes with the reason.
    """
    options = {o.def_elem.defname: o.def_elem.arg for o in (node.args if type(node).__name__ == "DoStmt" else node.options)}
    language = _text(options.get("language")) or ("plpgsql" if type(node).__name__ == "DoStmt" else "sql")
    body = _text(options.get("as"))
    if body is None or language.lower() in _NO_SQL:
        return
    if language.lower() == "sql":
        yield InnerSql(body, 0)
    elif language.lower() == "plpgsql":
        yield from _plpgsql(text)
    else:
        yield InnerSql(body, 0, reason=f"a body in the language {language} is not read")


def body_line(text: str, node: Any) -> int:
    """How many lines of the statement are before the first line of its body."""
    options = node.args if type(node).__name__ == "DoStmt" else node.options
    body = next((_text(o.def_elem.arg) for o in options if o.def_elem.defname == "as"), None) or ""
    start = text.find(body) if body else -1
    return text.count("\n", 0, start) if start >= 0 else 0


def _text(node: Any) -> str | None:
    if node is None:
        return None
    if node.WhichOneof("node") == "list":
        items = node.list.items
        return str(items[0].string.sval) if items else None
    return str(node.string.sval) if node.WhichOneof("node") == "string" else None


def _plpgsql(text: str) -> Iterator[InnerSql]:
    try:
        parsed = _parse_plpgsql(text)
    except (postgast.PgQueryError, json.JSONDecodeError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        yield InnerSql(text, 0, reason=f"PL/pgSQL that the parser rejects ({reason})")
        return
    yield from _walk(parsed, 1)


def _parse_plpgsql(text: str) -> Any:
    try:
        return postgast.parse_plpgsql(text)
    except json.JSONDecodeError as error:
        # libpg_query writes the variables that only a trigger function has with one brace too many.
        return json.loads(_ONE_BRACE_TOO_MANY.sub("{}", error.doc))


def _walk(node: Any, line: int) -> Iterator[InnerSql]:
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


def _expression(value: dict[str, Any], line: int) -> InnerSql:
    query = str(value.get("query", ""))
    if value.get("parseMode", _PLAIN) == _PLAIN:
        return InnerSql(query, line - 1)
    if value["parseMode"] == _EXPRESSION:
        return InnerSql(f"SELECT {query}", line - 1)
    return InnerSql(f"SELECT {query.partition(':=')[2] or query.partition('=')[2]}", line - 1)


def _dynamic(value: dict[str, Any], line: int) -> InnerSql:
    query = str(value.get("query", {}).get("PLpgSQL_expr", {}).get("query", ""))
    constant = _constant(query)
    if constant is not None:
        return InnerSql(constant, line - 1)
    return InnerSql(query, line - 1, reason=f"EXECUTE {' '.join(query.split())[:80]} is put together at run time")


def _constant(query: str) -> str | None:
    """The text of an expression that is one string constant."""
    try:
        target = parse(f"SELECT {query}").stmts[0].stmt.select_stmt.target_list[0].res_target.val
    except (postgast.PgQueryError, IndexError):
        return None
    if target.WhichOneof("node") != "a_const" or target.a_const.WhichOneof("val") != "sval":
        return None
    return str(target.a_const.sval.sval)
