"""A comparison's differences as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import partial
from itertools import groupby

from migration_audit.model.drift import Difference, DiffVerdict, Drift
from migration_audit.model.enumeration import plural
from migration_audit.report.badges import difference_pill
from migration_audit.report.diffmarks import side_by_side
from migration_audit.report.grid import LazyRows
from migration_audit.report.inline import IdentifierText, Inline, StackedBlocks, Text
from migration_audit.report.table import Group, Heading, ReportTable, Row


def difference_table(drift: Drift, *, caption: str = "Differences", findings: Iterable[str] | None = None) -> ReportTable:
    """Every difference by kind of object, one row per attribute; what a missing object takes along is counted.

    ``findings`` are the keys of what checks found: differences of objects that they name are folded.
    """
    along = taken_along(drift)
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
        headings=tuple(Heading(name=n) for n in ("Object", "Difference", "Attribute", "Expected", "Actual")),
        groups=tuple(groups),
        nothing="No differences.",
        quiet=None if named is None else "differences of objects that a finding names",
    )


def _rows_of(
    lines: list[tuple[Difference, int]], along: dict[tuple[str, str], str], named: list[str] | None
) -> LazyRows[tuple[Difference, int]]:
    marked = None if named is None else [not any(f":{d.kind}:{d.key}:" in key for key in named) for d, _ in lines]
    return LazyRows(lines, partial(_row, along), marked)


def counted(drift: Drift) -> str:
    """``2 missing, 1 changed, 1 unexpected``, and what could not be compared."""
    found = Counter(d.verdict for d in drift.roots)
    parts = [f"{found[v]:,} {v.value}" for v in DiffVerdict if found[v]]
    if unmodelled := len(drift.unmodelled_expected) + len(drift.unmodelled_actual):
        parts.append(f"{unmodelled:,} not compared")
    return ", ".join(parts) or "no differences"


def taken_along(drift: Drift) -> dict[tuple[str, str], str]:
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


def _row(along: dict[tuple[str, str], str], line: tuple[Difference, int]) -> Row:
    difference, number = line
    parts: list[Inline] = [IdentifierText(difference.key)]
    if takes := along.get((difference.kind, difference.key)):
        parts.append(Text(f"with {takes}", muted=True))
    if difference.note:
        parts.append(Text(difference.note, muted=True))
    first: Inline = StackedBlocks(tuple(parts)) if len(parts) > 1 and number == 0 else parts[0]
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
            (drift.unmodelled_expected, (Text("present"), Text("–", muted=True))),
            (drift.unmodelled_actual, (Text("–", muted=True), Text("present"))),
        )
        for thing in things
    ]
    title = Text("of a kind that the audit cannot compare")
    return [Group(title=title, labels=("not compared",), rows=tuple(rows))] if rows else []
