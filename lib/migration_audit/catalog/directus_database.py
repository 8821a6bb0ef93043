"""Read what ``directus schema apply`` would find in a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from migration_audit.catalog.connection import attempt, sent_at_once
from migration_audit.catalog.queries import load_query
from migration_audit.model.directus_database import (
    Dependant,
    DirectusColumn,
    DirectusDatabase,
    DirectusEventTrigger,
    DirectusForeignKey,
    DirectusIndex,
    DirectusKey,
    DirectusTable,
)

SYSTEM_TABLES = ("directus_collections", "directus_fields", "directus_relations")

_GEOMETRIES = """
select f_table_schema as schema, f_table_name as name, f_geometry_column as column, type from {schema}.geometry_columns
 union select f_table_schema, f_table_name, f_geography_column, type from {schema}.geography_columns
"""
CSV_COLUMNS = {"directus_fields": ("special",), "directus_relations": ("one_allowed_collections",)}
_AT_ONCE = 200
"""Tables that one query looks for rows in."""
_SETTINGS = """
select pg_catalog.current_setting('search_path') as search_path,
       coalesce(pg_catalog.current_setting('migration_audit.schemas', true), '') as schemas,
       coalesce(pg_catalog.current_setting('migration_audit.role', true), '') as role
"""
_SET = """
select pg_catalog.set_config('search_path', %(search_path)s, false),
       pg_catalog.set_config('migration_audit.schemas', %(schemas)s{}, false),
       pg_catalog.set_config('migration_audit.role', %(role)s, false)
