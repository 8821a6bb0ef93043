"""A throw-away database like an environment as far as ``directus schema apply`` looks at it, without a row of its tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from migration_audit import catalog, driver
from migration_audit.audit.preflight.port import apply_port
from migration_audit.catalog.directus import Migrations
from migration_audit.catalog.directus_database import CSV_COLUMNS
from migration_audit.compare import compare
from migration_audit.model.directus import DirectusLive
from migration_audit.model.directus_database import DirectusDatabase, DirectusTable
from migration_audit.model.objects import CatalogObject
from migration_audit.model.snapshot import Snapshot
from migration_audit.port import build_port

_NOT_BUILT: Final = frozenset(
    {
        *("role", "role membership", "settings", "parameter privileges", "default privileges", "security label"),
        *("job", "publication", "publication table", "subscription", "foreign-data wrapper", "server", "user mapping"),
        *("database", "tablespace", "large objects", "changed privileges", "chunk skipping", "hypertable tablespaces"),
    }
)
"""Kinds that no apply looks at, and of which some would reach out of the throw-away database."""
_OF_TABLES: Final = frozenset({"column", "index", "constraint", "trigger", "rule", "policy", "extended statistics"})
_NOBODY: Final = "migration_audit_nobody"
_DEFINERS: LiteralString = """
select pg_catalog.format('alter routine %s owner to {nobody}', pro.oid::pg_catalog.regprocedure)
  from pg_catalog.pg_proc as pro
 where pro.prosecdef and pro.oid >= 16384
   and not exists (select from pg_catalog.pg_depend as dep where dep.objid = pro.oid and dep.deptype = 'e')
"""


def build_structure(conninfo: str, live: Snapshot, owner: Snapshot | None) -> tuple[str, ...]:
    """Make what the environment has, and of the owner's SQL what it lacks, in an empty database.

    What the server refuses, or what no SQL of ours makes, is left out; each as a sentence part.
    """
    wanted = _wanted(live, owner)
    there = catalog.read_snapshot(conninfo).snapshot
    port = build_port(compare(expected=wanted, actual=there), expected=wanted, actual=there)
    refused = [f"{step.about[0]} {step.about[1]} ({message})" for step, message in apply_port(conninfo, port)]
    left = [f"{step.about[0]} {step.about[1]} ({' '.join((step.for_person or '').split())})" for step in port.for_person]
    return tuple(dict.fromkeys((*refused, *left)))


def _wanted(live: Snapshot, owner: Snapshot | None) -> Snapshot:
    """One catalog of both; a table that the environment has stays as it is there."""
    mine = {key: obj for key, obj in live.by_key.items() if obj.kind not in _NOT_BUILT}
    added: dict[tuple[str, str], CatalogObject] = {}
    for key, obj in (owner.by_key if owner else {}).items():
        table = _table_of(obj, owner.by_key if owner else {})
        if key not in mine and obj.kind not in _NOT_BUILT and not (obj.kind in _OF_TABLES and table in mine):
            added[key] = obj
    objects = sorted((*mine.values(), *added.values()), key=lambda obj: (obj.kind, obj.key))
    return replace(live, objects=tuple(objects), unmodelled=(), chunks=(), jobs=())


def _table_of(obj: CatalogObject, known: Mapping[tuple[str, str], CatalogObject]) -> tuple[str, str] | None:
    """The relation that it is a part of."""
    owner = obj.belongs_to
    while owner is not None and owner[0] in _OF_TABLES and owner in known:
        owner = known[owner].belongs_to
    return owner


def copy_rows(conninfo: str, live: DirectusLive, migrations: Migrations) -> None:
    """Insert the rows of Directus's three tables and of ``directus_migrations``: no row of any other table.

    Raises psycopg.Error.
    """
    database, schema = live.database, live.schema
    if database is None or schema is None:
        return
    parts: dict[str, Iterable[Mapping[str, Any]]] = {
        "directus_collections": database.collections,
        "directus_fields": database.fields,
        "directus_relations": database.relations,
        "directus_migrations": [{"version": version, "name": name} for version, name in migrations],
    }
    with driver.connect(conninfo, autocommit=True, application_name="migration-audit") as connection:
        connection.execute("set session_replication_role = replica")  # no trigger and no foreign key of the user's
        for name, rows in parts.items():
            _insert(connection, schema, name, [_as_stored(name, row) for row in rows])


def _as_stored(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its lists as Directus keeps them: as text with commas."""
    lists = {key: row.get(key) for key in CSV_COLUMNS.get(table, ())}
    return {**row, **{key: ",".join(value) for key, value in lists.items() if isinstance(value, list)}}


