"""Run the writer's statements on a shadow, as a role with the writer's rights and no others, and roll everything back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
from psycopg import sql

from migration_audit import driver
from migration_audit.model.identifiers import dotted
from migration_audit.model.preflight import ProbeResult
from migration_audit.project import Probe
from migration_audit.shadow.failures import is_servers_fault, server_error, server_faults

STAND_IN = "migration_audit_writer"
"""Plays the writer where audit.toml names no role."""


def run_probes(conninfo: str, probes: Iterable[Probe], *, writer_role: str | None) -> tuple[ProbeResult, ...]:
    """The result of each probe on the database, which is left as it was.

    Each probe runs in a transaction of its own: the role is made if it is not there, gets USAGE on the schemas, SELECT,
    INSERT and UPDATE on the tables and USAGE on the sequences (seed, Goal: "Processor exclusively does INSERT / SELECT /
    UPDATE"), the statement is explained (for the arbiter of its ON CONFLICT) and executed, and all of it is rolled back.
    Raises ServerError when the database cannot be reached, or the server fails.
    """
    with server_faults("the probes", "a shadow"), driver.connect(conninfo, application_name="migration-audit") as connection:
        return tuple(_run(connection, probe, probe.role or writer_role or STAND_IN) for probe in probes)


def _run(connection: psycopg.Connection[Any], probe: Probe, role: str) -> ProbeResult:
    error: str | None = None
    arbiters: tuple[str, ...] = ()
    try:
        _become_writer(connection, role)
        arbiters = tuple(sorted(set(_arbiters(_explain(connection, probe.sql)))))
        connection.execute(probe.sql.encode())
    except psycopg.Error as caught:
        if is_servers_fault(caught, connection):
            raise server_error(caught, what=f"the probe {probe.name}", where=str(probe.at)) from caught
        error = _message(caught)
    connection.rollback()
    return ProbeResult(
        name=probe.name,
        sql=probe.sql,
        role=probe.role or writer_or_none(role),
        error=error,
        arbiters=arbiters,
        expected_arbiter=probe.arbiter,
        where=str(probe.at),
    )


def writer_or_none(role: str) -> str | None:
    """The role's name for the report; None for the stand-in."""
    return None if role == STAND_IN else role


def _become_writer(connection: psycopg.Connection[Any], role: str) -> None:
    known = connection.execute("select from pg_catalog.pg_roles where rolname = %s", [role]).fetchone()
    name = sql.Identifier(role)
    if known is None:
        connection.execute(sql.SQL("create role {} nologin").format(name))
    schemas = connection.execute(
        "select nspname from pg_catalog.pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'"
        " and nspname !~ '^_?timescaledb_'"
    ).fetchall()
    for (schema,) in schemas:
        namespace = sql.Identifier(schema)
        for grant in (
            "grant usage on schema {} to {}",
            "grant select, insert, update on all tables in schema {} to {}",
            "grant usage on all sequences in schema {} to {}",
        ):
            connection.execute(sql.SQL(grant).format(namespace, name))
    connection.execute(sql.SQL("set local role {}").format(name))


def _explain(connection: psycopg.Connection[Any], statement: str) -> Any:
    row = connection.execute(b"explain (format json, verbose, costs off) " + statement.encode()).fetchone()
    plan = row[0] if row else "[]"
    return json.loads(plan) if isinstance(plan, str) else plan


def _arbiters(plan: Any) -> Iterator[str]:
    """Every index that the plan names as an arbiter; an index lives in the schema of its table."""
    if isinstance(plan, list):
        for node in plan:
            yield from _arbiters(node)
    elif isinstance(plan, dict):
        for name in plan.get("Conflict Arbiter Indexes", []):
            yield dotted(plan.get("Schema", "public"), name)
        for child in plan.values():
            if isinstance(child, list | dict):
                yield from _arbiters(child)


def _message(error: psycopg.Error) -> str:
    diagnostic = error.diag
    parts = [diagnostic.message_primary or str(error).strip()]
    if diagnostic.message_hint:
        parts.append(diagnostic.message_hint)
    return " — ".join(parts)
