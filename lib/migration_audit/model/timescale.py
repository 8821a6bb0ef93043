"""TimescaleDB's settings: what somebody decided, not what the chunks look like today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from migration_audit.model.identifiers import dotted
from migration_audit.model.intervals import interval_text
from migration_audit.model.objects import CatalogObject, InSchema, shown_only


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypertable(CatalogObject):
    """A table that is a hypertable."""

    kind: ClassVar[str] = "hypertable"
    identity: ClassVar[tuple[str, ...]] = ("schema", "table")

    schema: str
    table: str
    dimensions: tuple[str, ...]
    """Column names, the first one the primary dimension."""
    associated_schema: str | None
    """Where chunks go; None for TimescaleDB's default."""
    chunk_prefix: str | None = None
    """What names of chunks begin with; None for TimescaleDB's default."""
    chunk_target_size: int | None = None
    """Bytes that adaptive chunking aims at; None where it is off."""

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The table."""
        return ("table", dotted(self.schema, self.table))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfHypertable(CatalogObject):
    """A setting of a hypertable."""

    identity: ClassVar[tuple[str, ...]] = ("schema", "table")

    schema: str
    table: str

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The hypertable."""
        return ("hypertable", dotted(self.schema, self.table))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension(OfHypertable):
    """A dimension of a hypertable: by time or integer range, or by hash."""

    kind: ClassVar[str] = "dimension"
    identity: ClassVar[tuple[str, ...]] = ("schema", "table", "column")

    column: str
    """The column whose values decide which chunk a row goes to."""
    column_type: str
    """The column's type."""
    type: str
    """``time``, ``integer`` or ``hash``."""
    chunk_interval: str | None
    """``1 day``, or a number for an integer dimension; None for hash."""
    partitions: int | None
    """How many of a hash dimension; None for time and integer."""
    partitioning_function: str | None
    """None for TimescaleDB's own hash."""
    integer_now_function: str | None
    """The function that says what is now in an integer dimension, ``schema.name``; None without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressionSettings(OfHypertable):
    """How a hypertable, or a continuous aggregate by its view, is compressed; absent if it was never set up."""

    kind: ClassVar[str] = "compression settings"

    enabled: bool
    """False: compression is off."""
    direct_compress: bool
    """Inserted rows are compressed at once (TimescaleDB 2.29 and later)."""
    segment_by: str | None
    """Columns in order, ``device_id, site``; None where there is none."""
    order_by: str | None
    """Columns with their direction, ``ts DESC, seq ASC NULLS FIRST``; None where TimescaleDB chooses (2.22 and later)."""
    compress_interval: str | None
    """Chunks are merged up to this width when they are compressed, ``7 days``."""
    sparse_indexes: tuple[str, ...]
    """``bloom(device_id)``, with what else is set; always empty before TimescaleDB 2.22."""
    relation: str | None = shown_only()
    """The kind of what is compressed: ``hypertable`` or ``continuous aggregate``."""

    @property
    def in_words(self) -> str:
        """In one line, for people."""
        if not self.enabled:
            return "compression is off"
        return f"compressed by {self.segment_by or 'no segment'}, ordered by {self.order_by or 'what TimescaleDB chooses'}"

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The hypertable or the continuous aggregate."""
        return (self.relation or "hypertable", dotted(self.schema, self.table))


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinuousAggregate(InSchema):
    """A continuous aggregate; its refresh policy is a job. Numbers of this one server are left out."""

    kind: ClassVar[str] = "continuous aggregate"

    source: str
    """The hypertable, or the continuous aggregate, that it is made of: ``schema.name``."""
    definition: str
    """The query as somebody wrote it, not the one that TimescaleDB makes of it."""
    columns: tuple[str, ...]
    """``name type`` in order."""
    materialized_only: bool
    """False: rows that are not materialized yet are computed at query time."""
    finalized: bool
    """False only for one made in the form of before TimescaleDB 2.7."""
    granular_refresh: bool
    """TimescaleDB 2.30 and later."""
    chunk_interval: str | None
    """The width of its own chunks, ``10 days``."""
    chunk_schema: str | None
    """Where its chunks go; None for TimescaleDB's default."""
    indexes: tuple[str, ...]
    """Method, columns and options; with their name where TimescaleDB did not give it."""
    owner: str
    privileges: tuple[str, ...]
    """Those of columns are behind ``column <name>:``."""
    comment: str | None
    """Those of columns are in lines of their own."""
    invalidate_using: str | None = None
    """How changes of the source are found, ``trigger`` or ``wal``; only TimescaleDB 2.22 says so."""

    @property
    def in_words(self) -> str:
        """In one line, for people."""
        return f"continuous aggregate of {self.source}: {' '.join(self.definition.split())}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HypertableTablespaces(OfHypertable):
    """The tablespaces over which the chunks of a hypertable are spread."""

    kind: ClassVar[str] = "hypertable tablespaces"

    tablespaces: tuple[str, ...]
    """In the order in which they were attached: chunks take turns."""

    @property
    def in_words(self) -> str:
        """In one line, for people."""
        return f"chunks go to {', '.join(self.tablespaces)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkSkipping(OfHypertable):
    """A column by whose range queries may skip chunks."""

    kind: ClassVar[str] = "chunk skipping"
    identity: ClassVar[tuple[str, ...]] = ("schema", "table", "column")

    column: str
    """The column whose ranges are known for each chunk."""

    @property
    def in_words(self) -> str:
        """In one line, for people."""
        return f"chunks are skipped by the range of {self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GranularRefresh(OfHypertable):
    """What continuous aggregates on a hypertable refresh piece by piece (TimescaleDB 2.29 and later)."""

    kind: ClassVar[str] = "granular refresh"

    column: str | None
    """The column whose values divide the pieces."""
    start_offset: str | None
    """How far back the first piece begins, ``30 days``; None where it is not set."""
    end_offset: str | None
    """How far back the last piece ends; None where it is not set."""

    def __post_init__(self) -> None:
        """Spell the offsets in one way, whatever IntervalStyle they were written in."""
        for name in ("start_offset", "end_offset"):
            if (text := getattr(self, name)) is not None:
                object.__setattr__(self, name, interval_text(text))

    @property
    def in_words(self) -> str:
        """In one line, for people."""
        return f"refreshed by {self.column} from {self.start_offset} to {self.end_offset}"