def _insert(connection: psycopg.Connection[Any], schema: str, name: str, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    table = sql.Identifier(schema, name)
    columns = sql.SQL(", ").join(map(sql.Identifier, rows[0]))
    query = sql.SQL("insert into {table} ({columns}) select {columns} from json_populate_recordset(null::{table}, %s)")
    connection.execute(query.format(table=table, columns=columns), [json.dumps(rows)])
    if "id" in rows[0]:
        counted = "select setval(pg_get_serial_sequence(%s, 'id'), max(id)) from {table}"
        connection.execute(sql.SQL(counted).format(table=table), [f'"{schema}"."{name}"'])


def hand_over(conninfo: str, role: str, password: str, wanted: DirectusDatabase | None, schemas: tuple[str, ...]) -> None:
    """Make the role that Directus logs in as, with the rights on tables that it has in the environment.

    ``wanted`` is None for a fresh database, in which it owns everything. Raises psycopg.Error.
    """
    with driver.connect(conninfo, autocommit=True, application_name="migration-audit") as connection:
        connection.execute("set session_replication_role = replica")  # what an event trigger refuses is for Directus to see
        there = connection.execute("select from pg_roles where rolname = %s", [role]).fetchone() is not None
        made = sql.SQL("alter role {} login password {}" if there else "create role {} login password {}")
        connection.execute(made.format(sql.Identifier(role), sql.Literal(password)))
        connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(_NOBODY)))
        found = catalog.read_directus_database(connection, schemas=schemas)
        flags = {(table.schema, table.name): table for table in wanted.tables} if wanted else {}
        for table in found.tables:
            for statement in _rights(table, flags.get((table.schema, table.name)), is_fresh=wanted is None):
                connection.execute(
                    statement.format(table=sql.Identifier(table.schema, table.name), role=sql.Identifier(role))
                )
        _schemas(connection, role, wanted, schemas)
        # A function of the environment that runs with its owner's rights must not run with those of this server's superuser.
        for (statement,) in connection.execute(_DEFINERS.format(nobody=_NOBODY).encode()).fetchall():
            connection.execute(statement)


def _rights(table: DirectusTable, wanted: DirectusTable | None, *, is_fresh: bool) -> Iterator[sql.SQL]:
    if is_fresh or (wanted is not None and wanted.may_alter):
        yield sql.SQL("alter table {table} owner to {role}")
    elif wanted is not None:
        yield sql.SQL("grant select on {table} to {role}" if wanted.visible else "revoke all on {table} from {role}, public")


def _schemas(
    connection: psycopg.Connection[Any], role: str, wanted: DirectusDatabase | None, schemas: tuple[str, ...]
) -> None:
    """Of the first schema alone it matters whether tables may be created; a schema's owner may drop what is in it."""
    may_drop = {table.schema for table in wanted.tables if table.may_drop and not table.may_alter} if wanted else set()
    for number, schema in enumerate(schemas):
        parts = {"schema": sql.Identifier(schema), "role": sql.Identifier(role)}
        connection.execute(sql.SQL("grant usage on schema {schema} to {role}").format(**parts))
        if schema in may_drop:
            connection.execute(sql.SQL("alter schema {schema} owner to {role}").format(**parts))
        if number == 0 and (wanted is None or wanted.can_create):
            connection.execute(sql.SQL("grant create on schema {schema} to {role}").format(**parts))
        elif number == 0 and schema not in may_drop:
            connection.execute(sql.SQL("revoke create on schema {schema} from {role}, public").format(**parts))


def unlike(wanted: DirectusDatabase, made: DirectusDatabase) -> tuple[str, ...]:
    """Where the throw-away database is not like the environment, of all that the model looks at; rows of tables apart."""
    return tuple(_unlike(wanted, made))


def _unlike(wanted: DirectusDatabase, made: DirectusDatabase) -> Iterator[str]:
    want = {(table.schema, table.name): _comparable(table) for table in wanted.tables}
    have = {(table.schema, table.name): _comparable(table) for table in made.tables}
    for key in sorted(want.keys() | have.keys()):
        name = ".".join(key)
        if key not in have or key not in want:
            yield f"table {name} is {'not made' if key in want else 'only in the throw-away database'}"
        elif want[key] != have[key]:
            parts = [part for part in want[key] if want[key][part] != have[key][part]]
            yield f"table {name}: {', '.join(parts)} differ"
    keys = [{(one.table, one.name): one for one in side.foreign_keys} for side in (wanted, made)]
    for table, name in sorted(keys[0].keys() | keys[1].keys()):
        if keys[0].get((table, name)) != keys[1].get((table, name)):
            yield f"foreign key {name} of {table} differs"
    for what, ours, theirs in (
        ("event triggers", set(wanted.event_triggers), set(made.event_triggers)),
        ("rows of directus_collections", _rows(wanted.collections), _rows(made.collections)),
        ("rows of directus_fields", _rows(wanted.fields), _rows(made.fields)),
        ("rows of directus_relations", _rows(wanted.relations), _rows(made.relations)),
    ):
        if ours != theirs:
            yield f"{what} differ"
    if wanted.can_create != made.can_create:
        yield "whether Directus's role may create tables differs"


def _rows(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    return {json.dumps(row, sort_keys=True) for row in rows}


def _comparable(table: DirectusTable) -> dict[str, Any]:
    return {
        "columns": [replace(column, has_nulls=None, has_duplicates=None) for column in table.columns],
        "keys": sorted(table.keys, key=lambda key: key.name),
        "indexes": sorted(table.indexes, key=lambda index: index.name),
        "dependants": sorted(table.dependants, key=lambda one: (one.text, one.column or "")),
        "rights": (table.may_alter, table.may_drop, table.visible),
        "kind": (table.partitioned, table.hypertable, table.partition_columns, table.extension),
    }
