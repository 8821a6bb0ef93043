"""What Directus reads of a database: the inspector's columns, getSchema and getSnapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from migration_audit.directus.behaviour import Behaviour
from migration_audit.directus.difference import sanitized
from migration_audit.directus.js import sort_deep, specials
from migration_audit.directus.postgres import DatabaseState
from migration_audit.directus.system_tables import SYSTEM_COLUMNS, SYSTEM_TABLES
from migration_audit.directus.types import ALIAS_TYPES, local_type, parse_default, typed_default
from migration_audit.model.directus_database import DirectusColumn, DirectusForeignKey, DirectusTable

SYSTEM = "directus_"
"""How the tables of Directus itself are called; no collection may be called so."""


def is_system(table: str) -> bool:
    """Whether a table is Directus's own."""
    return table.startswith(SYSTEM)


def column_info(state: DatabaseState, table: DirectusTable, column: DirectusColumn) -> dict[str, Any]:
    """The inspector's ``columnInfo`` of one column, as far as Directus compares it."""
    keys = [key for key in table.keys if key.columns == (column.name,)]
    foreign = next((key for key in state.seen_keys if key.table == table.name and key.columns == (column.name,)), None)
    primary = any(key.primary for key in keys)
    return {
        "name": column.name,
        "table": table.name,
        "data_type": column.type,
        "default_value": None if column.generated else parse_default(column.default),
        "max_length": column.max_length,
        "numeric_precision": column.precision,
        "numeric_scale": column.scale,
        "is_nullable": column.nullable,
        "is_unique": bool(keys),
        "is_indexed": any(
            not index.unique and index.columns and set(index.columns) == {column.name} for index in table.indexes
        ),
        "is_primary_key": primary,
        "is_generated": column.generated,
        "generation_expression": column.default if column.generated else None,
        "has_auto_increment": primary and (column.serial or column.identity),
        "foreign_key_table": foreign.foreign_table if foreign else None,
        "foreign_key_column": foreign.foreign_columns[0] if foreign else None,
    }


def all_column_info(state: DatabaseState) -> dict[tuple[str, str], dict[str, Any]]:
    """``columnInfo()``: every column, by table and name."""
    tables = sorted(tables_in_database(state).items())
    return {(name, column.name): column_info(state, table, column) for name, table in tables for column in table.columns}


@dataclass(slots=True)
class Relation:
    """One relation, of a foreign key, a row of ``directus_relations``, or both."""

    collection: str
    field: str
    related: str | None
    schema: DirectusForeignKey | None
    meta: dict[str, Any] | None

    @property
    def one_field(self) -> Any:
        """The alias on the other side."""
        return self.meta.get("one_field") if self.meta else None


@dataclass(slots=True)
class Field:
    """One field of a known collection."""

    type: str
    alias: bool


@dataclass(slots=True)
class InspectedSchema:
    """``getSchema()``: the collections that Directus knows, which are the tables with a primary key of one column."""

    primary: dict[str, str]
    fields: dict[str, dict[str, Field]]
    relations: list[Relation]


def read_schema(
    state: DatabaseState, excluded: frozenset[str], foreign_keys: list[DirectusForeignKey] | None = None
) -> InspectedSchema:
    """``getSchema``; ``foreign_keys`` are those that an older version has kept since it started."""
    found = InspectedSchema({}, {}, [])
    for table in state.tables.values():
        key = next((key.columns[0] for key in table.keys if key.primary and len(key.columns) == 1), None)
        if table.name in excluded or key is None or " " in table.name or not table.visible:
            continue
        found.primary[table.name] = key
        found.fields[table.name] = {
            column.name: Field(local_type(column.type, None), alias=False) for column in table.columns
        }
    for row in state.fields:
        fields = found.fields.get(row["collection"])
        if fields is not None and (field := _recorded_field(state, row, fields.get(row["field"]))) is not None:
            fields[row["field"]] = field
    # As it was then: what is changed later is not seen in it.
    found.relations = _stitch(deepcopy(state.relations), state.seen_keys if foreign_keys is None else foreign_keys)
    return found


def _recorded_field(state: DatabaseState, row: Mapping[str, Any], there: Field | None) -> Field | None:
    """What a row of ``directus_fields`` makes of a column, or of an alias that has none; None where it says nothing."""
    named = specials(row["special"]) if row.get("special") else []
    if "no-data" in named:
        return None
    if there is None:
        return Field("alias", alias=True) if any(alias in named for alias in ALIAS_TYPES) else None
    column = _column(state, row["collection"], row["field"])
    return Field(local_type(column.type if column else None, {"special": named}), alias=there.alias)


def _column(state: DatabaseState, table: str, name: str) -> DirectusColumn | None:
    found = state.tables.get(table)
    return next((column for column in found.columns if column.name == name), None) if found else None


