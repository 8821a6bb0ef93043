"""SNAP003: rows of Directus about raw tables that its snapshot does not know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.directus_words import forget_sql, happenings, in_words, looked_at, stops
from migration_audit.checks.phases import check_of_both_phases
from migration_audit.checks.snap001_raw_tables import is_recorded
from migration_audit.directus.boots import DirectusBoots
from migration_audit.model.directus import DirectusLive, DirectusRuntime, DirectusSnapshot, RawTable
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable

if TYPE_CHECKING:
    from migration_audit.project import Environment


def run(
    directus_boots: DirectusBoots,
    directus_snapshot: DirectusSnapshot,
    raw_tables: tuple[RawTable, ...],
    directus_live: DirectusLive,
    directus_runtime: DirectusRuntime,
    environment: Environment,
) -> Iterator[CheckOutput]:
    """Look for rows of directus_collections and directus_fields that name a raw table which the snapshot does not list.

    Why: one click in the admin app (PATCH /collections/orders) records the table; from then on Directus treats a missing
    entry in the snapshot as a deletion. The next boot runs DROP TABLE, and exits 0.
    Fix: delete the rows before the next boot. Until then `--ignoreRules` or DB_EXCLUDE_TABLES protect the table.
    Source: a model of Directus 11.2.2, 11.17.4, 12.3.1 and 12.4.0, compared with the real servers case by case.
    """
    if directus_live.collections is None:
        yield Unavailable(reason=directus_live.reason or "Directus's tables were not read")
        return
    if directus_live.schema is None:
        yield Unavailable(
            reason=f"{environment.name} has no directus_collections: Directus was never bootstrapped here", required=False
        )
        return
    for table in raw_tables:
        if not table.is_ledger and is_recorded(table, directus_snapshot, directus_live):  # SNAP002 is about ledgers
            yield from _recorded(table, directus_boots, directus_live, directus_runtime, environment)
    yield looked_at(raw_tables)


def _recorded(
    table: RawTable, boots: DirectusBoots, live: DirectusLive, runtime: DirectusRuntime, environment: Environment
) -> Iterator[CheckOutput]:
    fields = sorted(field for collection, field in live.fields if collection == table.name)
    what = "directus_collections has a row for it" if live.tracks(table.name) else f"directus_fields has {some_of(fields)}"
    if why := boots.unknown or boots.blind:
        yield Unavailable(reason=f"{table.name}: {what}, and what schema apply does then is not known: {why}")
        return
    # On a fresh database there is no such row.
    found = [one for one in happenings(boots, lambda one: one.table == table.name) if not one.scenario.fresh]
    words = [in_words(found, boots)] if found else []
    words += [stop.words for stop in stops(boots) if stop.collection == table.name and environment.name in stop.scenarios]
    if not words:
        guard = runtime.guard_of(table.name)
        effect = f"only {guard} protects it from DROP TABLE" if guard else "schema apply does not touch it"
        yield Note(text=f"{table.name}: {what}; {effect}")
        return
    yield Finding(
        key=f"SNAP003:{environment.name}:{table.key}",
        summary=f"{environment.name}: {what} ({table.name}) and the snapshot has no entry: " + some_of(words, between="; "),
        expected="no row",
        actual="a row",
        where=table.where,
        fix_sql=forget_sql(live.schema, table.name, keep_collection=not live.tracks(table.name)),
    )


CHECK = check_of_both_phases(
    "SNAP003",
    "No row in Directus's tables makes it drop or alter a raw table that is not in the snapshot",
    Severity.BLOCKER,
    run,
)
