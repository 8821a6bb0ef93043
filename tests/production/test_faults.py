"""What goes wrong in a live database or on the way to it: no check passes that could not look, and a sentence says why."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from fix_network import proxy
from fix_production import ROLE, Production, production, undecided
from migration_audit.model.finding import CheckResult, Outcome

ROUNDS = int(os.environ.get("MIGRATION_AUDIT_FAULTS", "200")) // 5
"""Connections that are cut at a random byte; ``make faults`` sets the variable."""
SEED = int(os.environ.get("MIGRATION_AUDIT_SEED", "12"))
SYSTEM_TABLES = """
select nsp.nspname || '.' || rel.relname
  from pg_catalog.pg_class as rel
  join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
 where nsp.nspname in ('_timescaledb_catalog', '_timescaledb_config') and rel.relkind = 'r'
    or nsp.nspname = '_timescaledb_internal' and rel.relname like 'bgw_job_stat%' and rel.relkind = 'r'
 order by 1
"""
READ_OF_POSTGRES = ("pg_description", "pg_depend", "pg_policy", "pg_trigger", "pg_statistic_ext", "pg_init_privs")


@pytest.fixture(scope="module")
def prod(demo_variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    with production("prod", demo_variables, tmp_path_factory.mktemp("facts")) as made:
        yield made


@pytest.fixture(scope="module")
def whole(prod: Production) -> dict[str, CheckResult]:
    """The results when nothing is in the way."""
    return prod.results(prod.as_role())


@pytest.fixture(scope="module")
def tables(prod: Production) -> list[str]:
    with psycopg.connect(prod.conninfo) as connection:
        of_timescaledb = [row[0] for row in connection.execute(SYSTEM_TABLES.encode()).fetchall()]
    return [*of_timescaledb, *(f"pg_catalog.{name}" for name in READ_OF_POSTGRES)]


def reasons(results: dict[str, CheckResult], checks: set[str]) -> set[str]:
    return {results[check].unchecked or results[check].reason or "" for check in checks}


def without_findings_of(table: str, results: dict[str, CheckResult]) -> dict[str, CheckResult]:
    return {
        check: replace(result, findings=tuple(found for found in result.findings if table not in found.key))
        for check, result in results.items()
    }


def test_no_right_on_a_system_table(prod: Production, whole: dict[str, CheckResult], tables: list[str]) -> None:
    told = {}
    for table in tables:
        with psycopg.connect(prod.conninfo, autocommit=True) as connection:
            granted = connection.execute(
                "select pg_catalog.has_table_privilege('public', %s, 'select')", (table,)
            ).fetchone()
        if granted != (True,):
            continue
        prod.execute(f"revoke select on {table} from public")
        try:
            results = prod.results(prod.as_role())
        finally:
            prod.execute(f"grant select on {table} to public")
        # Whoever takes a right away changes the database, too: that finding is right.
        changed = undecided(without_findings_of(table, results), whole)
        told[table] = changed
        assert all("permission denied" in reason for reason in reasons(results, changed)), (table, reasons(results, changed))
    assert told["_timescaledb_catalog.dimension_slice"] == {"LIV004", "LIV007"}
    assert len(told["pg_catalog.pg_depend"]) > 20


def test_a_lock_on_a_system_table(prod: Production, whole: dict[str, CheckResult], tables: list[str]) -> None:
    prod.execute(f"alter role {ROLE} set lock_timeout = '100ms'")
    try:
        for table in tables:
            with psycopg.connect(prod.conninfo) as holder:
                holder.execute(f"lock table {table} in access exclusive mode".encode())
                results = prod.results(prod.as_role())
            changed = undecided(results, whole)
            if changed:
                assert all("lock timeout" in reason for reason in reasons(results, changed)), (table, changed)
    finally:
        prod.execute(f"alter role {ROLE} reset lock_timeout")


DENIED = {
    "no CONNECT": ("revoke connect on database trm_prod from public", "grant connect on database trm_prod to public"),
    "NOLOGIN": (f"alter role {ROLE} nologin", f"alter role {ROLE} login"),
    "no free connection": (f"alter role {ROLE} connection limit 0", f"alter role {ROLE} connection limit -1"),
    "an expired statement": (
        f"alter role {ROLE} set statement_timeout = '1ms'",
        f"alter role {ROLE} reset statement_timeout",
    ),
    "a setting of the role that fails": (
        f"alter role {ROLE} set search_path = nowhere",
        f"alter role {ROLE} reset search_path",
    ),
}


@pytest.mark.parametrize("fault", DENIED.values(), ids=DENIED)
def test_a_database_that_lets_nobody_in(fault: tuple[str, str], prod: Production, whole: dict[str, CheckResult]) -> None:
    do, undo = fault
    prod.execute(do)
    try:
        results = prod.results(prod.as_role())
    finally:
        prod.execute(undo)
    changed = undecided(results, whole)
    assert {results[check].outcome for check in changed if check.startswith("LIV")} <= {Outcome.ERRORED}


def test_a_connection_that_is_cut(prod: Production, whole: dict[str, CheckResult]) -> None:
    """At random bytes of the server's answers: everything, or nothing and a sentence."""
    with proxy(prod.as_role()) as way:
        assert prod.results(way.conninfo) == whole
        length = way.answered
    chosen = random.Random(SEED)  # which bytes is no secret
    ended = 0
    for _ in range(ROUNDS):
        after = chosen.randrange(length)
        with proxy(prod.as_role(), cut_after=after) as way:
            results = prod.results(way.conninfo)
        changed = undecided(results, whole)
        ended += bool(changed)
        assert all(results[check].reason for check in changed), after
    assert ended > ROUNDS // 2, "hardly a connection was cut: the test tests nothing"


def test_the_page_of_faults_is_that_of_the_suite() -> None:
    from refresh_faults import PAGE, page

    assert PAGE.read_text("utf-8") == page(), "write it anew: python tests/refresh_faults.py"
