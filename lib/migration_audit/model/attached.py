"""What hangs on a table or on the database's events: rules, extended statistics, event triggers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from migration_audit.model.identifiers import dotted
from migration_audit.model.objects import CatalogObject, InSchema, OnTable, shown_only


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteRule(OnTable):
    """A rewrite rule, other than the one that makes a view."""

    kind: ClassVar[str] = "rule"

    definition: str
    """``pg_get_ruledef``: event, condition and commands."""
    enabled: str
    """``origin``, ``disabled``, ``replica`` or ``always``."""
    comment: str | None
    relation: str | None = shown_only()
    """The kind of what it is on: ``table`` or ``view``."""

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The table or view."""
        return (self.relation or "table", dotted(self.schema, self.table))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedStatistics(InSchema):
    """A statistics object over several columns or expressions of a table."""

    kind: ClassVar[str] = "extended statistics"

    table: str
    """Its table, ``schema.table``, quoted as in a key."""
    definition: str
    """``pg_get_statisticsobjdef``: kinds, columns, expressions."""
    statistics: int | None
    """The target; None for the server's default."""
    owner: str
    comment: str | None
    relation: str | None = shown_only()
    """The kind of what it is about: ``table`` or ``materialized view``."""

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
    """``ddl_command_start``, ``ddl_command_end``, ``sql_drop``, ``table_rewrite`` or ``login``."""
    tags: tuple[str, ...]
    """Commands that fire it, ``CREATE TABLE``, sorted; empty for every command."""
    function: str
    """The function that it calls, with argument types."""
    enabled: str
    """``origin``, ``disabled``, ``replica`` or ``always``."""
    owner: str
    comment: str | None
