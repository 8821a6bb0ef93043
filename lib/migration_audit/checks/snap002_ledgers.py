"""SNAP002: a runner's ledger that Directus knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.directus_words import forget_sql
from migration_audit.checks.phases import check_of_both_phases
from migration_audit.checks.snap001_raw_tables import touched
from migration_audit.directus.boots import DirectusBoots
from migration_audit.model.directus import DirectusLive, DirectusSnapshot, RawTable
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable

if TYPE_CHECKING:
    from migration_audit.project import Environment


def run(
    directus_boots: DirectusBoots,
    directus_snapshot: DirectusSnapshot,
    raw_tables: tuple[RawTable, ...],
    directus_live: DirectusLive,
    environment: Environment,
) -> Iterator[CheckOutput]:
    """Look for the ledgers of both runners in the snapshot and in Directus's own tables, and compute what boots do to them.

    Why: a later apply alters or drops a ledger that Directus knows, or creates it empty with different columns; the runner
    then believes that nothing was applied. If both runners' ledgers have the same name, an apply conflict is possible.
    Fix: remove its entries from the snapshot; delete its rows from directus_collections and directus_fields in each database
    before the next boot.
    Fine when: the ledger is in a schema that Directus does not read, and the snapshot does not name it.
    Source: a model of Directus 11.2.2, 11.17.4, 12.3.1 and 12.4.0, compared with the real servers case by case.
    """
    ledgers = [table for table in raw_tables if table.is_ledger]
    if not ledgers:
        yield Unavailable(reason="audit.toml names no ledger", required=False)
        return
    yield Note(text=f"looked for {some_of(sorted({table.key for table in ledgers}))}")
    for name in sorted({table.name for table in ledgers}):
        same = [table for table in ledgers if table.name == name]
        table = next((each for each in same if each.visible), same[0])
        yield from _boots(table, directus_boots, directus_snapshot)
        yield from _in_snapshot(table, directus_snapshot)
        yield from _in_database(table, directus_live, environment)
    if why := directus_boots.unknown or directus_boots.blind:
        yield Unavailable(reason=f"what schema apply does to the ledgers is not known: {why}")
    elif directus_live.collections is None and directus_live.reason:
        yield Unavailable(reason=directus_live.reason)


def _boots(table: RawTable, boots: DirectusBoots, snapshot: DirectusSnapshot) -> Iterator[CheckOutput]:
    for output in touched(f"SNAP002:{table.name}", table, boots, snapshot):
        if not isinstance(output, Note):
            yield output


def _in_snapshot(table: RawTable, snapshot: DirectusSnapshot) -> Iterator[Finding]:
    entry = snapshot.collection(table.name)
    if entry is not None:
        yield Finding(
            key=f"SNAP002:{table.name}:snapshot",
            summary=f"the ledger {table.name} is in the snapshot: where it is not there yet, schema apply creates it empty, "
            "and the runner believes that nothing was applied",
            expected=f"no entry for {table.name}",
            actual="an entry",
            where=str(entry.at),
        )


def _in_database(table: RawTable, live: DirectusLive, environment: Environment) -> Iterator[Finding]:
    if live.tracks(table.name):
        yield Finding(
            key=f"SNAP002:{environment.name}:{table.name}:directus_collections",
            summary=f"{environment.name}: directus_collections has a row for the ledger {table.name}: schema apply compares "
            "it with the snapshot, and treats what the file lacks as a deletion",
            expected="no row",
            actual="a row",
            fix_sql=forget_sql(live.schema, table.name),
        )
    fields = sorted(field for collection, field in live.fields if collection == table.name)
    if fields and not live.tracks(table.name):
        columns = [f"{table.name}.{field}" for field in fields]
        yield Finding(
            key=f"SNAP002:{environment.name}:{table.name}:directus_fields",
            summary=f"{environment.name}: directus_fields has rows for {some_of(columns)} of the ledger: schema apply "
            "compares them with the snapshot, and treats what the file lacks as a deletion",
            expected="no rows",
            actual=", ".join(columns),
            fix_sql=forget_sql(live.schema, table.name, keep_collection=True),
        )


CHECK = check_of_both_phases(
    "SNAP002", "No runner's ledger is in the snapshot or in Directus's own tables", Severity.BLOCKER, run
)
