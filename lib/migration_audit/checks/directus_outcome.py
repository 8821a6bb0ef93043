"""What the next boots do to one raw table that a snapshot lists: the cases that were run, in words."""

from __future__ import annotations

from dataclasses import dataclass

from migration_audit.checks.directus_rules import writes_untracked
from migration_audit.model.directus import (
    DirectusLive,
    DirectusSnapshot,
    DirectusVersion,
    RawTable,
    SnapshotCollection,
)
from migration_audit.model.enumeration import some_of
from migration_audit.model.identifiers import literal, sql_name


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happens, in one word for the finding's key and in a sentence."""

    slug: str
    text: str


def forget_sql(schema: str | None, collection: str, *, field: str | None = None, keep_collection: bool = False) -> str:
    """SQL for a person to read and decide about: makes Directus forget a table, one of its fields, or all of its fields."""
    place = f"{sql_name(schema)}." if schema else ""
    only = f" AND field = {literal(field)}" if field is not None else ""
    fields = f"DELETE FROM {place}directus_fields WHERE collection = {literal(collection)}{only};"  # noqa: S608  never run
    if keep_collection or field is not None:
        return fields
    return f"{fields}\nDELETE FROM {place}directus_collections WHERE collection = {literal(collection)};"


NOTHING = Outcome("nothing", "No changes")


def listed(
    table: RawTable,
    entry: SnapshotCollection,
    *,
    snapshot: DirectusSnapshot,
    live: DirectusLive,
    version: DirectusVersion | None,
) -> Outcome | None:
    """What ``schema apply`` does to a raw table that the snapshot has an entry for; None where only the version decides.

    ``NOTHING`` when it leaves the table alone.
    """
    tracked = live.tracks(table.name)
    if not table.visible:
        return _beside(table)
    if entry.meta is None:
        return _untracked(table, snapshot, version)
    if entry.table is None:
        return _ghost(table, tracked)
    if live.has(table.key) is False:
        return _not_there(table, tracked)
    if tracked:
        return _tracked(table, snapshot, live)
    return Outcome("stuck", f"each boot: schema apply stops with {_already(table)} (rc 1) and the stack does not come up")


def safe(table: RawTable, live: DirectusLive) -> str:
    """What saves the data when Directus's role may not drop the table; empty where it may, or nothing is known."""
    rights = live.rights_on(table.key)
    if rights is None or rights.may_drop is not False:
        return ""
    refused = f"`must be owner of table {table.name}` (rc 1)"
    return f"; here role {live.role} does not own it: apply stops with {refused}, the data stay"


def _beside(table: RawTable) -> Outcome:
    return Outcome(
        "create",
        f"Directus does not look at schema {table.schema}: boot 1 creates an empty {table.name} of its own beside "
        f"{table.key}, and exits 0",
    )


def _untracked(table: RawTable, snapshot: DirectusSnapshot, version: DirectusVersion | None) -> Outcome | None:
    """``meta: null``: a table that a version before 11.10 saw and did not track."""
    if version is None:
        return None
    if not writes_untracked(version):
        return Outcome(
            "stuck",
            f"each boot: schema apply of Directus {version} stops with {_already(table)} (rc 1): the entry has no meta, as "
            "versions before 11.10 wrote it, and from 11.10 on such a table is created",
        )
    wanted = {field.name for field in snapshot.columns_of(table.name)}
    there = set(table.columns)
    if not wanted or not there or wanted == there:
        return NOTHING
    gone, new = some_of(sorted(there - wanted)), some_of(sorted(wanted - there))
    steps = [f"Delete {gone}"] * bool(gone) + [f"Create {new}"] * bool(new)
    return Outcome("alter", f"boot 1: {', '.join(steps)} (rows in the way: `contains null values`, rc 1, rolled back)")


def _ghost(table: RawTable, tracked: bool | None) -> Outcome:
    if tracked:
        return Outcome(
            "drop",
            f"boot 1 runs DROP TABLE {table.name}, and exits 0 (boot 2 where another difference of its meta comes first)",
        )
    stuck = f'each boot: schema apply stops with `Collection "{table.name}" already exists` (rc 1), as Directus knows it'
    drop = f"boot 1 only records {table.name} in directus_collections; boot 2 runs DROP TABLE {table.name}, and exits 0"
    if table.single_key is None:
        return Outcome("drop", f"without a primary key of one column: {drop}; with one: {stuck}")
    return Outcome("stuck", stuck) if table.single_key else Outcome("drop", drop)


def _not_there(table: RawTable, tracked: bool | None) -> Outcome:
    again = "once the owner's SQL has made it, "
    if tracked:
        return Outcome(
            "stuck",
            "the table is not in this database and Directus has a row for it: unless the owner's SQL makes it first, "
            '`"collection" is required` (rc 1) on boot 2 and on each one after',
        )
    return Outcome(
        "create",
        f"the table is not in this database: where apply comes before the owner's SQL, boot 1 makes its own "
        f'`create table "{table.name}" ("id" serial primary key, …)`, no hypertable, and the owner\'s SQL then fails on its '
        f"columns; {again}apply stops with {_already(table)} (rc 1)",
    )


def _tracked(table: RawTable, snapshot: DirectusSnapshot, live: DirectusLive) -> Outcome:
    wanted = [field.name for field in snapshot.columns_of(table.name)]
    known = {field for collection, field in live.fields if collection == table.name}
    if not table.single_key and wanted:
        return Outcome(
            "stuck", "each boot: schema apply stops with `Cannot read properties of undefined (reading 'fields')` (rc 1)"
        )
    new = next((name for name in wanted if name not in known), None)
    if new is not None:
        already = f'`Field "{new}" already exists in collection "{table.name}"`'
        return Outcome("stuck", f"each boot: schema apply stops with {already} (rc 1), as directus_fields has no row for it")
    listed_fields = {field.name for field in snapshot.fields if field.collection == table.name}
    gone = sorted(known - listed_fields) if table.single_key else []
    if gone:
        return Outcome(
            "drop", f"boot 1 runs DROP COLUMN {some_of(gone)}, which directus_fields has and it has not, and exits 0"
        )
    return Outcome(
        "fresh",
        "here Directus has a row for it: No changes; on a fresh database it has none, and schema apply stops with "
        f"{_already(table)} (rc 1)",
    )


def _already(table: RawTable) -> str:
    if table.single_key is None:
        return f'`"{table.name}" already exists`'
    return f'`{"Collection" if table.single_key else "relation"} "{table.name}" already exists`'
