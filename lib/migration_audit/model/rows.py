"""Rows that SQL sources leave in tables: as counts and digests, never as values."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from migration_audit.model.location import Location

CELL = 8
"""Bytes of the digest of one value: the first of its SHA-256; zeros for NULL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRows:
    """What one table holds on one side."""

    table: str
    """Key of the table: ``public.price``."""
    count: int | None = None
    """None where it could not be counted; ``reason`` says why."""
    columns: tuple[str, ...] = ()
    """In order, without those that are computed from others."""
    key: tuple[str, ...] = ()
    """Columns of the primary key."""
    generated: tuple[str, ...] = ()
    """Columns that a sequence fills."""
    cells: tuple[bytes, ...] | None = None
    """One digest for each row: that of each column in turn, ``CELL`` bytes long. None where rows were only counted."""
    reason: str | None = None
    """Why rows were not read, or only counted."""
    written_at: Location | None = None
    """The statement that wrote one of the rows."""

    def rows(self, columns: Sequence[str]) -> list[bytes]:
        """Each row as the digests of these columns; raises ValueError where rows were only counted."""
        if self.cells is None:
            raise ValueError(f"{self.table} was only counted")
        places = [self.columns.index(column) * CELL for column in columns]
        return [b"".join(row[place : place + CELL] for place in places) for row in self.cells]

    def digest(self, columns: Sequence[str], key: bytes) -> str:
        """``hmac-sha256:…`` over the names of these columns and what they hold; the order of rows does not count.

        ``key`` is secret: who has the digest and not the key cannot try values until one gives it.
        """
        found = hmac.new(key, "\0".join(columns).encode(), hashlib.sha256)
        for row in sorted(self.rows(columns)):
            found.update(row)
        return f"hmac-sha256:{found.hexdigest()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SequencePosition:
    """Where a sequence goes on."""

    sequence: str
    """Key of the sequence."""
    next: int
    """The value that it gives next."""
    ascending: bool
    touched: bool
    """Whether it has moved from its start."""
    table: str | None
    """Key of the table whose column it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRows:
    """What the SQL of one side leaves behind, in addition to its schema."""

    tables: tuple[TableRows, ...] = ()
    """By key; those without rows are not among them."""
    sequences: tuple[SequencePosition, ...] = ()
    reason: str | None = None
    """Why nothing is known, where nothing could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableComparison:
    """One table's rows on both sides."""

    table: str
    expected: int
    actual: int
    mode: SeedMode
    differs: bool
    """Whether that is a finding."""
    missing: int = 0
    """Rows of the expected side that the actual side does not have in any form."""
    changed: int = 0
    """Rows of the expected side that have the same primary key and other values on the actual side."""
    extra: int = 0
    """Rows that only the actual side has."""
    changed_columns: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    """Columns that are left out, each with the reason."""
    counted_because: str | None = None
    """Why the rows were compared by their number alone; None where their contents were."""
    digests: tuple[str, str] | None = None
    """Of the expected and the actual rows, over the columns that are compared; with a key that is discarded, so that they
    are equal where the rows are, and reveal nothing else."""
    is_there: bool = True
    """Whether the actual side has such a table."""
    where: Location | None = None
    """The statement that wrote one of the expected rows."""

    def __str__(self) -> str:
        """``public.price has 2 rows on the expected side, 0 on the actual one``, and what is different about them."""
        rows = f"{self.expected:,} {'row' if self.expected == 1 else 'rows'}"
        head = f"{self.table} has {rows} on the expected side, {self.actual:,} on the actual one"
        if not self.is_there:
            return f"{head}, which has no such table"
        return ": ".join(filter(None, [head, ", ".join(self.details)]))

    @property
    def details(self) -> tuple[str, ...]:
        """What is different, in a few words each; nothing where all rows are missing."""
        if self.missing == self.expected and not self.actual:
            return ()
        columns = f" ({', '.join(self.changed_columns)})" if self.changed_columns else ""
        counts = ((self.missing, " missing"), (self.changed, f" changed{columns}"), (self.extra, " only on the actual side"))
        return tuple(f"{count:,}{what}" for count, what in counts if count)


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceComparison:
    """One sequence that the expected side has moved."""

    sequence: str
    expected: int
    """The value that it gives next."""
    actual: int
    is_behind: bool
    """Whether the actual side gives numbers again that the expected side has given."""

    def __str__(self) -> str:
        """The sentence for people."""
        places = f"{self.expected} on the expected side, {self.actual} on the actual one"
        return f"the next value of sequence {self.sequence} is {places}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsComparison:
    """What the expected side's rows are on the actual side."""

    tables: tuple[TableComparison, ...] = ()
    """Every table in which a side has rows, unless a rule leaves it out."""
    sequences: tuple[SequenceComparison, ...] = ()
    """Those that are not at the same place."""
    notes: tuple[str, ...] = ()
    """What was left out by which rule, and rules that match nothing."""
    unread: tuple[str, ...] = ()
    """What could not be read, with the reason."""

    @property
    def differing(self) -> tuple[TableComparison, ...]:
        """The tables whose difference is a finding."""
        return tuple(one for one in self.tables if one.differs)

    @property
    def summary(self) -> RowsSummary:
        """What evidence and ``compare --format json`` say of it."""
        tables = tuple(_summary_of(one) for one in self.tables)
        return RowsSummary(tables=tables, sequences=self.sequences, notes=self.notes, unread=self.unread)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCount:
    """The rows of one side."""

    rows: int
    digest: str | None
    """None where they were counted only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutColumn:
    """A column whose values were not compared."""

    column: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSummary:
    """One table of ``RowsSummary``; the fields are those of ``TableComparison``."""

    table: str
    mode: SeedMode
    differs: bool
    expected: RowCount
    actual: RowCount | None
    """None where the actual side has no such table."""
    missing: int
    changed: int
    extra: int
    changed_columns: tuple[str, ...]
    left_out: tuple[LeftOutColumn, ...]
    counted_because: str | None
    written_at: str | None
    """``file:line`` of the statement that wrote one of the expected rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsSummary:
    """A comparison of rows without the rows; names and shape are a contract of ``evidence.json``."""

    tables: tuple[TableSummary, ...] = ()
    sequences: tuple[SequenceComparison, ...] = ()
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def _summary_of(one: TableComparison) -> TableSummary:
    expected, actual = one.digests or (None, None)
    return TableSummary(
        table=one.table,
        mode=one.mode,
        differs=one.differs,
        expected=RowCount(rows=one.expected, digest=expected),
        actual=RowCount(rows=one.actual, digest=actual) if one.is_there else None,
        missing=one.missing,
        changed=one.changed,
        extra=one.extra,
        changed_columns=one.changed_columns,
        left_out=tuple(LeftOutColumn(column=column, reason=reason) for column, reason in one.left_out),
        counted_because=one.counted_because,
        written_at=str(one.where) if one.where else None,
    )


def unstable_columns(first: TableRows, second: TableRows) -> frozenset[str]:
    """The columns whose values change when the same SQL is applied once more: times, random values."""
    if first.cells is None or second.cells is None or first.columns != second.columns:
        return frozenset()
    return frozenset(c for c in first.columns if sorted(first.rows([c])) != sorted(second.rows([c])))


def by_table(rows: Iterable[TableRows]) -> dict[str, TableRows]:
    """By key."""
    return {one.table: one for one in rows}


class SeedMode(StrEnum):
    """How closely rows are compared."""

    IGNORE = "ignore"
    COUNT = "count"
    """The number of rows must be the same."""
    EXACT = "exact"
    """The same rows, and no others."""
    COVERED = "covered"
    """Each row of the expected side is there; the actual side may have more. The default: audit.toml does not name it."""
