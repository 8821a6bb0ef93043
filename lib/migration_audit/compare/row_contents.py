"""The rows of one table on both sides, compared by their digests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from migration_audit.model.rows import CELL, TableRows


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


def compare_contents(expected: TableRows, actual: TableRows, columns: Sequence[str]) -> Contents:
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


def compare_without_generated(
    expected: TableRows, actual: TableRows, columns: Sequence[str]
) -> tuple[Contents, tuple[str, ...]]:
    """The same, with the columns that a sequence fills left out where that explains the difference; and which these are.

    Rows that were inserted in another order have other numbers, and are the same rows.
    """
    whole = compare_contents(expected, actual, columns)
    numbers = tuple(c for c in columns if c in {*expected.generated, *actual.generated})
    if whole.is_covered or not numbers:
        return whole, ()
    without = compare_contents(expected, actual, [c for c in columns if c not in numbers])
    return (without, numbers) if without.columns and without.is_covered else (whole, ())


def shared_columns(
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
