"""Are the rows that the expected side leaves in tables on the actual side as well? Compared by their digests."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migration_audit.model.enumeration import some_of
from migration_audit.model.rows import (
    CELL,
    RowsComparison,
    SeedMode,
    SequenceComparison,
    SourceRows,
    TableComparison,
    TableRows,
    by_table,
)
from migration_audit.model.snapshot import Snapshot

if TYPE_CHECKING:
    from migration_audit.project import SeedRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What is different about the rows of two tables, over some of their columns."""

    columns: tuple[str, ...]
    missing: int = 0
    changed: int = 0
    extra: int = 0
    changed_columns: tuple[str, ...] = ()

    @property
    def is_covered(self) -> bool:
        """Whether each expected row is there."""
        return not self.missing and not self.changed


def _compare_contents(expected: TableRows, actual: TableRows, columns: Sequence[str]) -> Contents:
    """Both tables as multisets of rows over ``columns``, which both have.

    Rows that are not on both sides but have the same primary key are changed rows; those without a partner are missing or
    extra. Without a key, or where a column of it does not count, no rows are paired.
    """
    left, right = Counter(expected.rows(columns)), Counter(actual.rows(columns))
    gone, new = left - right, right - left
    key = expected.key if expected.key and set(expected.key) <= set(columns) else ()
    pairs = _pairs(gone, new, [columns.index(column) for column in key]) if key else []
    return Contents(
        columns=tuple(columns),
        missing=gone.total() - len(pairs),
        changed=len(pairs),
        extra=new.total() - len(pairs),
        changed_columns=tuple(
            c for place, c in enumerate(columns) if any(_cell(a, place) != _cell(b, place) for a, b in pairs)
        ),
    )


def _compare_without_generated(
    expected: TableRows, actual: TableRows, columns: Sequence[str]
) -> tuple[Contents, tuple[str, ...]]:
    """The same, with the columns that a sequence fills left out where that explains the difference; and which these are.

    Rows that were inserted in another order have other numbers, and are the same rows.
    """
    whole = _compare_contents(expected, actual, columns)
    numbers = tuple(c for c in columns if c in {*expected.generated, *actual.generated})
    if whole.is_covered or not numbers:
        return whole, ()
    without = _compare_contents(expected, actual, [c for c in columns if c not in numbers])
    return (without, numbers) if without.columns and without.is_covered else (whole, ())


def _shared_columns(
    expected: TableRows, actual: TableRows, without: Collection[str], only: Collection[str]
) -> tuple[str, ...]:
    """The columns of the expected side that count: those that the actual side has too; all of them where it has no rows."""
    there = actual.columns if actual.count else expected.columns
    return tuple(c for c in expected.columns if c in there and c not in without and (not only or c in only))


def _pairs(gone: Counter[bytes], new: Counter[bytes], places: Sequence[int]) -> list[tuple[bytes, bytes]]:
    by_key: dict[bytes, bytes] = {_key(row, places): row for row in new}
    return [(row, by_key[key]) for row in gone if (key := _key(row, places)) in by_key]


def _key(row: bytes, places: Sequence[int]) -> bytes:
    return b"".join(_cell(row, place) for place in places)


def _cell(row: bytes, place: int) -> bytes:
    return row[place * CELL : place * CELL + CELL]