"""
_ABOUT = ("about", "tables", "columns", "keys", "indexes", "dependants", "foreign_keys", "event_triggers", "names")
"""The queries that every database is asked."""

Rows = list[dict[str, Any]]
Cursor = psycopg.Cursor[dict[str, Any]]


def read_directus_database(
    connection: psycopg.Connection[Any], *, schemas: Sequence[str] = ("public",), role: str | None = None
) -> DirectusDatabase:
    """What an apply as ``role`` with this search path would find; without a role, as one that may do everything.

    The three tables of Directus may be absent: then there are no rows. Raises psycopg.Error.
    """
    before = _ask(connection, _SETTINGS)
    # Types and defaults are spelled as Directus's connection sees them; begin_reading has emptied the path.
    path = ", ".join(sql.Identifier(schema).as_string(connection) for schema in schemas)
    own = {"search_path": path, "schemas": list(schemas), "role": role or ""}
    try:
        with sent_at_once(connection):
            _ask(connection, _SET.format("::pg_catalog.text[]::pg_catalog.text"), own)
            asked = {name: _ask(connection, load_query(f"directus_{name}")) for name in _ABOUT}
        return _read(connection, {name: cursor.fetchall() for name, cursor in asked.items()}, role)
    finally:
        if connection.info.transaction_status is not TransactionStatus.INERROR:
            _ask(connection, _SET.format(""), before.fetchall()[0])


def _ask(connection: psycopg.Connection[Any], query: Any, values: Mapping[str, Any] | None = None) -> Cursor:
    return connection.cursor(row_factory=dict_row).execute(query, values)


def _read(connection: psycopg.Connection[Any], found: Mapping[str, Rows], role: str | None) -> DirectusDatabase:
    (about,), tables = found["about"], found["tables"]
    parts = {name: _by_oid(found[name]) for name in ("columns", "keys", "indexes", "dependants")}
    with sent_at_once(connection):
        dimensions = _ask(connection, load_query("directus_dimensions")) if about["timescaledb"] else None
        geometries = None
        if about["postgis"] and about["geometries"]:
            query = sql.SQL(_GEOMETRIES).format(schema=sql.Identifier(about["geometries"]))
            geometries = _ask(connection, query)
        system = {name: _system_rows(connection, tables, name) for name in SYSTEM_TABLES}
        licensed = _ask_for_license(connection, tables)
    shapes = {(e["schema"], e["name"], e["column"]): e["type"] for e in _taken(geometries)}
    dimension_rows = _taken(dimensions)
    rows = {name: _converted(name, _taken(cursor)) for name, cursor in system.items()}
    filled = _filled(connection, tables)
    return DirectusDatabase(
        tables=tuple(_table(table, parts, dimension_rows, shapes, filled, postgis=about["postgis"]) for table in tables),
        foreign_keys=tuple(DirectusForeignKey(**_frozen(key)) for key in found["foreign_keys"]),
        collections=rows["directus_collections"],
        fields=rows["directus_fields"],
        relations=rows["directus_relations"],
        event_triggers=tuple(DirectusEventTrigger(**_frozen(each)) for each in found["event_triggers"]),
        postgis=about["postgis"],
        can_create=about["can_create"],
        names=frozenset(row["name"] for row in found["names"]),
        is_licensed=None if licensed is None else bool(licensed.fetchall()[0]["licensed"]),
        role=role,
    )


def _taken(cursor: Cursor | None) -> Rows:
    return cursor.fetchall() if cursor else []


def _frozen(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


def _by_oid(rows: Sequence[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.pop("oid"), []).append(_frozen(row))
    return found


def _table(
    table: Mapping[str, Any],
    parts: Mapping[str, Mapping[int, list[dict[str, Any]]]],
    dimensions: Sequence[Mapping[str, Any]],
    shapes: Mapping[tuple[str, str, str], str],
    filled: Mapping[int, int],
    *,
    postgis: bool,
) -> DirectusTable:
    schema, name, oid = table["schema"], table["name"], table["oid"]
    split = tuple(each["column"] for each in dimensions if (each["schema"], each["name"]) == (schema, name))
    columns = []
    for column in parts["columns"].get(oid, []):
        shape = shapes.get((schema, name, column["name"]))
        kind = "unknown" if postgis and column["type"] in {"point", "polygon"} else column["type"]
        columns.append(DirectusColumn(**{**column, "type": shape or kind}))
    own = {key: value for key, value in _frozen(table).items() if key in DirectusTable.__slots__}
    return DirectusTable(
        **{**own, "partition_columns": split or own["partition_columns"] or ()},
        columns=tuple(columns),
        keys=tuple(DirectusKey(**key) for key in parts["keys"].get(oid, [])),
        indexes=tuple(DirectusIndex(**one) for one in parts["indexes"].get(oid, [])),
        # TimescaleDB drops the chunks of a hypertable with it.
        dependants=tuple(
            Dependant(**one)
            for one in parts["dependants"].get(oid, [])
            if not (split and one["text"].startswith("table _timescaledb_internal."))
        ),
        hypertable=bool(split),
        has_rows=filled[oid] > 0 if oid in filled else None,
        has_several=filled[oid] > 1 if oid in filled else None,
    )


def _filled(connection: psycopg.Connection[Any], tables: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """By OID, how many rows a table has with its partitions or chunks, up to two; without those that cannot be read.

    Tables are asked about together. Where that fails, as for one that another session locks, each is asked about alone.
    """
    asked = [table for table in tables if table["may_read"] and not table["name"].startswith("directus_")]
    found: dict[int, int] = {}
    for start in range(0, len(asked), _AT_ONCE):
        some = asked[start : start + _AT_ONCE]
        answers = _filled_of(connection, some)
        for alone in some if answers is None else ():
            found |= _filled_of(connection, [alone]) or {}
        found |= answers or {}
    return found


def _filled_of(connection: psycopg.Connection[Any], tables: Sequence[Mapping[str, Any]]) -> dict[int, int] | None:
    query = sql.SQL(" union all ").join(
        sql.SQL(
            "select {}::pg_catalog.int8 as oid, (select pg_catalog.count(*) from (select from {} limit 2) as t) as rows"
        ).format(sql.Literal(table["oid"]), sql.Identifier(table["schema"], table["name"]))
        for table in tables
    )
    try:
        with attempt(connection):
            found = _ask(connection, query)
        return {row["oid"]: row["rows"] for row in found.fetchall()}
    except psycopg.errors.DatabaseError:
        if connection.closed:
            raise
        return None


def _system_rows(connection: psycopg.Connection[Any], tables: Sequence[Mapping[str, Any]], name: str) -> Cursor | None:
    schema = next((table["schema"] for table in tables if table["name"] == name), None)
    if schema is None:
        return None
    query = sql.SQL("select pg_catalog.row_to_json(t) as row from {} as t order by {}").format(
        sql.Identifier(schema, name), sql.Identifier("collection" if name == "directus_collections" else "id")
    )
    return _ask(connection, query)


def _converted(name: str, rows: Rows) -> tuple[dict[str, Any], ...]:
    found = [row["row"] for row in rows]
    for row in found:
        for key in CSV_COLUMNS.get(name, ()):
            if isinstance(row.get(key), str):
                row[key] = row[key].split(",") if row[key] else []
    return tuple(found)


def _ask_for_license(connection: psycopg.Connection[Any], tables: Sequence[Mapping[str, Any]]) -> Cursor | None:
    table = next((one for one in tables if one["name"] == "directus_settings" and one["may_read"]), None)
    if table is None:
        return None
    # Before 12.0 there are no such columns.
    query = sql.SQL(
        "select exists (select from (select pg_catalog.to_jsonb(t) as row from {} as t) as t"
        " where coalesce(t.row->>'license_key', t.row->>'license_token') <> '') as licensed"
    ).format(sql.Identifier(table["schema"], table["name"]))
    return _ask(connection, query)
