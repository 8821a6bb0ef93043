"""Column types side by side."""

from __future__ import annotations

from itertools import groupby

from migration_audit.model.identifiers import dotted
from migration_audit.model.relations import Column, Table
from migration_audit.model.snapshot import Snapshot
from migration_audit.report.badges import Pill
from migration_audit.report.diffmarks import side_by_side
from migration_audit.report.grid import LazyRows
from migration_audit.report.inline import IdentifierText, Text
from migration_audit.report.table import Group, Heading, ReportTable, Row

Pair = tuple[str, Column | None, Column | None]

_SIDES = ("Expected", "Actual")
_FOLD_ABOVE = 60
"""Rows up to which tables without a difference are shown in full."""
_SHOWN_ANYWAY = ("type", "not_null", "default", "generated", "identity_kind", "collation")
_WORDS = {"not_null": "nullability", "identity_kind": "identity", "is_local": "inheritance"}
_TELLING_ONLY = {"comment": "info", "privileges": "review"}
"""Attributes that do not block by default, with the tone of a difference in nothing else."""
_GLYPHS = {"fail": "✕", "review": "▲", "info": "i"}
SAME = Pill("✓", "same", "pass")
MISSING = Pill("✕", "missing", "fail")
EXTRA = Pill("▲", "extra column", "review")


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


def _pairs(expected: Snapshot, actual: Snapshot) -> list[Pair]:
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


def _differs(pair: Pair) -> bool:
    return pair[1] != pair[2]


def _group(table: str, pairs: list[Pair], *, fold: bool) -> Group:
    differs = list(map(_differs, pairs))
    number = len(pairs)
    return Group(
        title=IdentifierText(table),
        labels=(table,),
        rows=LazyRows(pairs, _row, differs),
        folded=f"… {number:,} column{'s' * (number != 1)}, all the same" if fold and not any(differs) else None,
    )


def _row(pair: Pair) -> Row:
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
        return MISSING
    if expected is None:
        return EXTRA
    if not changed:
        return SAME
    tones = {_TELLING_ONLY.get(name, "fail") for name in changed}
    tone = next(tone for tone in ("fail", "review", "info") if tone in tones)
    what = [_WORDS.get(name, name) for name in changed]
    shown = what if len(what) <= 2 else [*what[:1], f"{len(what) - 1} more"]
    return Pill(_GLYPHS[tone], f"{' and '.join(shown)} differ{'s' * (len(what) == 1)}", tone)
