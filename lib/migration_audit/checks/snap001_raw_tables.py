"""SNAP001: what `schema apply` does to tables that are not Directus's."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.directus_outcome import NOTHING, listed, safe
from migration_audit.checks.directus_rules import LAST_RUN, drops_untracked, unknown
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
from migration_audit.model.finding import Check, Finding, Phase, Said, Told, Unavailable


def run(
    directus_snapshot: DirectusSnapshot,
    directus_target: TargetVersion,
    raw_tables: tuple[RawTable, ...],
    directus_live: DirectusLive,
    directus_runtime: DirectusRuntime,
) -> Iterator[Said]:
    """Look up each table that the owner's SQL makes in the snapshot, and say what the next boots do to it.

    Why: `directus schema apply --yes` makes the database like the snapshot, without any validation, and exits 0 after a
    drop. A ghost entry (no schema.name) is harmless on boot 1 and drops the table on boot 2. Versions 11.1.1 to 11.9 drop
    every table that they do not track; from 11.10 on such tables are left alone.
    Fix: take the table's entries out of the snapshot, and its rows out of directus_collections and directus_fields; run
    11.10 or newer; name raw tables in `--ignoreRules` or DB_EXCLUDE_TABLES.
    Source: run on Directus 10.13.4, 11.2.2, 11.17.4, 12.3.1 and 12.4.0; seed, "destructive-apply incident".
    """
    version = directus_target.version
    undecided: list[str] = []
    for table in raw_tables:
        entry = directus_snapshot.collection(table.name)
        if entry is not None:
            if not table.is_ledger:  # SNAP002 tells of those
                yield from _listed(table, entry, directus_snapshot, directus_target, directus_live)
        elif table.visible and version is None:
            undecided.append(table.name)
        elif table.visible and version is not None and drops_untracked(version):
            yield _dropped(table, directus_snapshot, directus_target, directus_live, directus_runtime)
        elif not table.visible:
            yield Told(text=f"{table.key} is outside of the schemas that Directus looks at")
    if undecided:
        what = f"what schema apply does to {some_of(undecided)}, which the snapshot does not have,"
        yield Unavailable(reason=f"{unknown(directus_target, what)} (11.1.1 to 11.9 drop each table that they do not track)")
    if version is not None and version > LAST_RUN:
        yield Told(text=f"Directus {version} is newer than {LAST_RUN}, the last one whose behaviour was measured")


def _listed(
    table: RawTable,
    entry: SnapshotCollection,
    snapshot: DirectusSnapshot,
    target: TargetVersion,
    live: DirectusLive,
) -> Iterator[Said]:
    outcome = listed(table, entry, snapshot=snapshot, live=live, version=target.version)
    if outcome is None:
        yield Unavailable(reason=unknown(target, f"what schema apply does to {table.name}, whose entry has no meta,"))
    elif outcome == NOTHING:
        yield Told(text=f"{table.name} is listed without meta, as Directus {target.version} writes it: No changes")
    else:
        yield Finding(
            key=f"SNAP001:{table.key}:{outcome.slug}",
            summary=f"{table.name} is made by the owner's SQL and listed in the snapshot: {outcome.text}"
            + (safe(table, live) if outcome.slug == "drop" else ""),
            expected=f"no entry for {table.name}",
            actual=outcome.text,
            where=str(entry.at),
        )


def _dropped(
    table: RawTable,
    snapshot: DirectusSnapshot,
    target: TargetVersion,
    live: DirectusLive,
    runtime: DirectusRuntime,
) -> Said:
    guard = runtime.guard_of(table.name)
    if guard:
        return Told(text=f"{table.name} is kept from Directus {target.version} by {guard} alone")
    does = f"each boot: schema apply of Directus {target.version} runs DROP TABLE {table.name}, and exits 0"
    return Finding(
        key=f"SNAP001:{table.key}:drop",
        summary=f"{table.name} is not in the snapshot: {does} (11.1.1 to 11.9 drop each table that they do not track)"
        + safe(table, live),
        expected="No changes, as from 11.10 on",
        actual=does,
        where=target.where or snapshot.at("collections"),
    )


CHECK = Check(
    id="SNAP001",
    title="No boot drops, alters or creates a table that the owner's raw SQL makes",
    severity=Severity.BLOCKER,
    phases=tuple(Phase),
    run=run,
)
