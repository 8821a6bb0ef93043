"""Statements of Directus, and PostgreSQL's refusal of one."""

from __future__ import annotations

from dataclasses import dataclass

from migration_audit.directus.js import JsError


class PgError(JsError):
    """A statement that PostgreSQL refuses: the transaction is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectusStatement:
    """One statement that changes the schema."""

    verb: str
    """``drop table``, ``create table``, ``drop column``, ``add column``, ``alter column``, ``drop constraint``,
    ``add constraint``, ``create index``, ``drop index``."""
    table: str
    name: str = ""
    """The column, constraint or index."""
    sql: str

    def __str__(self) -> str:
        """``DROP COLUMN devices.model``."""
        return f"{self.verb.upper()} {self.table}.{self.name}" if self.name else f"{self.verb.upper()} {self.table}"


def knex_name(name: str) -> str:
    """The name as knex writes it: without white space around it.

    Raises PgError where knex takes a dot for that between a schema and a table, and `` as `` for that before an alias.
    """
    if "." in name or " as " in name.lower():
        raise PgError(f'knex takes "{name}" apart: syntax error, or schema "{name.partition(".")[0]}" does not exist')
    return name.strip()


def tag_of(verb: str) -> str:
    """The command tag by which event triggers are filtered."""
    own = {"drop table", "create table", "create index", "drop index"}
    return verb.upper() if verb in own else "ALTER TABLE"
