"""Rows of Directus's own tables: what its ItemsService writes of a payload, and what PostgreSQL takes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from migration_audit.directus.js import MISSING, JsError, js_text, number
from migration_audit.directus.literals import INTEGER
from migration_audit.directus.postgres import DatabaseState
from migration_audit.directus.statement import PgError
from migration_audit.directus.types import parse_default
from migration_audit.model.directus_database import DirectusColumn

_CSV: Final = frozenset({"special", "one_allowed_collections"})
_TRUE: Final = frozenset({"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"})
_FALSE: Final = frozenset({"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"})


def insert(state: DatabaseState, table: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The row that INSERT makes of the payload's known keys; it is not yet among the rows. Raises PgError."""
    row: dict[str, Any] = {}
    for column in state.tables[table].columns:
        value = payload.get(column.name, MISSING)
        row[column.name] = _default(column) if value is MISSING else _stored(column, value)
        if row[column.name] is None and not column.nullable and not column.serial:
            raise PgError(f'null value in column "{column.name}" of relation "{table}" violates not-null constraint')
    return row


def update(state: DatabaseState, table: str, row: dict[str, Any], payload: Mapping[str, Any], *, key: str) -> None:
    """UPDATE the row with the payload's known keys, except its primary key. Raises PgError."""
    for column in state.tables[table].columns:
        value = payload.get(column.name, MISSING)
        if column.name == key or value is MISSING:
            continue
        stored = _stored(column, value)
        if stored is None and not column.nullable:
            raise PgError(f'null value in column "{column.name}" of relation "{table}" violates not-null constraint')
        row[column.name] = stored


def default_row(columns: Iterable[DirectusColumn]) -> dict[str, Any]:
    """What columns that are added to a table hold in its rows."""
    return {column.name: _default(column) for column in columns}


def _default(column: DirectusColumn) -> Any:
    value = None if column.serial else parse_default(column.default)
    return None if value is None else _stored(column, value)


def _stored(column: DirectusColumn, value: Any) -> Any:
    """What reading the column back gives, after Directus's casts. Raises PgError for what the type does not take."""
    if value is None:
        return None
    if column.name == "group" and isinstance(value, list | dict):
        # It is a relation: the object is taken for a row to create, whose keys are no fields or whose key is missing.
        raise JsError("You don't have permission to access this.")
    if column.name in _CSV:
        joined = _stored_text(column, ",".join(map(js_text, value)) if isinstance(value, list) else value)
        return joined.split(",") if joined else []
    reader = _READERS.get(column.type)
    return reader(value) if reader else _stored_text(column, value)


def _stored_text(column: DirectusColumn, value: Any) -> str:
    written = (
        json.dumps(value, separators=(",", ":"), ensure_ascii=False) if isinstance(value, list | dict) else js_text(value)
    )
    _fits(column, written)
    return written


def _fits(column: DirectusColumn, value: str) -> None:
    if column.max_length is not None and column.max_length >= 0 and len(value.rstrip(" ")) > column.max_length:
        raise PgError(f"value too long for type character varying({column.max_length})")


def _json(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            raise PgError("invalid input syntax for type json") from None
    return value


def _boolean(value: Any) -> bool:
    written = js_text(value).strip().lower() if not isinstance(value, list | dict) else ""
    if written in _TRUE:
        return True
    if written in _FALSE:
        return False
    raise PgError(f'invalid input syntax for type boolean: "{js_text(value)}"')


def _integer(value: Any) -> int:
    written = js_text(value)
    if isinstance(value, list | dict) or not INTEGER.match(written):
        raise PgError(f'invalid input syntax for type integer: "{written}"')
    found = int(written)
    if not -(1 << 31) <= found < 1 << 31:
        raise PgError(f'value "{written}" is out of range for type integer')
    return found


def _real(value: Any) -> int | float:
    found = None if isinstance(value, list | dict | bool) or not js_text(value).strip() else number(js_text(value))
    if found is None:
        raise PgError(f'invalid input syntax for type real: "{js_text(value)}"')
    return found


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(("json", "jsonb"), _json),
    "boolean": _boolean,
    **dict.fromkeys(("integer", "bigint", "smallint"), _integer),
    **dict.fromkeys(("real", "double precision", "numeric"), _real),
}


def next_id(rows: list[dict[str, Any]]) -> int:
    """The next number of a serial key, above all others."""
    return max((row["id"] for row in rows if isinstance(row.get("id"), int)), default=0) + 1
