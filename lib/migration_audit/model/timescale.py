"""TimescaleDB's settings: what somebody decided, not what the chunks look like today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from migration_audit.model.objects import CatalogObject, dotted


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
class Dimension(CatalogObject):
    """A dimension of a hypertable: by time or integer range, or by hash."""

    kind: ClassVar[str] = "dimension"
    identity: ClassVar[tuple[str, ...]] = ("schema", "table", "column")

    schema: str
    table: str
    column: str
    column_type: str
    type: str
    """``time``, ``integer`` or ``hash``."""
    chunk_interval: str | None
    """``1 day``, or a number for an integer dimension; None for hash."""
    partitions: int | None
    partitioning_function: str | None
    """None for TimescaleDB's own hash."""
    integer_now_function: str | None

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The hypertable."""
        return ("hypertable", dotted(self.schema, self.table))
