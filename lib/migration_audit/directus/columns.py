"""addColumnToTable: what knex makes of a field, in a new table, as a new column, or as a change of one that is there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from migration_audit.directus.behaviour import Behaviour
from migration_audit.directus.js import MISSING, JsError, absent, get, js_text, opt, simple_hash, truthy
from migration_audit.directus.postgres import DatabaseState
from migration_audit.directus.rows import stored_default
from migration_audit.directus.statement import PgError, knex_name
from migration_audit.model.directus_database import DirectusColumn, DirectusIndex, DirectusKey
from migration_audit.model.identifiers import quoted

_KNEX: Final = {
    "bigInteger": ("bigint", 64, 0),
    "boolean": ("boolean", None, None),
    "date": ("date", None, None),
    "integer": ("integer", 32, 0),
    "json": ("json", None, None),
    "text": ("text", None, None),
    "csv": ("text", None, None),
    "time": ("time without time zone", None, None),
    "binary": ("bytea", None, None),
    "uuid": ("uuid", None, None),
    "dateTime": ("timestamp without time zone", None, None),
    "timestamp": ("timestamp with time zone", None, None),
    "float": ("real", 24, None),
}
_SHORT: Final = {
    "character varying": "varchar",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "time without time zone": "time",
}


@dataclass(slots=True)
class Built:
    """What one call adds to an ALTER or CREATE TABLE."""

    column: DirectusColumn | None = None
    """None where the field needs no column."""
    type: str = ""
    default: Any = MISSING
    """The expression as PostgreSQL stores it; None for NULL; missing where no default is named."""
    nullable: bool | None = None
    increments: bool = False
    primary: bool = False
    unique: str | None = None
    """Name of the constraint to add."""
    index: str | None = None
    drop_unique: str | None = None
    drop_index: str | None = None

    @property
    def name(self) -> str:
        """The column's."""
        return self.column.name if self.column else ""


def build_column(
    version: Behaviour, state: DatabaseState, table: str, payload: Any, existing: Mapping[str, Any] | None = None
) -> Built:
    """What Directus asks knex for; ``existing`` is the inspector's column where one is changed.

    Raises JsError for a type that Directus does not know, PgError for a default that the type does not take.
    """
    kind = get(payload, "type")
    if kind in ("alias", "unknown"):
        return Built()
    name = js_text(get(payload, "field"))
    if not name:
        raise PgError("You did not specify a column name")
    name = knex_name(name)
    made = Built(increments=truthy(opt(payload, "schema", "has_auto_increment")))
    made.column = _typed(version, state, name, kind, payload, existing, increments=made.increments)
    made.type = type_name(made.column)
    if made.increments:
        made.type = "bigserial" if kind == "bigInteger" else "serial"
    _modifiers(version, made, payload, existing)
    _keys(version, made, table, name, payload, existing)
    return made


def type_name(column: DirectusColumn) -> str:
    """``varchar(255)``."""
    short = _SHORT.get(column.type, column.type)
    if column.type == "character varying":
        return f"{short}({column.max_length})"
    if column.type == "numeric":
        return f"decimal({column.precision}, {column.scale})"
    return short


def _typed(
    version: Behaviour,
    state: DatabaseState,
    name: str,
    kind: Any,
    payload: Any,
    existing: Mapping[str, Any] | None,
    *,
    increments: bool,
) -> DirectusColumn:
    if increments:
        data_type, bits = ("bigint", 64) if kind == "bigInteger" else ("integer", 32)
        return DirectusColumn(name=name, type=data_type, precision=bits, scale=0, serial=True, nullable=False)
    if not isinstance(kind, str):
        raise JsError(f"Cannot read properties of {'null' if kind is None else 'undefined'} (reading 'startsWith')")
    if kind in ("string", "hash"):
        length = 255 if kind == "hash" else _length(version, payload, existing)
        if length < 1:
            raise PgError("length for type varchar must be at least 1")
        return DirectusColumn(name=name, type="character varying", max_length=length)
    if kind == "decimal":
        precision, scale = _precision(version, payload, existing)
        if not 1 <= precision <= 1000:
            raise PgError(f"NUMERIC precision {precision} must be between 1 and 1000")
        return DirectusColumn(name=name, type="numeric", precision=precision, scale=scale)
    if kind in _KNEX:
        data_type, known, places = _KNEX[kind]
        return DirectusColumn(name=name, type=data_type, precision=known, scale=places)
    if kind.startswith("geometry"):
        if not state.given.postgis:
            raise PgError('type "geometry" does not exist')
        return DirectusColumn(name=name, type=(kind.partition(".")[2] or "geometry").upper())
    raise JsError(f'Illegal type passed: "{kind}"')


def _length(version: Behaviour, payload: Any, existing: Mapping[str, Any] | None) -> int:
    given = opt(payload, "schema", "max_length")
    if given is MISSING and version.keeps_modifiers and existing is not None:
        given = existing["max_length"]
    return _whole(given, 255)


def _precision(version: Behaviour, payload: Any, existing: Mapping[str, Any] | None) -> tuple[int, int]:
    found = []
    for key, fallback in (("numeric_precision", 10), ("numeric_scale", 5)):
        given = opt(payload, "schema", key)
        if absent(given) and version.keeps_modifiers and existing is not None:
            given = existing[key]
        found.append(_whole(fallback if absent(given) else given, 8 if fallback == 10 else 2))
    return found[0], found[1]


