"""What hangs on a table or on the database's events: rules, extended statistics, event triggers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from migration_audit.model.identifiers import dotted
from migration_audit.model.objects import CatalogObject, shown_only


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteRule(CatalogObject):
    """A rewrite rule, other than the one that makes a view."""

    kind: ClassVar[str] = "rule"
    identity: ClassVar[tuple[str, ...]] = ("schema", "table", "name")

    schema: str
    table: str
    name: str
    definition: str
    enabled: str
    """``origin``, ``disabled``, ``replica`` or ``always``."""
    comment: str | None
    relation: str | None = shown_only()

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The table or view."""
        return (self.relation or "table", dotted(self.schema, self.table))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedStatistics(CatalogObject):
    """A statistics object over several columns or expressions of a table."""

    kind: ClassVar[str] = "extended statistics"
    identity: ClassVar[tuple[str, ...]] = ("schema", "name")

    schema: str
    name: str
    table: str
    """``schema.table``, quoted as a key."""
    definition: str
    """``pg_get_statisticsobjdef``: kinds, columns, expressions."""
    statistics: int | None
    """The target; None for the server's default."""
    owner: str
    comment: str | None
    relation: str | None = shown_only()

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The table or materialized view."""
        return (self.relation or "table", self.table)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTrigger(CatalogObject):
    """A trigger on DDL or on a login."""

    kind: ClassVar[str] = "event trigger"
    identity: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    event: str
    tags: tuple[str, ...]
    function: str
    enabled: str
    """``origin``, ``disabled``, ``replica`` or ``always``."""
    owner: str
    comment: str | None
