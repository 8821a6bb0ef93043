"""Differences as a table, and which side has which index or constraint as dot matrices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import groupby

from migration_audit.model.drift import Difference, DiffVerdict, Drift
from migration_audit.model.enumeration import plural
from migration_audit.model.identifiers import dotted
from migration_audit.model.objects import CatalogObject
from migration_audit.model.relations import Constraint, Index
from migration_audit.model.snapshot import Snapshot
from migration_audit.report.badges import Dot, Pill, difference_pill
from migration_audit.report.grid import LazyRows, plain_headings
from migration_audit.report.inline import NONE, IdentifierText, Inline, InlineGroup, Text, code, side_by_side
from migration_audit.report.table import Group, Heading, ReportTable, Row

_Held = tuple[str, str, tuple[CatalogObject | None, ...]]
"""Table, key, and the object of each side."""

_FOLD_ABOVE = 60
"""Rows up to which tables whose objects are the same everywhere are shown in full."""
_NO_MATTER = {"comment"}
"""Attributes that make no dot half."""


def index_table(sides: Mapping[str, Snapshot]) -> ReportTable:
    """Every index with a dot per side, by table; definitions that differ are below each other."""
    return _object_matrix(Index, sides, caption="Index sets")


def constraint_table(sides: Mapping[str, Snapshot]) -> ReportTable:
    """Every constraint with a dot per side, by table; definitions that differ are below each other."""
    return _object_matrix(Constraint, sides, caption="Constraints")


def _object_matrix(kind: type[CatalogObject], sides: Mapping[str, Snapshot], *, caption: str) -> ReportTable:
    """Every object of one kind with a dot per side: present, with other attributes, or absent.

    Each side is compared with the first one that has the object. The kind's ``definition`` is shown, if it has one.
    """
    held = _held(kind, sides)
    tables = {table: list(group) for table, group in groupby(held, key=lambda h: h[0])}
    rows = {
        table: LazyRows(group, partial(_row, tuple(sides)), [not _is_same(objects) for _, _, objects in group])
        for table, group in tables.items()
    }
    noun = {"index": "indexes"}.get(kind.kind, f"{kind.kind}s")
    return ReportTable(
        caption=caption,
        note="● present, ◐ differs, ○ absent; compared with the leftmost side that has it",
        group_names=("Table",),
        headings=(
            Heading(name=kind.kind.capitalize()),
            Heading(name="Definition"),
            *(Heading(name=side, centred=True, side="") for side in sides),
            Heading(name="Verdict", side=""),
        ),
        about=kind.kind,
        quiet=f"{noun} that are the same on every side",
        groups=tuple(_group(table, shown, noun, fold=len(held) > _FOLD_ABOVE) for table, shown in rows.items()),
        nothing=f"All {noun} are the same on every side." if held else f"No side has {noun}.",
    )


def _held(kind: type[CatalogObject], sides: Mapping[str, Snapshot]) -> list[_Held]:
    found = [{o.key: o for o in s.objects if type(o) is kind} for s in sides.values()]
    keys = sorted({key for side in found for key in side})
    held = [(key, tuple(side.get(key) for side in found)) for key in keys]
    return sorted((_table(next(o for o in objects if o)), key, objects) for key, objects in held)


def _table(thing: CatalogObject) -> str:
    if isinstance(thing, Index):
        return thing.table
    schema, table = getattr(thing, "schema", None), getattr(thing, "table", None)
    return dotted(*(part for part in (schema, table) if isinstance(part, str)))


def _group(table: str, rows: LazyRows[_Held], noun: str, *, fold: bool) -> Group:
    fold = fold and not rows.marked
    folded = f"… {len(rows):,} {noun}, the same everywhere" if fold else None
    return Group(title=IdentifierText(table) if table else None, labels=(table,), rows=rows, folded=folded)


def _is_same(objects: tuple[CatalogObject | None, ...]) -> bool:
    """Every side has it, and the same; most are equal in all attributes."""
    first = objects[0]
    return first is not None and all(
        other is not None and (other == first or _compared(other) == _compared(first)) for other in objects[1:]
    )


def _row(sides: tuple[str, ...], held: _Held) -> Row:
    _, key, objects = held
    where = presence_of(sides, [o and _compared(o) for o in objects])
    dots = tuple(presence.value for presence in where.presence)
    name = getattr(next(o for o in objects if o), "name", key)
    return Row((IdentifierText(name), _definitions(objects, where), *dots, where.pill), marked=not where.same)


def _compared(thing: CatalogObject) -> tuple[tuple[str, object], ...]:
    return tuple((name, getattr(thing, name)) for name in thing.compared() if name not in _NO_MATTER)


def _definitions(objects: tuple[CatalogObject | None, ...], where: SidePresence) -> Inline:
    """The definition, and below it those of the sides that differ, with marks."""
    first = next(o for o in objects if o)
    shown: list[Inline] = [code(_definition(first))]
    for side, presence, thing in zip(where.sides, where.presence, objects, strict=True):
        if presence is Presence.DIFFERS and thing is not None:
            shown.append(InlineGroup((Text(f"{side}:", muted=True), *_apart(first, thing))))
    return InlineGroup(tuple(shown), stacked=True) if len(shown) > 1 else shown[0]


def _apart(first: CatalogObject, other: CatalogObject) -> tuple[Inline, ...]:
    if _definition(first) != _definition(other):
        return (side_by_side(_definition(first), _definition(other))[1],)
    names = [n for n, v in _compared(first) if v != getattr(other, n)]
    return tuple(code(f"{n.replace('_', ' ')} {_value(getattr(other, n))}") for n in names)


def _definition(thing: CatalogObject) -> str:
    """What a person compares: for an index the columns and what follows, with ``unique`` in front."""
    if isinstance(thing, Index) and thing.columns:
        return f"unique {thing.columns}" if thing.unique else thing.columns
    value = getattr(thing, "definition", None)
    return _value(value) if value is not None else thing.key


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


class Presence(Enum):
    """Whether a side has a thing as the first side that has it."""

    PRESENT = Dot("●", "present")
    DIFFERS = Dot("◐", "differs")
    ABSENT = Dot("○", "absent")


@dataclass(frozen=True, slots=True)
class SidePresence:
    """The presence of one thing on each side, in the order of the sides."""

    sides: tuple[str, ...]
    presence: tuple[Presence, ...]
    serious: bool
    """Whether a difference blocks, or only needs a human eye."""

    @property
    def same(self) -> bool:
        """Every side has it, and the same."""
        return all(p is Presence.PRESENT for p in self.presence)

    @property
    def pill(self) -> Pill:
        """The sentence for it: later sides are expected to have what an earlier one has, not the other way round."""
        first = next(n for n, p in enumerate(self.presence) if p is not Presence.ABSENT)
        later = list(zip(self.sides, self.presence, strict=True))[first:]
        missing = [side for side, p in later if p is Presence.ABSENT]
        differing = [side for side, p in later if p is Presence.DIFFERS]
        parts = [f"{word} in {_named(who)}" for word, who in (("missing", missing), ("differs", differing)) if who]
        if parts:
            return Pill("✕", ", ".join(parts), "fail") if self.serious else Pill("▲", ", ".join(parts), "review")
        if not first:
            return Pill("✓", "same everywhere" if len(self.sides) > 1 else "present", "pass")
        if first == len(self.sides) - 1:
            return Pill("▲", f"only in {self.sides[-1]}", "review")
        return Pill("i", f"not in {_named(self.sides[:first])}", "info")


def presence_of(sides: Sequence[str], values: Sequence[object], *, serious: bool = True) -> SidePresence:
    """On which sides a thing is present, by its value on each; None is a side without it. At least one side has it."""
    reference = next(value for value in values if value is not None)
    return SidePresence(
        tuple(sides),
        tuple(Presence.ABSENT if v is None else Presence.PRESENT if v == reference else Presence.DIFFERS for v in values),
        serious,
    )


def _named(sides: Sequence[str]) -> str:
    return " and ".join(sides) if len(sides) <= 2 else f"{len(sides)} of them"


def difference_table(drift: Drift, *, caption: str = "Differences", findings: Iterable[str] | None = None) -> ReportTable:
    """Every difference by kind of object, one row per attribute; what a missing object takes along is counted.

    ``findings`` are the keys of what checks found: differences of objects that they name are folded.
    """
    along = parts_of_roots(drift)
    named = None if findings is None else [f"{key}:" for key in findings]
    groups = [
        Group(title=Text(kind), labels=(kind,), rows=_rows_of(_lines(found), along, named))
        for kind, found in groupby(drift.roots, key=lambda d: d.kind)
    ]
    groups += _unmodelled(drift)
    return ReportTable(
        caption=caption,
        note=counted(drift),
        group_names=("Kind",),
        headings=plain_headings("Object", "Difference", "Attribute", "Expected", "Actual"),
        groups=tuple(groups),
        nothing="No differences.",
        quiet=None if named is None else "differences of objects that a finding names",
    )


def _rows_of(
    lines: list[tuple[Difference, int]], along: dict[tuple[str, str], str], named: list[str] | None
) -> LazyRows[tuple[Difference, int]]:
    marked = None if named is None else [not any(f":{d.kind}:{d.key}:" in key for key in named) for d, _ in lines]
    return LazyRows(lines, partial(_difference_row, along), marked)


def counted(drift: Drift) -> str:
    """``2 missing, 1 changed, 1 unexpected``, and what could not be compared."""
    found = Counter(d.verdict for d in drift.roots)
    parts = [f"{found[v]:,} {v.value}" for v in DiffVerdict if found[v]]
    if unmodelled := len(drift.unmodelled_expected) + len(drift.unmodelled_actual):
        parts.append(f"{unmodelled:,} not compared")
    return ", ".join(parts) or "no differences"


def parts_of_roots(drift: Drift) -> dict[tuple[str, str], str]:
    """What comes and goes with each missing or unexpected object: ``("table", "public.t")`` → ``5 columns, 1 index``.

    What is taken along indirectly (a constraint's index) is counted with the object that it belongs to.
    """
    parents = {(d.kind, d.key): d.part_of for d in drift.differences if d.part_of is not None}
    counts: dict[tuple[str, str], Counter[str]] = {}
    for kind, key in parents:
        root, seen = (kind, key), set[tuple[str, str]]()
        while root in parents and root not in seen:
            seen.add(root)
            root = parents[root] or root
        counts.setdefault(root, Counter())[kind] += 1
    return {root: ", ".join(f"{n:,} {plural(kind, n)}" for kind, n in sorted(c.items())) for root, c in counts.items()}


def _lines(found: Iterable[Difference]) -> list[tuple[Difference, int]]:
    """Each difference once, or once for each of its attributes."""
    return [(difference, number) for difference in found for number in range(max(1, len(difference.fields)))]


def _difference_row(along: dict[tuple[str, str], str], line: tuple[Difference, int]) -> Row:
    difference, number = line
    parts: list[Inline] = [IdentifierText(difference.key)]
    if takes := along.get((difference.kind, difference.key)):
        parts.append(Text(f"with {takes}", muted=True))
    if difference.note:
        parts.append(Text(difference.note, muted=True))
    first: Inline = InlineGroup(tuple(parts), stacked=True) if len(parts) > 1 and number == 0 else parts[0]
    if not difference.fields:
        pill = difference_pill(difference.verdict, difference.severity)
        return Row((first, pill, Text(""), *_whole(difference)))
    change = difference.fields[number]
    return Row(
        (
            first,
            difference_pill(difference.verdict, change.severity),
            Text(change.name.replace("_", " ")),
            *side_by_side(change.expected, change.actual, absent="(not set)"),
        )
    )


def _whole(difference: Difference) -> tuple[Inline, Inline]:
    absent, present = Text("(absent)", muted=True), Text("present")
    return (present, absent) if difference.verdict is DiffVerdict.MISSING else (absent, present)


def _unmodelled(drift: Drift) -> list[Group]:
    rows = [
        Row((IdentifierText(f"{thing.kind} {thing.identity}"), Text("not compared"), Text(""), *cells), marked=True)
        for things, cells in (
            (drift.unmodelled_expected, (Text("present"), NONE)),
            (drift.unmodelled_actual, (NONE, Text("present"))),
        )
        for thing in things
    ]
    title = Text("of a kind that the audit cannot compare")
    return [Group(title=title, labels=("not compared",), rows=tuple(rows))] if rows else []
