"""Run the writer's statements on a shadow, as a role with the writer's rights and no others, and roll everything back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import psycopg
from psycopg import sql

from migration_audit import driver
from migration_audit.model.boot import Attempt
from migration_audit.model.identifiers import dotted
from migration_audit.model.preflight import ProbeResult
from migration_audit.model.privileges import NeededPrivilege, StatementNeeds
from migration_audit.project import Probe
from migration_audit.shadow.failures import is_servers_fault, server_error, server_faults

STAND_IN = "migration_audit_writer"
"""Plays the writer where audit.toml names no role."""
Looked = TypeVar("Looked")
_UPSERT = re.compile(r"\bon\s+conflict\b", re.IGNORECASE)
_SEQUENCES = """
select distinct pg_catalog.format('%%I.%%I', nsp.nspname, seq.relname)
  from pg_catalog.pg_attrdef as adf
  join pg_catalog.pg_depend as dep
    on dep.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and dep.objid = adf.oid
   and dep.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  join pg_catalog.pg_class as seq on seq.oid = dep.refobjid and seq.relkind = 'S'
  join pg_catalog.pg_namespace as nsp on nsp.oid = seq.relnamespace
 where adf.adrelid = %s::pg_catalog.regclass
 order by 1
"""


def run_probes(conninfo: str, probes: Iterable[Probe], *, writer_role: str | None) -> tuple[ProbeResult, ...]:
    """The result of each probe on the database, which is left as it was.

    Each probe runs in a transaction of its own: the role is made if it is not there, gets USAGE on the schemas, SELECT,
    INSERT and UPDATE on the tables and USAGE on the sequences (seed, Goal: "Processor exclusively does INSERT / SELECT /
    UPDATE"), the statement is explained (for the arbiter of its ON CONFLICT) and executed, and all of it is rolled back.
    Raises ServerError when the database cannot be reached, or the server fails.
    """
    with server_faults("the probes"), driver.connect(conninfo, application_name="migration-audit") as connection:
        return tuple(_run(connection, probe, probe.role or writer_role or STAND_IN) for probe in probes)


def _run(connection: psycopg.Connection[Any], probe: Probe, role: str) -> ProbeResult:
    error: str | None = None
    arbiters: tuple[str, ...] = ()
    try:
        _become_writer(connection, role)
        arbiters = tuple(sorted(set(_arbiters(_explain(connection, probe.sql)))))
        connection.execute(probe.sql.encode())
    except psycopg.Error as caught:
        error = " — ".join(filter(None, [_message(caught, connection, probe), caught.diag.message_hint]))
    connection.rollback()
    return ProbeResult(
        name=probe.name,
        sql=probe.sql,
        role=None if role == STAND_IN else role,
        error=error,
        arbiters=arbiters,
        expected_arbiter=probe.arbiter,
        where=str(probe.at),
    )


def _message(error: psycopg.Error, connection: psycopg.Connection[Any], probe: Probe) -> str:
    """Why the server refused a probe. Raises ServerError where the server is what failed."""
    if is_servers_fault(error, connection):
        raise server_error(error, what=f"the probe {probe.name}", where=str(probe.at)) from error
    return error.diag.message_primary or str(error).strip()


def _become_writer(connection: psycopg.Connection[Any], role: str) -> None:
    _make_role(connection, role)
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
            connection.execute(sql.SQL(grant).format(namespace, sql.Identifier(role)))
    _become(connection, role)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed(Generic[Looked]):
    """How the probes went, with which rights, and what the caller looked at meanwhile."""

    attempts: tuple[Attempt, ...]
    grants: dict[str, tuple[str, ...]]
    """The least rights that were granted, by role."""
    looked: Looked


def rehearse(
    conninfo: str,
    probes: Sequence[tuple[Probe, StatementNeeds]],
    *,
    role: str,
    least_rights: Collection[str] = (),
    look: Callable[[psycopg.Connection[Any]], Looked],
) -> Rehearsed[Looked]:
    """Run the probes one after the other as ``role`` and roll everything back, a role that was made here too.

    Roles in ``least_rights`` are granted what their probes need and no more; others have what they have. An upsert runs
    twice. ``look`` is called with the connection, as its own user, before the first probe. Raises ServerError when the
    server fails, psycopg.Error when the database cannot be reached.
    """
    grants: dict[str, tuple[str, ...]] = {}
    with driver.connect(conninfo, application_name="migration-audit") as connection:
        try:
            for each in dict.fromkeys([role, *(probe.role or role for probe, _ in probes)]):
                _make_role(connection, each)
                if each in least_rights:
                    own = [needs for probe, needs in probes if (probe.role or role) == each]
                    grants[each] = tuple(_grants(connection, each, own))
            looked = look(connection)
            attempts = tuple(_attempt(connection, probe, probe.role or role) for probe, _ in probes)
        finally:
            if not connection.closed:
                connection.rollback()
    return Rehearsed(attempts=attempts, grants=grants, looked=looked)


def _make_role(connection: psycopg.Connection[Any], role: str) -> None:
    known = connection.execute("select from pg_catalog.pg_roles where rolname = %s", [role]).fetchone()
    if known is None:
        connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))


def _grants(connection: psycopg.Connection[Any], role: str, needs: Iterable[StatementNeeds]) -> Iterator[str]:
    """Grant the least that the statements need, as far as their relations are there, and say each grant."""
    wanted: dict[str, set[str]] = {}
    for need in (need for each in needs for need in each.needs):
        found = _relation(connection, need)
        if found is not None:
            schema, relation = found
            wanted.setdefault(f"SCHEMA {schema}", set()).add("USAGE")
            wanted.setdefault(f"{schema}.{relation}", set()).add(need.privilege)
            if need.privilege == "INSERT":
                for (sequence,) in connection.execute(_SEQUENCES, [f"{schema}.{relation}"]).fetchall():
                    wanted.setdefault(f"SEQUENCE {sequence}", set()).add("USAGE")
    spelled = connection.execute("select pg_catalog.quote_ident(%s)", [role]).fetchone()
    grantee = spelled[0] if spelled else ""
    for what, privileges in wanted.items():
        grant = f"GRANT {', '.join(sorted(privileges))} ON {what} TO {grantee};"
        connection.execute(grant.encode())
        yield grant


def _relation(connection: psycopg.Connection[Any], need: NeededPrivilege) -> tuple[str, str] | None:
    """Schema and name as SQL spells them; None for what is not there: the probe will tell."""
    names = [need.schema, need.relation] if need.schema else [need.relation]
    row = connection.execute(
        "select pg_catalog.quote_ident(nsp.nspname), pg_catalog.quote_ident(rel.relname)"
        "  from pg_catalog.pg_class as rel join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace"
        " where rel.oid = pg_catalog.to_regclass(%s)",
        [sql.Identifier(*names).as_string(connection)],
    ).fetchone()
    return (row[0], row[1]) if row else None


def _attempt(connection: psycopg.Connection[Any], probe: Probe, role: str) -> Attempt:
    again: str | None = None
    try:
        with connection.transaction():
            _become(connection, role)
            rows = connection.execute(probe.sql.encode()).rowcount
            if _UPSERT.search(probe.sql):
                again = _again(connection, probe, role)
            connection.execute("reset role")
    except psycopg.Error as error:
        message = _message(error, connection, probe)
        return Attempt(name=probe.name, role=role, where=str(probe.at), error=message, sqlstate=error.sqlstate)
    return Attempt(name=probe.name, role=role, where=str(probe.at), rows=rows, again=again)


def _become(connection: psycopg.Connection[Any], role: str) -> None:
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))


def _again(connection: psycopg.Connection[Any], probe: Probe, role: str) -> str:
    """Run the upsert once more; what it did, or "" for nothing."""
    before = _contents(connection)
    _become(connection, role)
    rows = connection.execute(probe.sql.encode()).rowcount
    if rows == 0 or _contents(connection) == before:
        return ""
    return f"changes {rows} row{'' if rows == 1 else 's'}"


def _contents(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """A digest of every table that this transaction has touched, as the connection's own user."""
    connection.execute("reset role")
    tables = connection.execute(
        "select pg_catalog.format('%I.%I', schemaname, relname) from pg_catalog.pg_stat_xact_user_tables"
        " where n_tup_ins + n_tup_upd + n_tup_del > 0 order by 1"
    ).fetchall()
    found = {}
    for (table,) in tables:
        query = f"select pg_catalog.md5(pg_catalog.string_agg(r::text, '' order by r::text)) from {table} as r"  # noqa: S608
        row = connection.execute(query.encode()).fetchone()
        found[table] = str(row[0]) if row else ""
    return found
