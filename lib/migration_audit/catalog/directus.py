"""Reads what Directus recorded in a live database, and who could drop the tables next to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from migration_audit.catalog.connection import attempt, begin_reading, open_connection, read_again, sent_at_once
from migration_audit.catalog.directus_database import read_directus_database
from migration_audit.catalog.queries import load_query
from migration_audit.catalog.reader import read_snapshot
from migration_audit.catalog.server_errors import ask_whether_replaced, database_error
from migration_audit.model.directus import DirectusLive, TableRights
from migration_audit.model.directus_database import DirectusDatabase, Lost
from migration_audit.model.finding import Outcome, Unavailable
from migration_audit.model.identifiers import dotted
from migration_audit.model.objects import CatalogObject, Key, owners
from migration_audit.model.relations import MaterializedView, Table, View
from migration_audit.model.snapshot import Snapshot

MOST_ROWS = 100_000
_TABLES = ("directus_collections", "directus_fields")

_RIGHTS = """
select nsp.nspname as schema,
       rel.relname as name,
       own.rolname as owner,
       (
           select rol.rolsuper or pg_catalog.pg_has_role(rol.oid, rel.relowner, 'usage')
               or pg_catalog.pg_has_role(rol.oid, nsp.nspowner, 'usage')
             from pg_catalog.pg_roles as rol
            where rol.rolname = %(role)s
       ) as may_drop
  from rows from (
           pg_catalog.unnest(%(schemas)s::pg_catalog.text[]), pg_catalog.unnest(%(names)s::pg_catalog.text[])
       ) as raw (schema, name)
  join pg_catalog.pg_namespace as nsp on nsp.nspname = raw.schema
  join pg_catalog.pg_class as rel on rel.relnamespace = nsp.oid and rel.relname = raw.name and rel.relkind in ('r', 'p')
  join pg_catalog.pg_roles as own on own.oid = rel.relowner
 order by nsp.nspname collate "C", rel.relname collate "C"
"""
_ROWS = sql.SQL(
    "select collection::pg_catalog.text, null::pg_catalog.text from {collections}"
    " union all select collection::pg_catalog.text, field::pg_catalog.text from {fields} limit {most}"
)
_MOST_MIGRATIONS = 10_000
"""Directus has about a hundred of its own; a project may add some."""
Migrations = tuple[tuple[str, str], ...]
"""Version and name of each row of ``directus_migrations``: which migrations of Directus's own have run."""


@read_again
def read_directus(
    connection: psycopg.Connection[Any],
    live: Snapshot,
    *,
    role: str | None,
    raw_tables: Sequence[tuple[str, str]],
    search_path: Sequence[str] = ("public",),
) -> DirectusLive:
    """What Directus recorded, and the rights of ``role`` on ``raw_tables`` (schema and name), at the snapshot's instant.

    ``live`` is the database's own snapshot: in it the schema of ``directus_collections`` is looked up. Where Directus was
    never bootstrapped there are no rows and that is not an error; rows that cannot be read become the reason. Raises
    DatabaseError when the connection fails.
    """
    tables = frozenset(table.key for table in live.of(Table))
    try:
        begin_reading(connection)
        role_exists, rights = _read_rights(connection, role, raw_tables)
        collections, fields, reason, schema = _read_rows(connection, _schemas(live), tuple(search_path))
        database = None
        if collections is not None:
            database, reason = _read_database(connection, role, search_path, schema)
        return DirectusLive(
            schema=schema,
            collections=collections,
            fields=fields,
            reason=reason,
            tables=tables,
            role=role,
            role_exists=role_exists,
            rights=rights,
            database=database,
        )
    except psycopg.Error as error:
        raise database_error(error, connection) from error


def _read_database(
    connection: psycopg.Connection[Any], role: str | None, search_path: Sequence[str], schema: str | None
) -> tuple[DirectusDatabase | None, str | None]:
    """What an apply would find, or why that is not known: ``schema`` is where Directus's tables are."""
    if schema is not None and schema not in search_path:
        path = ", ".join(search_path)
        return None, f"directus_collections is in {schema}, and DB_SEARCH_PATH is {path}: set it where Directus runs"
    try:
        with attempt(connection):
            return read_directus_database(connection, schemas=search_path, role=role), None
    except psycopg.errors.InsufficientPrivilege as error:
        return None, f"what schema apply would find cannot be read: {error.diag.message_primary}"


def _schemas(live: Snapshot) -> list[str]:
    # A view in its place is not a sign that Directus was never bootstrapped.
    relations: tuple[Table | View | MaterializedView, ...] = (*live.of(Table), *live.of(View), *live.of(MaterializedView))
    return [relation.schema for relation in relations if relation.name == "directus_collections"]


def _read_rights(
    connection: psycopg.Connection[Any], role: str | None, raw_tables: Sequence[tuple[str, str]]
) -> tuple[bool, tuple[TableRights, ...]]:
    """Whether the role exists, and its rights."""
    given = {"role": role, "schemas": [s for s, _ in raw_tables], "names": [n for _, n in raw_tables]}
    with sent_at_once(connection):
        exists = connection.execute("select from pg_catalog.pg_roles where rolname = %s", (role,))
        rights = connection.execute(_RIGHTS, given)
    found = (
        TableRights(key=dotted(schema, name), owner=owner, may_drop=may) for schema, name, owner, may in rights.fetchall()
    )
    return exists.rowcount > 0, tuple(found)


