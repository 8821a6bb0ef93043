"""SNAP004: the snapshot is whole for the version that reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migration_audit.checks.directus_rules import (
    COLLECTION_META,
    FIELD_SCHEMA,
    FIRST_KNOWN,
    META_KEYS_HARMLESS_SINCE,
    RELATION_META,
    RELATION_SCHEMA,
    SYSTEM_FIELDS,
    SYSTEM_FIELDS_SINCE,
    UNTRACKED_DROPPED_SINCE,
    lacking,
    unknown,
    writes_untracked,
)
from migration_audit.model.directus import (
    DirectusLive,
    DirectusSnapshot,
    DirectusVersion,
    RawTable,
    SnapshotCollection,
    SnapshotField,
    SnapshotRelation,
    TargetVersion,
)
from migration_audit.model.drift import Severity
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import Check, Finding, Phase, Said, Told, Unavailable
from migration_audit.model.identifiers import dotted


def run(
    directus_snapshot: DirectusSnapshot,
    directus_target: TargetVersion,
    raw_tables: tuple[RawTable, ...],
    directus_live: DirectusLive,
) -> Iterator[Said]:
    """Look for what the version of the image writes and the snapshot does not have: sections, entries, keys.

    Why: schema apply takes a missing key for a deletion. One missing key of a collection's meta drops its table (before
    12.4), one of a field's schema drops its column, an empty section drops all that it would list; each with exit code 0.
    A snapshot of 11.17 on 12.0 to 12.3 lacks two keys of every collection: all of them are dropped.
    Fix: never edit the file by hand, and write it again after each upgrade: `directus schema snapshot`.
    Source: run on Directus 11.17.4, 12.3.1 and 12.4.0; the relations' keys on 11.17.4, and read in 11.2 and 12.4.
    """
    raw = {table.name for table in raw_tables}
    yield from _sections(directus_snapshot, directus_live, raw)
    managed = [entry for entry in directus_snapshot.collections if entry.name not in raw]
    for entry in managed:
        yield from _ghost(entry, directus_snapshot)
    for field in directus_snapshot.fields:
        if field.collection not in raw:
            yield from _without_schema(field)
    version = directus_target.version
    if version is None:
        yield Unavailable(reason=unknown(directus_target, "which keys the snapshot must have"))
        return
    if version < FIRST_KNOWN:
        yield Unavailable(reason=f"which keys Directus {version} writes is not known, only from {FIRST_KNOWN} on")
        return
    yield from _system_fields(directus_snapshot, version)
    harmless: list[str] = []
    for entry in managed:
        yield from _meta(entry, version, harmless)
    for field in directus_snapshot.fields:
        if field.collection not in raw:
            yield from _schema(field, version)
    for relation in directus_snapshot.relations:
        yield from _relation(relation, version)
    if harmless:
        yield Told(text=f"meta lacks keys in {some_of(harmless)}: harmless from {META_KEYS_HARMLESS_SINCE} on")


def _sections(snapshot: DirectusSnapshot, live: DirectusLive, raw: set[str]) -> Iterator[Said]:
    tracked = sorted((live.collections or frozenset()) - raw)
    if not snapshot.collections:
        if live.collections is None or tracked:
            which = f" ({some_of(tracked)})" if tracked else ""
            yield Finding(
                key="SNAP004:collections",
                summary=f"the snapshot has no collections: boot 1 runs DROP TABLE on every table that Directus tracks{which}"
                ", and exits 0",
                expected="one entry for each collection",
                actual="none",
                where=snapshot.at("collections"),
            )
    else:
        for name in tracked:
            if snapshot.collection(name) is None and live.schema and live.has(dotted(live.schema, name)) is not False:
                yield Finding(
                    key=f"SNAP004:collections:{name}",
                    summary=f"Directus tracks {name} here and the snapshot has no entry: boot 1 runs DROP TABLE {name}, and "
                    "exits 0",
                    expected=f"an entry for {name}",
                    actual=None,
                    where=snapshot.at("collections"),
                )
    keys = [f"{f.collection}.{f.name}" for f in snapshot.fields if f.column and f.column.foreign_key_table]
    if not snapshot.relations and (keys or snapshot.line("relations") is None):
        which = f" ({some_of(keys)})" if keys else ""
        yield Finding(
            key="SNAP004:relations",
            summary=f"the snapshot has no relations: boot 1 drops every foreign key of Directus's tables{which}, "
            "and exits 0",
            expected="one entry for each relation",
            actual="none",
            where=snapshot.at("relations"),
        )


def _ghost(entry: SnapshotCollection, snapshot: DirectusSnapshot) -> Iterator[Finding]:
    columns = snapshot.columns_of(entry.name)
    if entry.table is None and columns:
        yield Finding(
            key=f"SNAP004:{entry.name}:schema",
            summary=f"collection {entry.name} has columns and no schema.name, as if it were a folder: boot 1 runs DROP "
            f"TABLE {entry.name}, and exits 0 (boot 2 where another difference of its meta comes first)",
            expected=f"schema: {{name: {entry.name}}}",
            actual="no schema.name",
            where=str(entry.at),
        )


def _without_schema(field: SnapshotField) -> Iterator[Finding]:
    if field.column is None and field.type != "alias":
        what = "schema: null" if field.has_schema else "no schema"
        yield Finding(
            key=f"SNAP004:{field.collection}.{field.name}:schema",
            summary=f"field {field.collection}.{field.name} of type {field.type} has {what}, as only an alias has: boot 1 "
            f"runs DROP COLUMN {field.collection}.{field.name}, and exits 0",
            expected="the column's schema",
            actual=what,
            where=str(field.at),
        )


def _meta(entry: SnapshotCollection, version: DirectusVersion, harmless: list[str]) -> Iterator[Said]:
    if entry.meta is None:
        if not writes_untracked(version):
            yield Finding(
                key=f"SNAP004:{entry.name}:meta",
                summary=f"collection {entry.name} has no meta, as versions before 11.10 write a table that they do not "
                f'track: where the table is there, each boot stops with `Collection "{entry.name}" already exists` (rc 1)',
                expected="meta, or no entry",
                actual="no meta",
                where=str(entry.at),
            )
        return
    missing = lacking(entry.meta, COLLECTION_META, version)
    if not missing:
        return
    if version >= META_KEYS_HARMLESS_SINCE:
        harmless.append(entry.name)
        return
    does = (
        f"boot 1 runs DROP TABLE {entry.name}, and exits 0; boot 2 creates it again, empty; boot 3 drops it again"
        if entry.table
        else f"boot 1 deletes the folder {entry.name}, and exits 0"
    )
    if version < UNTRACKED_DROPPED_SINCE:
        does += f" (run from 11.17.4 on; whether Directus {version} does so was not measured)"
    yield Finding(
        key=f"SNAP004:{entry.name}:meta",
        summary=f"collection {entry.name} lacks {some_of(_below('meta', missing))}, which Directus {version} writes: {does}",
        expected=", ".join(missing),
        actual="no such key" if len(missing) == 1 else "no such keys",
        where=str(entry.at),
    )


def _below(part: str, keys: Sequence[str]) -> list[str]:
    return [f"{part}.{key}" for key in keys]


def _schema(field: SnapshotField, version: DirectusVersion) -> Iterator[Finding]:
    missing = lacking(field.column.keys, FIELD_SCHEMA, version) if field.column else ()
    if missing:
        name = f"{field.collection}.{field.name}"
        yield Finding(
            key=f"SNAP004:{name}:schema",
            summary=f"field {name} lacks {some_of(_below('schema', missing))}, which Directus {version} writes: boot 1 runs "
            f"DROP COLUMN {name}, and exits 0; boot 2 adds it again, empty",
            expected=", ".join(missing),
            actual="no such key" if len(missing) == 1 else "no such keys",
            where=str(field.at),
        )


def _relation(relation: SnapshotRelation, version: DirectusVersion) -> Iterator[Finding]:
    missing = [
        *(f"meta.{key}" for key in (lacking(relation.meta, RELATION_META, version) if relation.meta is not None else ())),
        *(
            f"schema.{key}"
            for key in (lacking(relation.schema, RELATION_SCHEMA, version) if relation.schema is not None else ())
        ),
    ]
    if missing:
        name = f"{relation.collection}.{relation.field}"
        yield Finding(
            key=f"SNAP004:relation:{name}",
            summary=f"relation {name} lacks {some_of(missing)}, which Directus {version} writes: boot 1 deletes the "
            "relation and its foreign key, and exits 0",
            expected=", ".join(missing),
            actual="no such key" if len(missing) == 1 else "no such keys",
            where=str(relation.at),
        )


def _system_fields(snapshot: DirectusSnapshot, version: DirectusVersion) -> Iterator[Finding]:
    if version < SYSTEM_FIELDS_SINCE:
        return
    missing = [f"{c}.{f}" for c, f in SYSTEM_FIELDS if (c, f) not in snapshot.system_fields]
    if missing:
        yield Finding(
            key="SNAP004:systemFields",
            summary=f"systemFields lacks {some_of(missing)}: boot 1 drops {_counted(len(missing))} of Directus's own "
            "tables, and exits 0",
            expected=", ".join(missing),
            actual="no such entry",
            where=snapshot.at("systemFields"),
        )


def _counted(indexes: int) -> str:
    return "1 index" if indexes == 1 else f"{indexes} indexes"


CHECK = Check(
    id="SNAP004",
    title="The snapshot has every section, entry and key that this version of Directus writes",
    severity=Severity.BLOCKER,
    phases=tuple(Phase),
    run=run,
)
