"""SNAP002: a runner's ledger in Directus's hands."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.directus_outcome import NOTHING, forget_sql, listed, safe
from migration_audit.checks.directus_rules import unknown
from migration_audit.model.directus import (
    DirectusLive,
    DirectusRuntime,
    DirectusSnapshot,
    RawTable,
    SnapshotCollection,
    TargetVersion,
)
from migration_audit.model.drift import Severity
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import Check, Finding, Phase, Said, Unavailable
from migration_audit.project import Environment


def run(
    directus_snapshot: DirectusSnapshot,
    directus_target: TargetVersion,
    raw_tables: tuple[RawTable, ...],
    directus_live: DirectusLive,
    directus_runtime: DirectusRuntime,
    environment: Environment,
) -> Iterator[Said]:
    """Look for the ledgers of both runners in the snapshot and in Directus's own tables.

    Why: a ledger that Directus knows is altered or dropped by a later apply, or created empty with another layout; then a
    runner believes that nothing was applied. Both runners' ledgers having one name already caused an apply conflict.
    Fix: take its entries out of the snapshot; delete its rows from directus_collections and directus_fields in each
    database before the next boot.
    Fine when: the ledger is in a schema that Directus does not look at, and the snapshot does not name it.
    Source: run on Directus 11.2.2 and 11.17.4; seed, "ghost-collection apply conflict".
    """
    ledgers = [table for table in raw_tables if table.is_ledger]
    if not ledgers:
        yield Unavailable(reason="audit.toml names no ledger", required=False)
        return
    names = {name: [t for t in ledgers if t.name == name] for name in sorted({t.name for t in ledgers})}
    for name, same in names.items():
        table = next((t for t in same if t.visible), same[0])
        entry = directus_snapshot.collection(name)
        if entry is not None:
            yield from _in_snapshot(table, entry, directus_snapshot, directus_target, directus_live)
        yield from _in_database(table, entry, directus_live, directus_runtime, environment)
    if directus_live.collections is None and directus_live.reason:
        yield Unavailable(reason=directus_live.reason)


def _in_snapshot(
    table: RawTable,
    entry: SnapshotCollection,
    snapshot: DirectusSnapshot,
    target: TargetVersion,
    live: DirectusLive,
) -> Iterator[Said]:
    outcome = listed(table, entry, snapshot=snapshot, live=live, version=target.version)
    if outcome is None:
        does = unknown(target, "what schema apply does to it")
    elif outcome == NOTHING:
        does = f"Directus {target.version} writes it so (No changes), and creates it empty where it is not there"
    else:
        does = outcome.text + (safe(table, live) if outcome.slug == "drop" else "")
    yield Finding(
        key=f"SNAP002:{table.name}:snapshot",
        summary=f"the ledger {table.name} is in the snapshot: {does}; where it is not there yet, it is created empty, and "
        "the runner believes that nothing was applied",
        expected=f"no entry for {table.name}",
        actual=does,
        where=str(entry.at),
    )


def _in_database(
    table: RawTable,
    entry: SnapshotCollection | None,
    live: DirectusLive,
    runtime: DirectusRuntime,
    environment: Environment,
) -> Iterator[Finding]:
    guard = runtime.guard_of(table.name)
    if live.tracks(table.name):
        does = (
            f"the next schema apply runs DROP TABLE {table.name}, and exits 0" + safe(table, live)
            if entry is None
            else "the next schema apply compares it with the snapshot's entry"
        )
        if guard and entry is None:
            does = f"only {guard} keeps the next schema apply from DROP TABLE {table.name}"
        yield Finding(
            key=f"SNAP002:{environment.name}:{table.name}:directus_collections",
            summary=f"{environment.name}: directus_collections has a row for the ledger {table.name}: {does}",
            expected="no row",
            actual="a row",
            fix_sql=forget_sql(live.schema, table.name),
        )
    fields = sorted(field for collection, field in live.fields if collection == table.name)
    if fields and not live.tracks(table.name):
        columns = [f"{table.name}.{field}" for field in fields]
        yield Finding(
            key=f"SNAP002:{environment.name}:{table.name}:directus_fields",
            summary=f"{environment.name}: directus_fields has rows for the ledger {table.name}: the next schema apply "
            f"deletes {some_of(columns)} (DROP COLUMN), and exits 0",
            expected="no rows",
            actual=", ".join(columns),
            fix_sql=forget_sql(live.schema, table.name, keep_collection=True),
        )


CHECK = Check(
    id="SNAP002",
    title="No runner's ledger is in the snapshot or in Directus's own tables",
    severity=Severity.BLOCKER,
    phases=tuple(Phase),
    run=run,
)
