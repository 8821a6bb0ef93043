"""Reads what a rehearsal of ``directus schema apply`` needs in addition to the model's inputs, and what each boot did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from migration_audit.catalog.connection import open_connection
from migration_audit.catalog.queries import load_query
from migration_audit.catalog.reader import read_snapshot
from migration_audit.model.directus_database import Lost
from migration_audit.model.finding import Outcome, Unavailable
from migration_audit.model.identifiers import dotted
from migration_audit.model.objects import CatalogObject
from migration_audit.model.snapshot import Snapshot

MOST_MIGRATIONS = 10_000
"""Directus has about a hundred of its own; a project may add some."""
Key = tuple[str, str]
Migrations = tuple[tuple[str, str], ...]
"""Version and name of each row of ``directus_migrations``: which migrations of Directus's own have run."""


def read_migrations(connection: psycopg.Connection[Any], schema: str | None) -> Migrations | Unavailable:
    """The rows of ``directus_migrations`` in ``schema``; none where Directus was not bootstrapped (``schema`` is None).

    Without them it is unknown what its bootstrap would do there. Raises psycopg.Error where the connection fails.
    """
    if schema is None:
        return ()
    table = sql.Identifier(schema, "directus_migrations")
    query = sql.SQL("select version::text, name::text from {} order by version limit {}").format(table, MOST_MIGRATIONS)
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
    """What is no longer there, or no longer the same one; an object that belongs to another lost one counts with that."""
    old = before.snapshot.by_key
    gone = {key for key in old if key not in after.snapshot.by_key}
    anew = {key for key, mark in before.marks.items() if key in old and after.marks.get(key, mark) != mark}
    roots: dict[Key, int] = {}
    for key in gone | anew:
        root = key
        while (owner := _owner(old[root])) is not None and owner in old and owner in gone | anew:
            root = owner
        roots[root] = roots.get(root, 0) + (root != key)
    return tuple(
        Lost(kind=key[0], key=key[1], parts=parts, made_again=key not in gone) for key, parts in sorted(roots.items())
    )


def _owner(obj: CatalogObject) -> Key | None:
    return obj.belongs_to


def altered_between(before: Snapshot, after: Snapshot) -> tuple[Key, ...]:
    """What is there before and after, and not the same; a table whose columns came and went is not named for their order."""
    return tuple(sorted(_altered(before, after)))


def _altered(before: Snapshot, after: Snapshot) -> Iterator[Key]:
    for key, obj in before.by_key.items():
        now = after.by_key.get(key)
        if now is None or now == obj:
            continue
        other = [name for name in obj.compared() if getattr(obj, name) != getattr(now, name)]
        if other != ["column_order"]:
            yield key


def made_between(before: Snapshot, after: Snapshot) -> tuple[Key, ...]:
    """What is new; what belongs to a new object is left out."""
    new = after.by_key.keys() - before.by_key.keys()
    return tuple(sorted(key for key in new if after.by_key[key].belongs_to not in new))


__all__ = ["Migrations", "Seen", "altered_between", "look", "lost_between", "made_between", "read_migrations"]