def _stitch(rows: list[dict[str, Any]], foreign_keys: list[DirectusForeignKey]) -> list[Relation]:
    """``stitchRelations``: foreign keys with their rows, then the rows without one."""
    found: list[Relation] = []
    for key in foreign_keys:
        column = ",".join(key.columns)
        row = next((row for row in rows if _belongs(row, key.table, column, key.foreign_table)), None)
        found.append(Relation(key.table, column, key.foreign_table, key, row))
    used = [id(one.meta) for one in found]
    return found + [
        Relation(row["many_collection"], row["many_field"], row.get("one_collection"), None, row)
        for row in rows
        if id(row) not in used
    ]


def _belongs(row: Mapping[str, Any], table: str, column: str, other: str) -> bool:
    if row["many_collection"] != table or row["many_field"] != column:
        return False
    return not row.get("one_collection") or row["one_collection"] == other


def snapshot_of_state(state: DatabaseState, version: Behaviour, excluded: frozenset[str]) -> dict[str, list[dict[str, Any]]]:
    """``getSnapshot``: the database as a file would have it, with the order of keys that decides about differences."""
    schema = read_schema(state, excluded)
    sections = {
        "collections": _collections(state, excluded),
        "fields": _fields(state, schema),
        "relations": _relations(state),
    }
    found = {
        section: [item for item in items if version.untracked or item["meta"] is not None]
        for section, items in sections.items()
    }
    found["collections"].sort(key=lambda item: str(item["collection"]))
    for section in ("fields", "relations"):
        found[section] = [_without_id(item) for item in sorted(found[section], key=_by_id)]
    found["systemFields"] = _system_fields(state) if version.system_fields else []
    return {section: [sanitized(section, item) for item in items] for section, items in found.items()}


def _by_id(item: Mapping[str, Any]) -> tuple[str, bool, int]:
    number = item["meta"]["id"] if item["meta"] is not None else None
    return str(item["collection"]), number is None, number or 0


def _without_id(item: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = sort_deep(deepcopy(item))
    if isinstance(made.get("meta"), dict):
        made["meta"].pop("id", None)
    return made


def tables_in_database(state: DatabaseState) -> dict[str, DirectusTable]:
    """``tableInfo``: ordinary tables alone."""
    return {name: table for name, table in state.tables.items() if not table.partitioned}


def _collections(state: DatabaseState, excluded: frozenset[str]) -> Iterator[dict[str, Any]]:
    tables = tables_in_database(state)
    tracked = {row["collection"] for row in state.collections}
    for row in state.collections:
        name = row["collection"]
        if name not in excluded:
            schema = {"name": name} if name in tables else None
            yield sort_deep({"collection": name, "meta": deepcopy(row), "schema": schema})
    for name in tables:
        if name not in tracked and name not in excluded and name not in SYSTEM_TABLES:
            yield {"collection": name, "meta": None, "schema": {"name": name}}


def _fields(state: DatabaseState, schema: InspectedSchema) -> Iterator[dict[str, Any]]:
    rows = {(row["collection"], row["field"]): row for row in reversed(state.fields)}
    for (table, name), info in all_column_info(state).items():
        row = rows.get((table, name))
        if table not in schema.fields or (row is None and (table, name) in SYSTEM_COLUMNS):
            continue
        numeric = info["numeric_precision"] is not None and info["numeric_scale"] is not None
        kind = local_type(info["data_type"], row, fixed=numeric)
        column = {**info, "default_value": typed_default(info["default_value"], kind)}
        yield {"collection": table, "field": name, "type": kind, "schema": column, "meta": deepcopy(row)}
    for row in state.fields:
        if row["collection"] in schema.fields and any(name in ALIAS_TYPES for name in specials(row.get("special"))):
            yield {
                "collection": row["collection"],
                "field": row["field"],
                "type": "alias",
                "schema": None,
                "meta": deepcopy(row),
            }


def _system_fields(state: DatabaseState) -> list[dict[str, Any]]:
    rows = {(row["collection"], row["field"]) for row in state.fields}
    found = [
        {"collection": table, "field": name, "schema": {"is_indexed": True}}
        for (table, name), info in all_column_info(state).items()
        if is_system(table) and info["is_indexed"] and (table, name) not in rows
    ]
    return sorted(found, key=lambda item: (str(item["collection"]), str(item["field"])))


def _relations(state: DatabaseState) -> Iterator[dict[str, Any]]:
    for one in _stitch(state.relations, state.seen_keys):
        if one.meta is None and (one.collection, one.field) in SYSTEM_COLUMNS:
            continue
        schema = relation_schema(one.schema) if one.schema else None
        yield {
            "collection": one.collection,
            "field": one.field,
            "related_collection": one.related,
            "schema": schema,
            "meta": deepcopy(one.meta),
        }


def relation_schema(key: DirectusForeignKey) -> dict[str, Any]:
    """The inspector's ``foreignKeys`` of one key."""
    return {
        "table": key.table,
        "column": ",".join(key.columns),
        "foreign_key_table": key.foreign_table,
        "foreign_key_column": ",".join(key.foreign_columns),
        "constraint_name": key.name,
        "on_update": key.on_update,
        "on_delete": key.on_delete,
    }
