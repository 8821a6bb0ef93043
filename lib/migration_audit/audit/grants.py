"""Which rights the auditing role needs, by what is read with them and which checks cannot decide without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from migration_audit.audit.facts.types import fact_types
from migration_audit.checks import ALL
from migration_audit.model.identifiers import as_comment, sql_name
from migration_audit.project import Project

_FOLLOWS: Final = {"directus_live": ("directus_boots",), "live": ("live_drift", "excluded")}
"""Inputs of checks that are computed from a fact."""

_DIRECTUS_TABLES: Final = ("directus_collections", "directus_fields", "directus_relations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A right, and what depends on it."""

    sql: str
    """A statement, or several; a comment where the object is only known when the audit has run."""
    reads: str
    """What is read with it."""
    checks: tuple[str, ...]
    """Checks that cannot decide without it; they are "could not check" then, never passed."""
    when: str | None = None
    """The case in which it is needed; None where the audit always reads it."""


def grants_for(project: Project, *, role: str) -> tuple[Grant, ...]:
    """The smallest rights of ``role`` with which every check of this audit.toml can decide, in the order to grant them.

    Names of databases differ by environment: the one to connect to is written as a placeholder of psql where none is pinned.
    """
    return tuple(_grants(project, sql_name(role)))


def _grants(project: Project, role: str) -> Iterator[Grant]:
    pinned = sorted({e.database for e in project.environments if e.database})
    names = [sql_name(name) for name in pinned] or [':"DBNAME"']
    yield Grant(
        sql="\n".join(f"GRANT CONNECT ON DATABASE {name} TO {role};" for name in names),
        reads="the whole catalog, privileges and TimescaleDB's settings: PostgreSQL shows them to every role",
        checks=_checks(*fact_types("environment")),
    )
    for side, fact in (("owner", "owner_ledger"), ("legacy", "legacy_ledger")):
        ledger = getattr(project, side).ledger
        if ledger is not None:
            yield Grant(
                sql=_select(ledger.schema, (ledger.table,), role),
                reads=f"the ledger of {getattr(project, side).name}: which files its runner applied",
                checks=_checks(fact),
            )
    if project.snapshot is not None:
        yield Grant(
            sql=_select("public", _DIRECTUS_TABLES, role),
            reads="what Directus recorded: its collections, fields and relations",
            checks=_checks("directus_live") + (("SNAP009",) if project.snapshot.rehearse else ()),
        )
        if project.snapshot.rehearse:
            yield Grant(
                sql=_select("public", ("directus_migrations",), role),
                reads="version and name of each of Directus's own migrations, by which bootstrap decides what to do",
                checks=("SNAP009",),
            )
        yield Grant(
            sql=as_comment(f"GRANT SELECT ON … TO {role};  (the tables of the collections in the snapshot)"),
            reads="whether such a table has a row; no value is read",
            checks=_checks("directus_live"),
            when="schema apply would alter columns, and existing rows decide whether it succeeds",
        )
    yield Grant(
        sql=as_comment(f"GRANT SELECT ON … TO {role};  (LIV013 names the table)"),
        reads="how many rows prevent it; only numbers leave the server",
        checks=_checks("obstacles"),
        when="a unique index, a unique constraint or a NOT NULL of the owner's SQL is missing in the database",
    )
    yield Grant(
        sql=as_comment(f"GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO {role};"),
        reads="the system identifier of the server, which distinguishes two servers",
        checks=("LIV001",),
        when="this right was revoked from PUBLIC, and audit.toml pins system_identifier",
    )
    yield Grant(
        sql="-- no GRANT gives it: the owner of the foreign server or a superuser must run the audit",
        reads="options of user mappings and the connection of subscriptions",
        checks=("LIV014",),
        when="the database has a user mapping or a subscription",
    )


def _select(schema: str, tables: tuple[str, ...], role: str) -> str:
    named = ", ".join(sql_name(schema, table) for table in tables)
    return f"GRANT USAGE ON SCHEMA {sql_name(schema)} TO {role};\nGRANT SELECT ON {named} TO {role};"


def _checks(*facts: str) -> tuple[str, ...]:
    """The checks that ask for one of these facts, or for what is computed from it."""
    asked = {*facts, *(name for fact in facts for name in _FOLLOWS.get(fact, ()))}
    return tuple(check.id for check in ALL if not asked.isdisjoint(check.inputs))


def as_sql(grants: tuple[Grant, ...]) -> str:
    """A script for psql: each right with what is read, and what is unknown without it."""
    always = [grant for grant in grants if grant.when is None]
    cases = [grant for grant in grants if grant.when is not None]
    parts = ["-- For full evidence. Where a right is missing, the checks in its comment end as could not check."]
    parts += [f"{as_comment(one.reads)}\n-- without: {', '.join(one.checks)}\n{one.sql}" for one in always]
    parts.append("-- Only in these cases:")
    parts += [f"{as_comment(f'{one.when}: {one.reads}')}\n-- without: {', '.join(one.checks)}\n{one.sql}" for one in cases]
    return "\n\n".join(parts) + "\n"
