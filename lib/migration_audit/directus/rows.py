"""Rows of Directus's own tables: what its ItemsService writes of a payload, and what PostgreSQL takes of it."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from migration_audit.directus.js import MISSING, JsError, js_text, number
from migration_audit.directus.postgres import DatabaseState
from migration_audit.directus.statement import PgError
from migration_audit.directus.types import parse_default
from migration_audit.model.directus_database import DirectusColumn

_CSV: Final = frozenset({"special", "one_allowed_collections"})
_TRUE: Final = frozenset({"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"})
_FALSE: Final = frozenset({"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"})


def insert(state: DatabaseState, table: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The row that INSERT makes of the payload's known keys. Raises PgError."""
    row: dict[str, Any] = {}
    for column in state.tables[table].columns:
        value = payload.get(column.name, MISSING)
        row[column.name] = _default(column) if value is MISSING else _stored(column, value)
        if row[column.name] is None and not column.nullable and not column.serial:
            raise PgError(f'null value in column "{column.name}" of relation "{table}" violates not-null constraint')
    rows = state.rows(table)
    if "id" in row and row["id"] is None:
        row["id"] = max((other["id"] for other in rows if isinstance(other.get("id"), int)), default=0) + 1
    rows.append(row)
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
        # It is a relation: Directus reads the object as a row to create, with unknown fields or without its key.
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
    if isinstance(value, list | dict) or not _INTEGER.match(written):
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


_NUMBER: Final = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*\Z", re.IGNORECASE)
_INTEGER: Final = re.compile(r"\s*[+-]?\d+\s*\Z")
_UUID: Final = re.compile(r"\s*\{?[0-9a-f]{4}(-?[0-9a-f]{4}){7}\}?\s*\Z", re.IGNORECASE)
_DATE: Final = re.compile(
    r"[\s']*(\d{4})-(\d\d?)-(\d\d?)(?:[T\s]+(\d\d?):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?"
    r"\s*(Z|[+-]\d\d(?::?\d\d)?)?[\s']*\Z",
    re.IGNORECASE,
)
_TIME: Final = re.compile(r"[\s']*(\d\d?):(\d\d)(?::(\d\d)(\.\d+)?)?[\s']*\Z")
_DIGITS: Final = re.compile(r"\s*(\d\d)(\d\d)(\d\d)(\.\d+)?\s*\Z")
_ENDLESS: Final = frozenset({"nan", "infinity", "-infinity"})
_WORDS: Final = frozenset({"now", "today", "tomorrow", "yesterday", "epoch"})
_DATED: Final = {
    "date": "%Y-%m-%d",
    "timestamp without time zone": "%Y-%m-%d %H:%M:%S",
    "timestamp with time zone": "%Y-%m-%d %H:%M:%S+00",
}


def stored_default(data_type: str, value: Any) -> str | None:
    """The default expression as PostgreSQL prints it; raises PgError for one that the type does not take."""
    if value is None:
        return None
    if isinstance(value, str) and (value.lower() == "now()" or value == "CURRENT_TIMESTAMP"):
        return _function("CURRENT_TIMESTAMP", data_type, {"timestamp", "date", "time", "character varying", "text"})
    if isinstance(value, str) and "CURRENT_TIMESTAMP(" in value and ")" in value:
        inside = re.search(r"\(([^)]+)\)", value)
        return _function(
            f"CURRENT_TIMESTAMP({inside[1] if inside else ''})", data_type, {"timestamp", "date", "time", "text"}
        )
    if value == "gen_random_uuid()":
        return _function("gen_random_uuid()", data_type, {"uuid", "character varying", "text"})
    if data_type == "boolean":
        return "true" if value and value != "false" else "false"
    written = js_text(value)
    if data_type == "json" and isinstance(value, list | dict):
        written = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    _check_literal(data_type, written)
    return _printed(data_type, written)


def _function(expression: str, data_type: str, takes: set[str]) -> str:
    if not any(data_type.startswith(name) for name in takes):
        raise PgError(f"column is of type {data_type} but default expression is of another type")
    return expression


