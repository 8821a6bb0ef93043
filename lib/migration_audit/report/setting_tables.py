"""Settings side by side: hypertables with all that is set on them, extensions with their versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from migration_audit.model.identifiers import dotted
from migration_audit.model.objects import CatalogObject
from migration_audit.model.routines import Extension
from migration_audit.model.snapshot import Snapshot
from migration_audit.model.timescale import (
    ChunkSkipping,
    CompressionSettings,
    ContinuousAggregate,
    Dimension,
    Hypertable,
    HypertableTablespaces,
)
from migration_audit.model.timescale_jobs import POLICIES, Job
from migration_audit.report.diffmarks import side_by_side
from migration_audit.report.inline import IdentifierText, Inline, Text, code
from migration_audit.report.object_tables import Scope, standing
from migration_audit.report.table import Group, Heading, ReportTable, Row

Settings = dict[str, dict[str, str]]
"""Object to setting to value."""
Setting = CompressionSettings | HypertableTablespaces | ChunkSkipping


def hypertable_table(
    sides: Mapping[str, Snapshot], *, scope: Scope | None = None, caption: str = "Hypertable settings"
) -> ReportTable:
    """Every hypertable with its dimensions, intervals, compression and policies on each side; what differs is marked.

    Continuous aggregates are among them, as they are compressed and retained by policies too.
    """
    held = {name: _hypertables(side, scope or _everything) for name, side in sides.items()}
    return _settings_table(held, what="Hypertable", caption=caption, nothing="No side has hypertables.")


def extension_table(
    sides: Mapping[str, Snapshot], *, scope: Scope | None = None, caption: str = "Extensions"
) -> ReportTable:
    """Every extension with its version and schema on each side; what differs is marked."""
    wanted = scope or _everything
    held = {
        name: {e.name: {"version": e.version, "schema": e.schema} for e in side.of(Extension) if wanted(e)}
        for name, side in sides.items()
    }
    return _settings_table(
        held, what="Extension", caption=caption, nothing="No side has extensions.", lenient=frozenset({"version"})
    )


def _everything(_thing: CatalogObject) -> bool:
    return True


def _hypertables(snapshot: Snapshot, wanted: Scope) -> Settings:
    held: Settings = {}
    for table in filter(wanted, snapshot.of(Hypertable)):
        held[table.key] = {"dimensions": ", ".join(table.dimensions)}
        if table.associated_schema:
            held[table.key]["chunk schema"] = table.associated_schema
    for dimension in snapshot.of(Dimension):
        if (owner := dotted(dimension.schema, dimension.table)) in held:
            held[owner].update(_dimension(dimension))
    for aggregate in filter(wanted, snapshot.of(ContinuousAggregate)):
        held[aggregate.key] = _aggregate(aggregate)
    settings: tuple[Setting, ...] = (
        *snapshot.of(CompressionSettings),
        *snapshot.of(HypertableTablespaces),
        *snapshot.of(ChunkSkipping),
    )
    for thing in settings:
        if (owner := dotted(thing.schema, thing.table)) in held:
            held[owner].update(_setting(thing))
    for job in snapshot.of(Job):
        if job.table is not None and (owner := dotted(job.schema, job.table)) in held:
            held[owner][POLICIES.get(job.procedure, job.procedure)] = job.in_words
    return held


def _aggregate(aggregate: ContinuousAggregate) -> dict[str, str]:
    return {
        "continuous aggregate of": aggregate.source,
        "materialized only": "yes" if aggregate.materialized_only else "no",
        **({"chunk interval": aggregate.chunk_interval} if aggregate.chunk_interval else {}),
    }


def _setting(thing: Setting) -> dict[str, str]:
    match thing:
        case HypertableTablespaces():
            return {"tablespaces": ", ".join(thing.tablespaces)}
        case ChunkSkipping():
            return {f"{thing.column}: chunks are skipped by it": "yes"}
    settings = {
        "compression": "on" if thing.enabled else "off",
        "compression: segment by": thing.segment_by,
        "compression: order by": thing.order_by,
        "compression: chunks are merged up to": thing.compress_interval,
        "compression: sparse indexes": ", ".join(thing.sparse_indexes) or None,
    }
    return {name: value for name, value in settings.items() if value is not None}


def _dimension(dimension: Dimension) -> dict[str, str]:
    settings = {
        "type": f"{dimension.type} ({dimension.column_type})",
        "chunk interval": dimension.chunk_interval,
        "partitions": None if dimension.partitions is None else str(dimension.partitions),
        "partitioning function": dimension.partitioning_function,
        "integer_now function": dimension.integer_now_function,
    }
    return {f"{dimension.column}: {name}": value for name, value in settings.items() if value is not None}


def _settings_table(
    held: Mapping[str, Settings], *, what: str, caption: str, nothing: str, lenient: frozenset[str] = frozenset()
) -> ReportTable:
    names = sorted(set(chain.from_iterable(held.values())))
    groups = tuple(
        Group(
            title=IdentifierText(name),
            labels=(name,),
            rows=tuple(_rows([side.get(name) for side in held.values()], held, lenient)),
        )
        for name in names
    )
    differing = sum(row.marked for group in groups for row in group.rows)
    return ReportTable(
        caption=caption,
        note=f"{differing} setting{'s' * (differing != 1)} differ{'s' * (differing == 1)}" if names else None,
        group_names=(what,),
        headings=(
            Heading(name="Setting"),
            *(Heading(name=side, side=side) for side in held),
            Heading(name="Verdict", side=""),
        ),
        about=what,
        quiet="settings that are the same on every side",
        groups=groups,
        nothing=nothing,
    )


def _rows(settings: list[dict[str, str] | None], sides: Iterable[str], lenient: frozenset[str]) -> Iterable[Row]:
    for name in dict.fromkeys(chain.from_iterable(s or () for s in settings)):
        values = [None if s is None else s.get(name) for s in settings]
        where = standing(list(sides), values, serious=name not in lenient)
        reference = next(value for value in values if value is not None)
        cells = [_cell(value, reference, has_object=s is not None) for value, s in zip(values, settings, strict=True)]
        yield Row((Text(name), *cells, where.pill), marked=not where.same)


def _cell(value: str | None, reference: str, *, has_object: bool) -> Inline:
    if value is None:
        return Text("(not set)" if has_object else "(absent)", muted=True)
    return code(value) if value == reference else side_by_side(reference, value)[1]