def _whole(value: Any, fallback: int) -> int:
    """knex's ``toNumber``."""
    if absent(value):
        return fallback
    match = re.match(r"\s*[+-]?\d+", js_text(value))
    return int(match[0]) if match else fallback


def _modifiers(version: Behaviour, made: Built, payload: Any, existing: Mapping[str, Any] | None) -> None:
    nullable, default = opt(payload, "schema", "is_nullable"), opt(payload, "schema", "default_value")
    if existing is None:
        made.nullable = truthy(nullable) or nullable is MISSING or (nullable is None and version.keeps_modifiers)
    elif version.keeps_modifiers or nullable is not MISSING or default is not MISSING:
        # The helper of 11.2 sets it only where it is named or was there.
        made.nullable = truthy(existing["is_nullable"] if absent(nullable) else nullable)
        default = existing["default_value"] if default is MISSING else default
    if default is not MISSING and made.column is not None and not made.increments:
        made.default = stored_default(made.column.type, default)


def directus_index_name(version: Behaviour, kind: str, table: str, column: str, *, most: int = 63) -> str:
    """The name that Directus, or knex for the older versions, gives an index, a UNIQUE or a foreign key."""
    bare = re.sub(r"[.-]", "_", table)
    name = f"{bare}_{column}_{kind}".lower()
    if len(name) <= most or not (version.long_names or most < 63):
        return name[:63].strip()
    suffix = f"__{simple_hash(name)}_{kind}"
    return (name[: most - len(suffix)] + suffix).strip()


def _keys(version: Behaviour, made: Built, table: str, name: str, payload: Any, existing: Mapping[str, Any] | None) -> None:
    if truthy(opt(payload, "schema", "is_primary_key")):
        made.primary, made.nullable = not made.increments, False
        return
    if existing is not None and existing["is_primary_key"]:
        return
    unique, indexed = opt(payload, "schema", "is_unique"), opt(payload, "schema", "is_indexed")
    if unique is True and not made.increments and (existing is None or existing["is_unique"] is False):
        made.unique = directus_index_name(version, "unique", table, name)
    elif unique is False and existing is not None and existing["is_unique"] is True:
        made.drop_unique = directus_index_name(version, "unique", table, name)
    if indexed is True and not made.increments and (existing is None or not existing["is_indexed"]):
        made.index = directus_index_name(version, "index", table, name)
    elif indexed is False and existing is not None and existing["is_indexed"]:
        made.drop_index = directus_index_name(version, "index", table, name)


def finished(table: str, made: Built) -> DirectusColumn:
    """The column as it is after it was created."""
    column = made.column
    if column is None:
        raise ValueError("no column")
    if made.increments:
        return replace(column, default=f"nextval('{quoted(f'{table}_{column.name}_seq')}'::regclass)")
    default = None if made.default is MISSING else made.default
    return replace(column, default=default, nullable=bool(made.nullable))


def add(state: DatabaseState, table: str, made: Built) -> None:
    """ALTER TABLE … ADD COLUMN, with its keys and indexes."""
    if made.column is None:
        return
    column = finished(table, made)
    key = DirectusKey(name=f"{table}_pkey", primary=True, columns=(column.name,)) if made.increments else None
    sql = f'alter table "{table}" add column "{column.name}" {made.type}{modifiers(made)}'
    state.add_column(table, column, sql, key=key)
    keys_after(state, table, made)


def modifiers(made: Built) -> str:
    """`` not null default '5'``."""
    if made.increments:
        return " primary key"
    words = "" if made.nullable is None else " null" if made.nullable else " not null"
    return words if made.default is MISSING else f"{words} default {_spelled_default(made)}"


def _spelled_default(made: Built) -> str:
    return "null" if made.default is None else str(made.default)


def alter(state: DatabaseState, table: str, made: Built) -> None:
    """The statements by which knex alters a column."""
    if made.column is None:
        return
    name = made.column.name
    start = f'alter table "{table}" alter column "{name}"'
    state.set_default(table, name, None, f"{start} drop default")
    state.drop_not_null(table, name)
    if made.increments:
        raise PgError(f'type "{made.type}" does not exist')
    state.set_type(table, name, made.column, f'{start} type {made.type} using ("{name}"::{made.type})')
    if made.default is not MISSING:
        state.set_default(table, name, made.default, f"{start} set default {_spelled_default(made)}")
    if made.nullable is False:
        state.set_not_null(table, name)
    keys_after(state, table, made)


def keys_after(state: DatabaseState, table: str, made: Built) -> None:
    """The keys and indexes that knex adds or drops after the column itself."""
    if made.column is None:
        return
    name = made.column.name
    start = f'alter table "{table}"'
    if made.primary:
        key = DirectusKey(name=f"{table}_pkey", primary=True, columns=(name,))
        state.add_key(table, key, f'{start} add constraint "{key.name}" primary key ("{name}")')
    if made.unique:
        key = DirectusKey(name=made.unique, primary=False, columns=(name,))
        state.add_key(table, key, f'{start} add constraint "{key.name}" unique ("{name}")')
    if made.drop_unique:
        state.drop_constraint(table, made.drop_unique)
    if made.index:
        index = DirectusIndex(name=made.index, columns=(name,))
        state.add_index(table, index, f'create index "{index.name}" on "{table}" ("{name}")')
    if made.drop_index:
        state.drop_index(table, made.drop_index)
