"""Column types and settings side by side: hypertables with all that is set on them, extensions with their versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain, groupby

from migration_audit.model.enumeration import some_of
from migration_audit.model.identifiers import dotted
from migration_audit.model.relations import Column, Table
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
from migration_audit.report.badges import Pill
from migration_audit.report.grid import LazyRows
from migration_audit.report.inline import IdentifierText, Inline, Text, code, side_by_side
from migration_audit.report.object_tables import presence_of
from migration_audit.report.table import Group, Heading, ReportTable, Row

Settings = dict[str, dict[str, str]]
"""Object to setting to value."""
Setting = CompressionSettings | HypertableTablespaces | ChunkSkipping


def hypertable_table(sides: Mapping[str, Snapshot]) -> ReportTable:
    """Every hypertable with its dimensions, intervals, compression and policies on each side; what differs is marked.

    Continuous aggregates are among them, as they are compressed and retained by policies too.
    """
    held = {name: _hypertables(side) for name, side in sides.items()}
    return _settings_table(held, what="Hypertable", caption="Hypertable settings", nothing="No side has hypertables.")


def extension_table(sides: Mapping[str, Snapshot]) -> ReportTable:
    """Every extension with its version and schema on each side; what differs is marked."""
    held = {
        name: {e.name: {"version": e.version, "schema": e.schema} for e in side.of(Extension)}
        for name, side in sides.items()
    }
    lenient = frozenset({"version"})
    return _settings_table(held, what="Extension", caption="Extensions", nothing="No side has extensions.", lenient=lenient)


def _hypertables(snapshot: Snapshot) -> Settings:
    held: Settings = {}
    for table in snapshot.of(Hypertable):
        held[table.key] = {"dimensions": ", ".join(table.dimensions)}
        if table.associated_schema:
            held[table.key]["chunk schema"] = table.associated_schema
    for dimension in snapshot.of(Dimension):
        if (owner := dotted(dimension.schema, dimension.table)) in held:
            held[owner].update(_dimension(dimension))
    for aggregate in snapshot.of(ContinuousAggregate):
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
    rows = {name: tuple(_rows([side.get(name) for side in held.values()], held, lenient)) for name in names}
    groups = tuple(Group(title=IdentifierText(name), labels=(name,), rows=found) for name, found in rows.items())
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
        where = presence_of(list(sides), values, serious=name not in lenient)
        reference = next(value for value in values if value is not None)
        cells = [_cell(value, reference, has_object=s is not None) for value, s in zip(values, settings, strict=True)]
        yield Row((Text(name), *cells, where.pill), marked=not where.same)


def _cell(value: str | None, reference: str, *, has_object: bool) -> Inline:
    if value is None:
        return Text("(not set)" if has_object else "(absent)", muted=True)
    return code(value) if value == reference else side_by_side(reference, value)[1]


_Pair = tuple[str, Column | None, Column | None]

_SIDES = ("Expected", "Actual")
_FOLD_ABOVE = 60
"""Rows up to which tables without a difference are shown in full."""
_SHOWN_ANYWAY = ("type", "not_null", "default", "generated", "identity_kind", "collation")
_WORDS = {"not_null": "nullability", "identity_kind": "identity", "is_local": "inheritance"}
_NOT_BLOCKING = {"comment": "info", "privileges": "review"}
"""Attributes that do not block by default, with the tone of a difference in nothing else."""
_GLYPHS = {"fail": "✕", "review": "▲", "info": "i"}
_SAME = Pill("✓", "same", "pass")
_MISSING = Pill("✕", "missing", "fail")
_EXTRA = Pill("▲", "extra column", "review")


def column_table(expected: Snapshot, actual: Snapshot) -> ReportTable:
    """Each column of both snapshots with type and attributes on both sides, by table.

    Above 60 columns, tables without a difference are folded to one line.
    """
    by_table = {t: list(pairs) for t, pairs in groupby(_pairs(expected, actual), key=lambda p: p[0])}
    total = sum(map(len, by_table.values()))
    groups = [_group(table, pairs, fold=total > _FOLD_ABOVE) for table, pairs in by_table.items()]
    differing = sum(_differs(pair) for pairs in by_table.values() for pair in pairs)
    return ReportTable(
        caption="Column types",
        note=f"{differing:,} of {total:,} column{'s' * (total != 1)} differ{'s' * (differing == 1)}",
        group_names=("Table",),
        headings=(
            Heading(name="Column"),
            *(Heading(name=name, over=side, side=side) for side in _SIDES for name in ("Type", "Attributes")),
            Heading(name="Verdict", side=""),
        ),
        about="columns",
        quiet="columns that are the same on both sides",
        groups=tuple(groups),
        nothing="All columns are the same." if total else "Neither side has columns.",
    )


def _pairs(expected: Snapshot, actual: Snapshot) -> list[_Pair]:
    """Both sides' columns by table, in the order in which the expected side has them, then the actual side's own."""
    sides = [_in_table_order(side) for side in (expected, actual)]
    pairs = [(sides[0].get(key), sides[1].get(key)) for key in sides[0] | sides[1]]
    return sorted(((_table(a or b), a, b) for a, b in pairs), key=lambda pair: pair[0])


def _in_table_order(snapshot: Snapshot) -> dict[str, Column]:
    place = {(t.key, name): number for t in snapshot.of(Table) for number, name in enumerate(t.column_order)}
    columns = sorted(snapshot.of(Column), key=lambda c: place.get((_table(c), c.name), len(place)))
    return {c.key: c for c in columns}


def _table(column: Column | None) -> str:
    return dotted(column.schema, column.table) if column else ""


def _differs(pair: _Pair) -> bool:
    return pair[1] != pair[2]


def _group(table: str, pairs: list[_Pair], *, fold: bool) -> Group:
    differs = list(map(_differs, pairs))
    number = len(pairs)
    return Group(
        title=IdentifierText(table),
        labels=(table,),
        rows=LazyRows(pairs, _row, differs),
        folded=f"… {number:,} column{'s' * (number != 1)}, all the same" if fold and not any(differs) else None,
    )


def _row(pair: _Pair) -> Row:
    _, expected, actual = pair
    column = expected or actual
    changed = _changed(expected, actual)
    types = side_by_side(expected.type if expected else None, actual.type if actual else None, absent="(absent)")
    attributes = side_by_side(
        _attributes(expected, changed) if expected else None, _attributes(actual, changed) if actual else None, absent=""
    )
    cells = (IdentifierText(column.name if column else ""), types[0], attributes[0], types[1], attributes[1])
    return Row((*cells, _verdict(expected, actual, changed)), marked=expected != actual)


def _changed(expected: Column | None, actual: Column | None) -> tuple[str, ...]:
    """The attributes that differ; storage follows the type, and is not listed in addition to it."""
    if expected is None or actual is None or expected == actual:
        return ()
    changed = tuple(name for name in Column.compared() if getattr(expected, name) != getattr(actual, name))
    return tuple(name for name in changed if name != "storage") if "type" in changed else changed


def _attributes(column: Column, changed: tuple[str, ...]) -> str:
    """What is declared in addition to the type, then everything else that differs from the other side."""
    parts = ["not null" if column.not_null else "null"]
    if column.generated:
        parts.append(f"generated always as ({column.default}) {column.generated}")
    elif column.default is not None:
        parts.append(f"default {column.default}")
    if column.identity_kind:
        parts.append(f"generated {column.identity_kind} as identity")
    if column.collation:
        parts.append(f"collate {column.collation}")
    parts += [f"{name.replace('_', ' ')} {_value(getattr(column, name))}" for name in changed if name not in _SHOWN_ANYWAY]
    return ", ".join(parts)


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _verdict(expected: Column | None, actual: Column | None, changed: tuple[str, ...]) -> Pill | Text:
    if actual is None:
        return _MISSING
    if expected is None:
        return _EXTRA
    if not changed:
        return _SAME
    tones = {_NOT_BLOCKING.get(name, "fail") for name in changed}
    tone = next(tone for tone in ("fail", "review", "info") if tone in tones)
    what = [_WORDS.get(name, name) for name in changed]
    shown = " and ".join(what) if len(what) <= 2 else some_of(what, most=1)
    return Pill(_GLYPHS[tone], f"{shown} differ{'s' * (len(what) == 1)}", tone)