def _check_literal(data_type: str, written: str) -> None:
    bare = written.strip().lower()
    good = True
    if data_type in {"integer", "bigint", "smallint"}:
        good = bool(_INTEGER.match(written))
        limit = 1 << {"smallint": 15, "integer": 31, "bigint": 63}[data_type]
        if good and not -limit <= int(written) < limit:
            raise PgError(f'value "{written}" is out of range for type {data_type}')
    elif data_type in {"numeric", "real", "double precision"}:
        good = bool(_NUMBER.match(written)) or bare in _ENDLESS
    elif data_type == "uuid":
        good = bool(_UUID.match(written))
    elif data_type in {"json", "jsonb"}:
        good = _is_json(written)
    elif data_type in _DATED:
        good = _instant(data_type, written) is not None or bare in _WORDS
    elif data_type == "time without time zone":
        good = _clock(written) is not None
    if not good:
        raise PgError(f'invalid input syntax for type {data_type}: "{written}"')


def _is_json(written: str) -> bool:
    def no_constant(name: str) -> None:
        raise ValueError(name)

    try:
        json.loads(written, parse_constant=no_constant)
    except ValueError:
        return False
    return True


def _printed(data_type: str, written: str) -> str:
    quoted = "'" + written.replace("'", "''") + "'"
    bare = written.strip()
    if data_type in {"integer", "bigint", "smallint"}:
        number = int(written)
        return str(number) if data_type == "integer" and number >= 0 else f"'{number}'::{data_type}"
    if data_type == "numeric" and bare.lower() not in _ENDLESS:
        return _numeric(Decimal(bare))
    if data_type in {"real", "double precision"} and bare.lower() not in _ENDLESS:
        return f"'{_float(float(written), single=data_type == 'real')}'::{data_type}"
    if data_type == "uuid":
        digits = "".join(letter for letter in bare.lower() if letter not in "{}-")
        return f"'{UUID(digits)}'::uuid"
    instant = _instant(data_type, written)
    if instant is not None and data_type in _DATED:
        return f"'{instant.strftime(_DATED[data_type])}'::{data_type}"
    clock = _clock(written) if data_type == "time without time zone" else None
    return f"'{clock}'::{data_type}" if clock else f"{quoted}::{data_type}"


def _numeric(value: Decimal) -> str:
    written = format(value, "f")
    return written if "." in written and value >= 0 else f"'{written}'::numeric"


def _float(value: float, *, single: bool) -> str:
    """The fewest digits that are this value and no other."""
    for digits in range(1, 18):
        found = f"{value:.{digits}g}"
        read = float(found)
        if read == value or (single and struct.pack("f", read) == struct.pack("f", value)):
            break
    mantissa, exponent = f"{float(found):.{digits - 1}e}".split("e")
    if -4 <= int(exponent) < (6 if single else 15):
        return format(Decimal(found), "f")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{exponent}"


def _clock(written: str) -> str | None:
    """A time of day as PostgreSQL prints it; None for any other text."""
    match = _TIME.match(written) or _DIGITS.match(written)
    if match is None:
        instant = _instant("time without time zone", written) if ":" in written and "T" not in written.upper() else None
        return instant.strftime("%H:%M:%S") if instant else None
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    rest = (match[4] or "").rstrip("0").rstrip(".")
    return f"{hour:02}:{minute:02}:{second:02}{rest}" if hour < 24 and minute < 60 and second < 60 else None


def _instant(data_type: str, written: str) -> datetime | None:
    """The date that PostgreSQL reads, in UTC where the type has a zone; None for any other text."""
    match = _DATE.match(written)
    if match is None:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    try:
        found = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC)
    except ValueError:
        return None
    if zone and zone.upper() != "Z" and data_type == "timestamp with time zone":
        sign = -1 if zone[0] == "-" else 1
        found -= sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[3:].lstrip(":") or 0))
    return found
