"""SNAP001: what `schema apply` does to tables that are not Directus's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from migration_audit.checks.directus_words import boots_looked_at, happenings, in_words, stops
from migration_audit.checks.phases import check_of_both_phases
from migration_audit.directus.boots import DirectusBoots
from migration_audit.model.directus import DirectusLive, DirectusSnapshot, RawTable
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable


def run(
    directus_boots: DirectusBoots,
    directus_snapshot: DirectusSnapshot,
    raw_tables: tuple[RawTable, ...],
    directus_live: DirectusLive,
) -> Iterator[CheckOutput]:
    """Compute what the next boots do to each table that the owner's SQL creates, here and on a fresh database.

    Why: `directus schema apply --yes` changes the database to match the snapshot, without any validation, and exits 0 after
    a drop. A ghost entry (no schema.name) is harmless on boot 1 and drops the table on boot 2. Versions 11.1.1 to 11.9 drop
    every table that they do not track; from 11.10 on such tables are not touched.
    Fix: remove the table's entries from the snapshot, and its rows from directus_collections and directus_fields; run 11.10
    or newer; name raw tables in `--ignoreRules` or DB_EXCLUDE_TABLES.
    Source: a model of Directus 11.2.2, 11.17.4, 12.3.1 and 12.4.0, compared with the real servers case by case.
    """
    if directus_boots.unknown:
        yield Unavailable(reason=f"what schema apply does to raw tables is not known: {directus_boots.unknown}")
        return
    yield boots_looked_at(directus_boots)
    for table in raw_tables:
        if table.is_ledger or is_recorded(table, directus_snapshot, directus_live):  # SNAP002 and SNAP003 are about those
            continue
        yield from touched(f"SNAP001:{table.key}", table, directus_boots, directus_snapshot)
    if directus_boots.blind:
        yield Unavailable(reason=f"the environment's own boots could not be computed: {directus_boots.blind}")


def is_recorded(table: RawTable, snapshot: DirectusSnapshot, live: DirectusLive) -> bool:
    """Whether Directus has rows for a table that the file does not list."""
    rows = any(collection == table.name for collection, _ in live.fields)
    return snapshot.collection(table.name) is None and bool(live.tracks(table.name) or rows)


def touched(key: str, table: RawTable, boots: DirectusBoots, snapshot: DirectusSnapshot) -> Iterator[CheckOutput]:
    """What boots do to a raw table, one finding for each kind: drop, create, alter, stuck."""
    entry = snapshot.collection(table.name)
    where = str(entry.at) if entry else table.where or snapshot.at("collections")
    quiet = True
    what = f"{table.name} is created by the owner's SQL{' and listed in the snapshot' if entry else ''}"
    expected = f"no entry for {table.name}" if entry else "No changes"
    kinds = {"drop table": "drop", "create table": "create"}
    for slug in ("drop", "create", "alter"):
        found = [
            replace(one, boots=boots_of)
            for one in happenings(boots, lambda one: one.table == table.name)
            if (boots_of := tuple(each for each in one.boots if kinds.get(each[1].verb, "alter") == slug))
        ]
        if not found or (slug == "create" and table.visible and not _made_first(table, boots)):
            continue
        quiet = False
        does = in_words(found, boots)
        remark = f" (Directus does not look at {table.key}, and creates a second table of this name)"
        yield Finding(
            key=f"{key}:{slug}",
            summary=f"{what}: {does}{'' if table.visible else remark}",
            expected=expected,
            actual=does,
            where=where,
        )
    for stop in stops(boots):
        if stop.collection == table.name:
            quiet = False
            yield Finding(
                key=f"{key}:stuck",
                summary=f"{what}: {stop.words}",
                expected=expected,
                actual=stop.words,
                where=where,
            )
    if quiet and entry is not None:
        yield Note(text=f"{table.name} is listed, and schema apply does not touch it")


def _made_first(table: RawTable, boots: DirectusBoots) -> bool:
    """Whether the first thing that happens to a table is that Directus makes it."""
    found = happenings(boots, lambda one: one.table == table.name and one.verb in {"create table", "drop table"})
    return any(one.boots[0][1].verb == "create table" for one in found)


CHECK = check_of_both_phases(
    "SNAP001", "No boot drops, alters or creates a table that the owner's raw SQL makes", Severity.BLOCKER, run
)
