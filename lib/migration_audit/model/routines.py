"""Extensions, schemas, functions, types, triggers, policies, rules, extended statistics and event triggers."""

from __future__ import annotations

from dataclasses import dataclass

from migration_audit.model.objects import ByArguments, InSchema, Key, Named, OnTable, OnTableOrView, shown_only


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension(Named, kind="extension"):
    """An installed extension; its members are its own business."""

    schema: str
    """Where its objects are."""
    version: str
    """The installed version."""
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema(Named, kind="schema"):
    """A schema (namespace)."""

    owner: str
    privileges: tuple[str, ...]
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Routine(ByArguments, kind="function"):
    """A function, procedure, window function or trigger function."""

    definition: str
    """``pg_get_functiondef``: language, result, volatility, cost, settings, security, body."""
    owner: str
    privileges: tuple[str, ...]
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserType(InSchema, kind="type"):
    """An enum, domain, composite, range, base or shell type."""

    category: str
    """``enum``, ``domain``, ``composite``, ``range``, ``base``, or ``shell`` for one that is only announced."""
    definition: tuple[str, ...]
    """Enum: labels in order. Composite: ``name type`` in order. Domain: base type, then NOT NULL, DEFAULT, COLLATE,
    and each constraint by name. Range: subtype, operator class, collation, functions. Base: functions, length, alignment
    and what else ``CREATE TYPE`` names. Shell: nothing."""
    owner: str
    privileges: tuple[str, ...]
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger(OnTableOrView, kind="trigger"):
    """A trigger that a user made: not one of a constraint, nor one that TimescaleDB keeps on its hypertables."""

    definition: str
    """``pg_get_triggerdef``: when, on which events, for each row or statement, WHEN, and the function."""
    enabled: str
    """``origin``, ``disabled``, ``replica`` or ``always``."""
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPolicy(OnTable, kind="policy"):
    """A row-security policy."""

    command: str
    """The command that it is about: ``select``, …, or ``all``."""
    permissive: bool
    """True: one such policy that allows a row is enough. False: every one has to."""
    roles: tuple[str, ...]
    """Whom it is for, sorted; ``PUBLIC`` for every role."""
    using: str | None
    """The condition on rows that are there; None without one."""
    check: str | None
    """The condition on rows that are written; None without one."""
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteRule(OnTableOrView, kind="rule"):
    """A rewrite rule, other than the one that makes a view."""

    definition: str
    """``pg_get_ruledef``: event, condition and commands."""
    enabled: str
    """``origin``, ``disabled``, ``replica`` or ``always``."""
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedStatistics(InSchema, kind="extended statistics"):
    """A statistics object over several columns or expressions of a table."""

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
    def belongs_to(self) -> Key:
        """The table or materialized view."""
        return (self.relation or "table", self.table)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTrigger(Named, kind="event trigger"):
    """A trigger on DDL or on a login."""

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
