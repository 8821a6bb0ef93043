"""LIV007: chunks that differ from their hypertable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.enumeration import plural, some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable
from migration_audit.model.identifiers import dotted
from migration_audit.model.snapshot import NotRead, Snapshot
from migration_audit.model.timescale import Dimension

if TYPE_CHECKING:
    from migration_audit.project import Environment


def run(live: Snapshot, environment: Environment) -> Iterator[CheckOutput]:
    """Check that each chunk has every index of its hypertable, the configured width, and the same properties.

    Why: an index can be dropped or altered on a single chunk, and the hypertable's own catalog does not show it. A grant on
    a chunk lets a role read rows that the hypertable denies it. A constraint, trigger or unique index on a chunk rejects
    rows of its time range only. Chunks of another width show that the interval was changed after data came in; they do not
    change afterwards. A unique index that a chunk lacks is a finding of LIV004.
    Not checked: the tables that store the rows of compressed chunks, defaults and comments of chunks; the width of
    compressed chunks, because merging during compression makes them wider.
    Fix: re-create the index on the hypertable. Remove from the chunk what the hypertable does not have. Widths need no fix;
    they explain why queries on old data are slower.
    Source: measured on TimescaleDB 2.19 to 2.31.
    """
    if isinstance(live.chunks, NotRead):
        yield Unavailable(reason=live.chunks.reason)
        return
    intervals = {
        dotted(d.schema, d.table): d.chunk_interval for d in reversed(live.of(Dimension)) if d.type in {"time", "integer"}
    }
    for chunks in live.chunks:
        table = dotted(chunks.schema, chunks.table)
        for index, count in (each for each in chunks.missing_indexes if each[0] not in chunks.missing_unique):
            yield Finding(
                key=f"LIV007:{environment.name}:{table}:{index}",
                summary=f"index {index} is missing on {count} of {chunks.chunks} chunks of {table}",
                expected=f"{chunks.chunks} chunks",
                actual=f"{chunks.chunks - count} chunks",
            )
        setting = intervals.get(table)
        for what, count, example in chunks.otherwise:
            named = example if count == 1 else f"{count} chunks, such as {example},"
            yield Finding(
                key=f"LIV007:{environment.name}:{table}:{what}",
                summary=f"{named} of {table} {'has' if count == 1 else 'have'} {what}; the hypertable differs",
                expected=f"as {table}",
                actual=what,
            )
        other = [(width, count) for width, count in chunks.plain_widths if width != setting]
        if setting and other:
            held = [f"{count} × {width}" for width, count in other]
            yield Finding(
                key=f"LIV007:{environment.name}:{table}:width",
                summary=f"{table}: the setting is {setting}, but some chunks have another width: {some_of(held)}",
                expected=setting,
                actual=", ".join(held),
            )
        yield Note(text=f"{table}: {chunks.chunks:,} {plural('chunk', chunks.chunks)}, {chunks.compressed:,} compressed")
    if not live.chunks:
        yield Note(text="no hypertables: nothing to check")


CHECK = check_of_both_phases(
    "LIV007", "Every chunk has its hypertable's indexes and the configured width", Severity.WARNING, run
)
