"""LIV004: live indexes are what the owner's SQL makes, valid and ready."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.describe import live_findings
from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.drift import Drift
from migration_audit.model.finding import CheckOutput, Finding, Severity, Unavailable
from migration_audit.model.identifiers import dotted
from migration_audit.model.preflight import OriginMap
from migration_audit.model.snapshot import NotRead, Snapshot

if TYPE_CHECKING:
    from migration_audit.project import Environment


def run(live: Snapshot, live_drift: Drift, owner_origins: OriginMap, environment: Environment) -> Iterator[CheckOutput]:
    """Look up each index of the owner's shadow in the live database: definition, valid, ready.

    Why: a concurrent index build that failed leaves an invalid index, which has the name but is not used. Without the unique
    index the writer's upsert fails. If one chunk lacks the index, the hypertable still lists it, and the upsert fails only
    in that chunk.
    Fix: create the index (CONCURRENTLY if the table is being written to), or drop and re-create the invalid one.
    Source: https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
    """
    yield from live_findings("LIV004", live_drift, ("index",), environment, owner_origins)
    if isinstance(live.chunks, NotRead):
        yield Unavailable(reason=f"a unique index may be missing on a chunk: {live.chunks.reason}")
        return
    for chunks in live.chunks:
        table, lacking = dotted(chunks.schema, chunks.table), dict(chunks.missing_indexes)
        for index in chunks.missing_unique:
            yield Finding(
                key=f"LIV004:index:{index}:chunks",
                summary=f"unique index {index} is missing on {lacking[index]} of {chunks.chunks} chunks of {table}: "
                "duplicate rows are possible, and ON CONFLICT fails",
                expected=f"{chunks.chunks} chunks",
                actual=f"{chunks.chunks - lacking[index]} chunks",
            )


CHECK = check_of_both_phases("LIV004", "Live indexes match the owner's SQL, and are valid and ready", Severity.BLOCKER, run)
