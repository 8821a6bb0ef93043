"""SNAP003: rows of Directus about raw tables that its snapshot does not know."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.directus_outcome import forget_sql, safe
from migration_audit.model.directus import DirectusLive, DirectusRuntime, DirectusSnapshot, RawTable
from migration_audit.model.drift import Severity
from migration_audit.model.finding import Check, Finding, Phase, Said, Told, Unavailable
from migration_audit.project import Environment


def run(
    directus_snapshot: DirectusSnapshot,
    raw_tables: tuple[RawTable, ...],
    directus_live: DirectusLive,
    directus_runtime: DirectusRuntime,
    environment: Environment,
) -> Iterator[Said]:
    """Look for rows of directus_collections and directus_fields that name a raw table which the snapshot does not have.

    Why: one click in the admin app (PATCH /collections/positions) records the table; from then on Directus takes the
    snapshot's silence for a deletion. The next boot runs DROP TABLE, and exits 0.
    Fix: delete the rows before the next boot. Until then `--ignoreRules` or DB_EXCLUDE_TABLES keep the table.
    Source: run on Directus 11.17.4 and 12.4.0.
    """
    if directus_live.collections is None:
        yield Unavailable(reason=directus_live.reason or "Directus's tables were not read")
        return
    if directus_live.schema is None:
        yield Unavailable(
            reason=f"{environment.name} has no directus_collections: Directus was never bootstrapped here", required=False
        )
        return
    fields = {(field.collection, field.name) for field in directus_snapshot.fields}
    for table in raw_tables:
        if table.is_ledger:  # SNAP002 tells of those
            continue
        guard = directus_runtime.guard_of(table.name)
        if directus_live.tracks(table.name) and directus_snapshot.collection(table.name) is None:
            if guard:
                yield Told(
                    text=f"directus_collections has a row for {table.name}; only {guard} keeps Directus from dropping it"
                )
            else:
                yield _collection(table, directus_live, environment)
        elif directus_snapshot.collection(table.name) is None:
            recorded = sorted(f for c, f in directus_live.fields if c == table.name and (c, f) not in fields)
            yield from _fields(table, recorded, guard, directus_live, environment)


def _collection(table: RawTable, live: DirectusLive, environment: Environment) -> Finding:
    saved = safe(table, live)
    return Finding(
        key=f"SNAP003:{environment.name}:{table.key}",
        summary=f"{environment.name}: directus_collections has a row for {table.name} and the snapshot has no entry: "
        f"boot 1 runs DROP TABLE {table.name}, and exits 0{saved}",
        expected="no row",
        actual="a row",
        where=table.where,
        fix_sql=forget_sql(live.schema, table.name),
    )


def _fields(
    table: RawTable, fields: list[str], guard: str | None, live: DirectusLive, environment: Environment
) -> Iterator[Said]:
    for field in fields:
        if guard:
            yield Told(text=f"directus_fields has a row for {table.name}.{field}; only {guard} keeps that column")
            continue
        does = f"boot 1 deletes {table.name}.{field} (DROP COLUMN), and exits 0"
        if table.single_key is False:
            does += ", as soon as the table has a primary key of one column (Directus ignores it until then)"
        yield Finding(
            key=f"SNAP003:{environment.name}:{table.key}.{field}",
            summary=f"{environment.name}: directus_fields has a row for {table.name}.{field} and the snapshot does not: "
            + does
            + safe(table, live),
            expected="no row",
            actual="a row",
            where=table.where,
            fix_sql=forget_sql(live.schema, table.name, field=field),
        )


CHECK = Check(
    id="SNAP003",
    title="Directus has no row for a raw table that its snapshot does not have",
    severity=Severity.BLOCKER,
    phases=tuple(Phase),
    run=run,
)
