"""Default values: which of them PostgreSQL takes for a type, and how it prints them."""

from __future__ import annotations

import json
import re
import struct
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from migration_audit.directus.js import js_text
from migration_audit.directus.statement import PgError

_NUMBER: Final = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*\Z", re.IGNORECASE)
INTEGER: Final = re.compile(r"\s*[+-]?\d+\s*\Z")
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
        good = bool(INTEGER.match(written))
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
    """A time of day as PostgreSQL prints it; None where this is none."""
    match = _TIME.match(written) or _DIGITS.match(written)
    if match is None:
        instant = _instant("time without time zone", written) if ":" in written and "T" not in written.upper() else None
        return instant.strftime("%H:%M:%S") if instant else None
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    rest = (match[4] or "").rstrip("0").rstrip(".")
    return f"{hour:02}:{minute:02}:{second:02}{rest}" if hour < 24 and minute < 60 and second < 60 else None


def _instant(data_type: str, written: str) -> datetime | None:
    """The date, in UTC where the type has a zone, that PostgreSQL reads; None where this is none."""
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
