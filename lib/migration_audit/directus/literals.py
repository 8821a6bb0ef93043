"""Default values: which of them PostgreSQL takes for a type, and how it prints them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from migration_audit.directus.js import text
from migration_audit.directus.statement import PgError

_NUMBER: Final = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*\Z", re.IGNORECASE)
_INTEGER: Final = re.compile(r"\s*[+-]?\d+\s*\Z")
_UUID: Final = re.compile(r"\s*\{?[0-9a-f]{4}(-?[0-9a-f]{4}){7}\}?\s*\Z", re.IGNORECASE)
_DATE: Final = re.compile(
    r"[\s']*(\d{4})-(\d\d?)-(\d\d?)(?:[T\s]+(\d\d?):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?[\s']*\Z",
    re.IGNORECASE,
)
_TIME: Final = re.compile(r"[\s']*\d\d?:\d\d(:\d\d(\.\d+)?)?[\s']*\Z")
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
    written = text(value)
    if data_type == "json" and isinstance(value, list | dict):
        written = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    _check_literal(data_type, written)
    return _printed(data_type, written)


def _function(expression: str, data_type: str, takes: set[str]) -> str:
    if not any(data_type.startswith(name) for name in takes):
        raise PgError(f"column is of type {data_type} but default expression is of another type")
    return expression


def _check_literal(data_type: str, written: str) -> None:
    good = True
    if data_type in {"integer", "bigint", "smallint"}:
        good = bool(_INTEGER.match(written))
        limit = 1 << {"smallint": 15, "integer": 31, "bigint": 63}[data_type]
        if good and not -limit <= int(written) < limit:
            raise PgError(f'value "{written}" is out of range for type {data_type}')
    elif data_type in {"numeric", "real", "double precision"}:
        good = bool(_NUMBER.match(written)) or written.strip().lower() in {"nan", "infinity", "-infinity"}
    elif data_type == "uuid":
        good = bool(_UUID.match(written))
    elif data_type in {"json", "jsonb"}:
        try:
            json.loads(written)
        except ValueError:
            good = False
    elif data_type in {"date", "timestamp with time zone", "timestamp without time zone"}:
        good = _instant(written) is not None or written.strip().lower() in _WORDS
    elif data_type == "time without time zone":
        good = bool(_TIME.match(written)) or _instant(written) is not None
    if not good:
        raise PgError(f'invalid input syntax for type {data_type}: "{written}"')


def _printed(data_type: str, written: str) -> str:
    quoted = "'" + written.replace("'", "''") + "'"
    if data_type in {"integer", "bigint", "smallint"}:
        number = int(written)
        bare = str(number)
        if data_type == "integer":
            return bare if number >= 0 else f"'{bare}'::integer"
        return f"'{bare}'::{data_type}" if number < 0 or data_type == "bigint" else bare
    if data_type == "numeric":
        bare = written.strip().removeprefix("+")
        return f"'{bare}'::numeric" if bare.startswith("-") or not bare[:1].isdigit() else bare
    if data_type in {"real", "double precision"} and written.strip().lower() not in {"nan", "infinity", "-infinity"}:
        return f"'{_short(float(written))}'::{data_type}"
    instant = _instant(written)
    if instant is not None and data_type in _DATED:
        return f"'{instant.strftime(_DATED[data_type])}'::{data_type}"
    return f"{quoted}::{data_type}"


def _instant(written: str) -> datetime | None:
    """The date, in UTC, that PostgreSQL reads; None where this is none. It skips punctuation around one."""
    match = _DATE.match(written)
    if match is None:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    try:
        found = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC)
    except ValueError:
        return None
    if zone and zone.upper() != "Z":
        sign = -1 if zone[0] == "-" else 1
        found -= sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[3:].lstrip(":") or 0))
    return found


def _short(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < 1e6 else f"{number:.6g}"
