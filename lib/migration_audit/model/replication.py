"""Logical replication: publications with their tables, and subscriptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from migration_audit.model.identifiers import dotted, quoted
from migration_audit.model.objects import CatalogObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication(CatalogObject):
    """A publication; its tables are objects of their own."""

    kind: ClassVar[str] = "publication"
    identity: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    all_tables: bool
    """Whether it publishes every table, future ones too."""
    schemas: tuple[str, ...]
    """Schemas all of whose tables are published, sorted."""
    publish: tuple[str, ...]
    """Of ``insert``, ``update``, ``delete``, ``truncate``."""
    via_root: bool
    """Whether changes of partitions are published as the partitioned table's."""
    generated_columns: str
    """``none`` or ``stored`` (PostgreSQL 18 and later)."""
    owner: str
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationTable(CatalogObject):
    """A table that a publication names."""

    kind: ClassVar[str] = "publication table"
    identity: ClassVar[tuple[str, ...]] = ("publication", "schema", "table")

    publication: str
    """The publication."""
    schema: str
    table: str
    columns: tuple[str, ...]
    """Sorted; empty for all."""
    filter: str | None
    """The WHERE clause of the rows that are published; None for all rows."""

    @property
    def key(self) -> str:
        """``publication TABLE schema.table``."""
        return f"{quoted(self.publication)} TABLE {dotted(self.schema, self.table)}"

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The publication."""
        return ("publication", dotted(self.publication))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription(CatalogObject):
    """A subscription of this database."""

    kind: ClassVar[str] = "subscription"
    identity: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    publications: tuple[str, ...]
    """The publications that it receives, sorted."""
    enabled: bool
    """Whether it is running."""
    options: tuple[str, ...]
    """``name=value`` as ``CREATE SUBSCRIPTION`` names them; the connection string is redacted."""
    owner: str
    comment: str | None
