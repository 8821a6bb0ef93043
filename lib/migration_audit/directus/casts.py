"""Which explicit casts PostgreSQL has between the types that Directus makes: yes, no, or as the rows are."""

from __future__ import annotations

from typing import Final

_TEXT: Final = frozenset({"text", "character varying", "character", "citext"})
_INTEGER: Final = frozenset({"smallint", "integer", "bigint"})
_NUMBER: Final = frozenset({*_INTEGER, "numeric", "real", "double precision"})
_SIZE: Final = {"smallint": 0, "integer": 1, "bigint": 2, "numeric": 3, "real": 4, "double precision": 5}
_DATE: Final = frozenset({"date", "timestamp with time zone", "timestamp without time zone"})
_SHAPES: Final = frozenset(
    {"GEOMETRY", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"}
)
"""Types of PostGIS; PostgreSQL's own ``point`` and ``polygon`` are ``unknown`` beside them."""
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