def _read_rows(
    connection: psycopg.Connection[Any], schemas: list[str], search_path: tuple[str, ...]
) -> tuple[frozenset[str] | None, frozenset[tuple[str, str]], str | None, str | None]:
    """Collections, fields, the reason where they could not be read, and the schema that holds them."""
    nothing: frozenset[tuple[str, str]] = frozenset()
    schema = next((s for s in search_path if s in schemas), schemas[0] if len(schemas) == 1 else None)
    if schema is None and schemas:
        reason = f"directus_collections is in {' and '.join(sorted(schemas))}: set DB_SEARCH_PATH where Directus runs"
        return None, nothing, reason, None
    if schema is None:
        return frozenset(), nothing, None, None
    query = _ROWS.format(
        collections=sql.Identifier(schema, "directus_collections"),
        fields=sql.Identifier(schema, "directus_fields"),
        most=sql.Literal(MOST_ROWS + 1),
    )
    try:
        with attempt(connection):
            found = connection.execute(query)
            replaced = [ask_whether_replaced(connection, schema, table) for table in _TABLES]
        rows = found.fetchall()
        for each in replaced:
            each.refuse()
    except psycopg.errors.DatabaseError as error:
        is_open = connection.info.transaction_status is TransactionStatus.INTRANS
        if not is_open or isinstance(error, psycopg.errors.InternalError_):
            raise
        reason = f"Directus's tables in {schema} cannot be read: {error.diag.message_primary}"
        return None, nothing, reason, schema
    if len(rows) > MOST_ROWS:
        return None, nothing, f"Directus's tables in {schema} have more than {MOST_ROWS:,} rows", schema
    collections = frozenset(collection for collection, field in rows if field is None and collection is not None)
    return collections, frozenset((c, f) for c, f in rows if f is not None), None, schema


def read_migrations(connection: psycopg.Connection[Any], schema: str | None) -> Migrations | Unavailable:
    """The rows of ``directus_migrations`` in ``schema``; none where Directus was not bootstrapped (``schema`` is None).

    Without them it is unknown what its bootstrap would do there. Raises psycopg.Error where the connection fails.
    """
    if schema is None:
        return ()
    table = sql.Identifier(schema, "directus_migrations")
    query = sql.SQL("select version::text, name::text from {} order by version limit {}").format(table, _MOST_MIGRATIONS)
    try:
        with connection.transaction():
            return tuple((version, name) for version, name in connection.execute(query).fetchall())
    except psycopg.errors.DatabaseError as error:
        if connection.info.transaction_status is TransactionStatus.INERROR:
            raise
        reason = f"directus_migrations, by which bootstrap decides what to do, cannot be read: {error.diag.message_primary}"
        return Unavailable(reason=f"{reason}; GRANT SELECT on it, or remove [snapshot] rehearse", outcome=Outcome.ERRORED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The catalog of a throw-away database at one instant, with the marks of its tables and columns."""

    snapshot: Snapshot
    marks: Mapping[Key, int]


def look(conninfo: str) -> Seen:
    """What is there now. Raises AuditError."""
    with open_connection(conninfo) as connection:
        rows = connection.execute(load_query("rehearsal_marks")).fetchall()
    return Seen(
        snapshot=read_snapshot(conninfo).snapshot, marks={(kind, dotted(*names)): mark for kind, names, mark in rows}
    )


def lost_between(before: Seen, after: Seen) -> tuple[Lost, ...]:
    """The objects that are gone or were made again; one that belongs to another lost object is counted with that."""
    old = before.snapshot.by_key
    gone = {key for key in old if key not in after.snapshot.by_key}
    created_again = {key for key, mark in before.marks.items() if key in old and after.marks.get(key, mark) != mark}
    roots: dict[Key, int] = {}
    lost = gone | created_again
    for key in lost:
        root = key
        for owner in takewhile(lost.__contains__, owners(old[key], old)):
            root = owner
        roots[root] = roots.get(root, 0) + (root != key)
    return tuple(
        Lost(kind=key[0], key=key[1], parts=parts, made_again=key not in gone) for key, parts in sorted(roots.items())
    )


def altered_between(before: Snapshot, after: Snapshot) -> tuple[Key, ...]:
    """The objects that changed; a table is not named for the order of its columns alone."""
    both = ((key, obj, after.by_key[key]) for key, obj in before.by_key.items() if key in after.by_key)
    return tuple(sorted(key for key, obj, now in both if obj != now and _differing(obj, now) != ["column_order"]))


def _differing(obj: CatalogObject, other: CatalogObject) -> list[str]:
    return [name for name in obj.compared() if getattr(obj, name) != getattr(other, name)]


def made_between(before: Snapshot, after: Snapshot) -> tuple[Key, ...]:
    """What is new; what belongs to a new object is left out."""
    new = after.by_key.keys() - before.by_key.keys()
    return tuple(sorted(key for key in new if after.by_key[key].belongs_to not in new))