_UNSTABLE = "its values change whenever the SQL is applied"
_NUMBERED = "a sequence fills it, and the rows are equal without it"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowScope:
    """Which rows are compared, and how."""

    rules: tuple[SeedRule, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Keys of tables that are not compared, each with the reason: ledgers, what is out of scope."""
    unstable: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Columns whose values change whenever the SQL is applied, by key of the table."""
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    """The key of the digests in the result; of both sides, and of one comparison alone."""

    def rule_of(self, table: str) -> SeedRule | None:
        """The first rule that matches a table."""
        return next((rule for rule in self.rules if rule.matches(table)), None)

    def is_compared(self, table: str) -> bool:
        """Whether the table's rows count at all."""
        rule = self.rule_of(table)
        return table not in self.left_out and not (rule and rule.mode is SeedMode.IGNORE)


def compare_rows(
    *, expected: SourceRows, actual: SourceRows, there: Snapshot, scope: RowScope | None = None
) -> RowsComparison:
    """Tables in which a side has rows, and sequences that the expected side has moved.

    ``there`` is the catalog of the actual side.
    """
    scope = scope or RowScope()
    left, right = by_table(expected.tables), by_table(actual.tables)
    unread = [f"rows on the {side} side: {s.reason}" for side, s in (("expected", expected), ("actual", actual)) if s.reason]
    tables: list[TableComparison] = []
    for key in sorted(left.keys() | right.keys()):
        pair = left.get(key, _empty(key)), right.get(key, _empty(key))
        refused = [f"{key} on the {side} side: {one.reason}" for side, one in _sides(pair) if one.count is None]
        if scope.is_compared(key) and refused:
            unread += refused
        elif scope.is_compared(key):
            tables.append(_table(*pair, scope, is_there=("table", key) in there.by_key))
    return RowsComparison(
        tables=tuple(tables),
        sequences=tuple(_sequences(expected, actual, tables, scope)),
        notes=tuple(_notes(scope, {**right, **left})),
        unread=tuple(unread),
    )


def _empty(key: str) -> TableRows:
    return TableRows(table=key, count=0, cells=())


def _sides(pair: tuple[TableRows, TableRows]) -> tuple[tuple[str, TableRows], ...]:
    return (("expected", pair[0]), ("actual", pair[1]))


def _table(expected: TableRows, actual: TableRows, scope: RowScope, *, is_there: bool) -> TableComparison:
    rule = scope.rule_of(expected.table)
    mode = rule.mode if rule else SeedMode.COVERED
    missing, extra = _beyond(expected.count, actual.count), _beyond(actual.count, expected.count)
    held = TableComparison(
        table=expected.table,
        expected=expected.count or 0,
        actual=actual.count or 0,
        mode=mode,
        differs=missing > 0 or (extra > 0 and mode is not SeedMode.COVERED),
        missing=missing,
        extra=extra,
        is_there=is_there,
        where=expected.written_at,
    )
    if mode is SeedMode.COUNT:
        return replace(held, counted_because="mode = 'count' in audit.toml")
    why = expected.reason if expected.cells is None else actual.reason if actual.cells is None else None
    return replace(held, counted_because=why) if why else _contents(held, expected, actual, scope, rule)


def _beyond(count: int | None, other: int | None) -> int:
    return max((count or 0) - (other or 0), 0)


def _contents(
    held: TableComparison, expected: TableRows, actual: TableRows, scope: RowScope, rule: SeedRule | None
) -> TableComparison:
    unstable = scope.unstable.get(held.table, ())
    excluded, only = (rule.excluded, rule.columns) if rule else ((), ())
    source = expected if expected.count else actual
    columns = _shared_columns(source, actual if source is expected else expected, {*unstable, *excluded}, only)
    if not columns and source.columns:
        return replace(held, counted_because="there is no column left to compare")
    found, numbers = _compare_without_generated(expected, actual, columns) if expected.count and actual.count else (None, ())
    missing, changed, extra = (found.missing, found.changed, found.extra) if found else (held.missing, 0, held.extra)
    counted = [c for c in columns if c not in numbers]
    return replace(
        held,
        differs=bool(missing or changed or (extra and held.mode is SeedMode.EXACT)),
        missing=missing,
        changed=changed,
        extra=extra,
        changed_columns=found.changed_columns if found else (),
        left_out=tuple(_left_out(source, rule, unstable, numbers)),
        digests=(_digest(expected, counted, scope.key), _digest(actual, counted, scope.key)),
    )


def _left_out(
    source: TableRows, rule: SeedRule | None, unstable: Container[str], numbers: Container[str]
) -> Iterator[tuple[str, str]]:
    """The columns that are not compared, each with the reason."""
    for column in source.columns:
        if column in numbers:
            yield column, _NUMBERED
        elif column in unstable:
            yield column, _UNSTABLE
        elif rule and column in rule.excluded:
            yield column, "excluded by audit.toml"
        elif rule and rule.columns and column not in rule.columns:
            yield column, "not among the columns in audit.toml"


def _digest(rows: TableRows, columns: list[str], key: bytes) -> str:
    rows = rows if rows.count else replace(rows, columns=tuple(columns), cells=())
    return rows.digest(columns, key)


def _sequences(
    expected: SourceRows, actual: SourceRows, tables: Iterable[TableComparison], scope: RowScope
) -> Iterator[SequenceComparison]:
    """Those that the expected side has moved and that go on elsewhere; a table that differs says enough by itself."""
    there = {one.sequence: one for one in actual.sequences}
    silent = {one.table for one in tables if one.differs or one.mode is SeedMode.COUNT}
    for one in expected.sequences:
        other = there.get(one.sequence)
        if not one.touched or other is None or one.next == other.next or not scope.is_compared(one.sequence):
            continue
        if one.table is None or (scope.is_compared(one.table) and one.table not in silent):
            behind = other.next < one.next if one.ascending else other.next > one.next
            yield SequenceComparison(sequence=one.sequence, expected=one.next, actual=other.next, is_behind=behind)


def _notes(scope: RowScope, tables: Mapping[str, TableRows]) -> Iterator[str]:
    for rule in scope.rules:
        matched = [key for key in tables if scope.rule_of(key) is rule and key not in scope.left_out]
        if not matched:
            yield f"{rule.at}: [[seed]] {rule.table} matches no table with rows, or only tables of an earlier [[seed]]"
        elif rule.mode is SeedMode.IGNORE:
            yield f"{rule.at}: rows of {some_of(matched)} are not compared" + (f" ({rule.reason})" if rule.reason else "")
        else:
            names = {column for key in matched for column in tables[key].columns}
            for column in sorted({*rule.columns, *rule.excluded} - names):
                yield f"{rule.at}: [[seed]] {rule.table} names column {column}, which does not exist"
    by_reason: dict[str, list[str]] = {}
    for key in tables:
        if key in scope.left_out:
            by_reason.setdefault(scope.left_out[key], []).append(key)
    yield from (f"rows of {some_of(keys)} are not compared: {reason}" for reason, keys in by_reason.items())
