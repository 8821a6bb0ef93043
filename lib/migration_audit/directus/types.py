"""Directus's types of columns: what it reads, what knex makes of a field, and which casts PostgreSQL has between them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from migration_audit.directus.js import number, specials

ALIAS_TYPES: Final = ("alias", "o2m", "m2m", "m2a", "o2a", "files", "translations")

_LOCAL: Final = {
    "boolean": "boolean",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "bigInteger",
    "text": "text",
    "date": "date",
    "double precision": "float",
    "real": "float",
    "numeric": "integer",
    "geometry": "geometry",
    "point": "geometry.Point",
    "linestring": "geometry.LineString",
    "polygon": "geometry.Polygon",
    "multipoint": "geometry.MultiPoint",
    "multilinestring": "geometry.MultiLineString",
    "multipolygon": "geometry.MultiPolygon",
    "bit": "boolean",
    "money": "float",
    "json": "json",
    "jsonb": "json",
    "uuid": "uuid",
    "character varying": "string",
    "character": "string",
    "interval": "string",
    "citext": "text",
    "timestamp with time zone": "timestamp",
    "timestamp without time zone": "dateTime",
    "time with time zone": "time",
    "time without time zone": "time",
}

SCHEMA_KEYS: Final = (
    *("name", "table", "data_type", "default_value", "max_length", "numeric_precision", "numeric_scale", "is_nullable"),
    *("is_unique", "is_indexed", "is_primary_key", "is_generated", "generation_expression", "has_auto_increment"),
    *("foreign_key_table", "foreign_key_column"),
)
"""The keys of ``fields[].schema`` that are compared."""


def local_type(data_type: str | None, field: Mapping[str, Any] | None, *, fixed: bool = True) -> str:
    """``getLocalType``: Directus's type of a column, by its row in ``directus_fields``; ``alias`` without a column.

    ``fixed`` says whether a ``numeric`` has a precision of its own.
    """
    if data_type is None:
        return "alias"
    lower = data_type.lower()
    found = _LOCAL.get(lower.partition("(")[0])
    special = field.get("special") if field else None
    if special:
        for name, local in (
            ("cast-json", "json"),
            ("hash", "hash"),
            ("cast-csv", "csv"),
            ("uuid", "uuid"),
            ("file", "uuid"),
            ("cast-timestamp", "timestamp"),
            ("cast-datetime", "dateTime"),
        ):
            if name in special:
                return local
        if found and found.startswith("geometry"):
            return str(specials(special)[0] or "geometry")
    if lower == "numeric" and fixed:
        return "decimal"
    return found or "unknown"


def parse_default(expression: str | None) -> str | None:
    """``parseDefaultValue``: what the inspector reads of a default."""
    if expression is None or expression.startswith("nextval("):
        return expression
    value = expression.split("::")[0]
    if value.strip().lower() == "null":
        return None
    bare = value.strip()
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\"":
        return bare[1:-1]
    return value


def typed_default(value: str | None, local: str) -> Any:
    """``getDefaultValue``: the default as a value of the field's type."""
    if value is None or value == "0000-00-00 00:00:00":
        return None
    if local in {"bigInteger", "integer", "decimal", "float"}:
        found = number(value)
        return value if found is None else found
    if local == "boolean":
        return value not in {"0", "false", ""}
    if local == "json" and value:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


_TEXT: Final = frozenset({"text", "character varying", "character", "citext"})
_INTEGER: Final = frozenset({"smallint", "integer", "bigint"})
_NUMBER: Final = frozenset({*_INTEGER, "numeric", "real", "double precision"})
_SIZE: Final = {"smallint": 0, "integer": 1, "bigint": 2, "numeric": 3, "real": 4, "double precision": 5}
_DATE: Final = frozenset({"date", "timestamp with time zone", "timestamp without time zone"})
_SHAPES: Final = frozenset(
    {"GEOMETRY", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"}
)
"""Types of PostGIS; PostgreSQL's own ``point`` and ``polygon`` are ``unknown`` next to them."""
_OTHER: Final = frozenset(
    {
        ("integer", "boolean"),
        ("boolean", "integer"),
        ("money", "numeric"),
        ("bit", "integer"),
        ("bit", "bigint"),
        ("json", "jsonb"),
        ("jsonb", "json"),
        ("timestamp with time zone", "time without time zone"),
        ("timestamp without time zone", "time without time zone"),
        ("time without time zone", "time with time zone"),
        ("time with time zone", "time without time zone"),
        ("interval", "time without time zone"),
        ("timestamp with time zone", "time with time zone"),
    }
)
_BY_ROWS: Final = frozenset({("jsonb", "boolean"), *(("jsonb", name) for name in _NUMBER)})


def castable(source: str, target: str) -> bool | None:
    """Whether ``column::target`` works: True for every row, None where it depends on the rows, False for none."""
    if source == target or target in _TEXT:
        return True
    if target in _SHAPES and source.upper() in {*_SHAPES, "UNKNOWN"}:
        return True if target == "GEOMETRY" else None
    if source in _TEXT or (source, target) in _BY_ROWS:
        return None
    if source in _NUMBER and target in _NUMBER:
        return True if _SIZE[target] >= _SIZE[source] else None
    if source in _DATE and target in _DATE:
        return True
    return (source, target) in _OTHER


_FAMILIES: Final = (
    {"smallint", "integer", "bigint"},
    {"text", "character varying", "character"},
    {"real", "double precision"},
    {"timestamp with time zone", "timestamp without time zone", "date"},
)
_IMPLICIT: Final = frozenset(
    {
        *((name, "numeric") for name in _INTEGER),
        *((name, target) for name in (*_INTEGER, "numeric") for target in ("real", "double precision")),
        ("time without time zone", "time with time zone"),
        ("time without time zone", "interval"),
    }
)


def comparable_types(referenced: str, referring: str) -> bool:
    """Whether ``=`` compares two columns by an index of the first, as a foreign key needs it."""
    if referenced == referring or any({referenced, referring} <= family for family in _FAMILIES):
        return True
    return (referring, referenced) in _IMPLICIT
