"""What goes wrong in a live database or on the way to it: no check passes that could not look, and a sentence says why."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fix_network import Fault, end, proxy, reset
from fix_outside import wait_until
from fix_production import ROLE, Production, production, undecided
from migration_audit.model.finding import CheckResult, Outcome

pytestmark = pytest.mark.slow

FAULTS = int(os.environ.get("MIGRATION_AUDIT_FAULTS", "200"))
"""How many at random, here and in ``test_random_kills.py``, which has one in 25; ``make faults`` sets the variable."""
KILLS_ARE, EACH = 25, 24
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
def prod(demo_variables: dict[str, str], demo_facts: Path) -> Iterator[Production]:
    with production("prod", demo_variables, demo_facts) as made:
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
    """The results without the findings about the table, and without those objects in what was looked up."""

    def without(result: CheckResult) -> CheckResult:
        rest = tuple(found for found in result.findings if table not in found.key)
        less = len(result.findings) - len(rest)
        reason = re.sub(r"(?<=looked up )\d+", lambda number: str(int(number[0]) - less), result.reason or "")
        return replace(result, findings=rest, reason=reason or None)

    return {check: without(result) for check, result in results.items()}


def test_no_right_on_a_system_table(prod: Production, whole: dict[str, CheckResult], tables: list[str]) -> None:
    reported = {}
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
        reported[table] = changed
        assert all("permission denied" in reason for reason in reasons(results, changed)), (table, reasons(results, changed))
    assert reported["_timescaledb_catalog.dimension_slice"] == {"LIV004", "LIV007"}
    assert len(reported["pg_catalog.pg_depend"]) > 20


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
def test_a_database_that_lets_no_one_in(fault: tuple[str, str], prod: Production, whole: dict[str, CheckResult]) -> None:
    do, undo = fault
    prod.execute(do)
    try:
        results = prod.results(prod.as_role())
    finally:
        prod.execute(undo)
    changed = undecided(results, whole)
    assert {results[check].outcome for check in changed if check.startswith("LIV")} <= {Outcome.ERRORED}


@pytest.fixture(scope="module")
def ways(prod: Production, demo_cluster: Any) -> dict[str, Callable[[socket.socket, int], bool]]:
    """What happens to a connection: it is truncated on the way, or the process at its other end ends."""

    def terminate(client: socket.socket, process: int) -> bool:
        prod.execute(f"select pg_catalog.pg_terminate_backend({process})")
        return not process

    def kill(client: socket.socket, process: int) -> bool:
        """All processes of a server begin anew when one of them is killed."""
        for number in numbers_outside(demo_cluster.directory, process):
            os.kill(number, signal.SIGKILL)
        return not process

    return {"reset": reset, "ended": end, "terminated": terminate, "killed": kill}


def numbers_outside(directory: Path, process: int) -> Iterator[int]:
    """The number, in our namespace, of a process that the server in that folder calls by another one."""
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            reported = dict(line.split(":", 1) for line in (each / "status").read_text("utf-8").splitlines())
            if int(reported["NSpid"].split()[-1]) == process:
                above = Path(f"/proc/{reported['PPid'].strip()}/cmdline").read_bytes().decode(errors="replace")
                if str(directory) in above:
                    yield int(each.name)


@pytest.mark.parametrize("seed", range(SEED, SEED + (FAULTS - FAULTS // KILLS_ARE) // EACH))
def test_connections_that_break(
    seed: int, prod: Production, whole: dict[str, CheckResult], ways: dict[str, Callable[[socket.socket, int], bool]]
) -> None:
    """At random bytes of the server's answers: everything, or nothing and a sentence."""
    with proxy(prod.as_role()) as way:
        assert prod.results(way.conninfo) == whole
    chosen = random.Random(seed)  # which bytes is no secret
    ended = cut = 0
    for _ in range(EACH):
        (how,) = chosen.choices(list(ways), weights=[12, 6, 5, 1])
        is_event = how in {"terminated", "killed"}  # an audit that connects again may see all
        (connection,) = chosen.choices(range(len(way.answered)), weights=way.answered)
        after = chosen.randrange(way.answered[connection])
        with proxy(prod.as_role(), fault=Fault(connection, after, ways[how], once=is_event)) as broken:
            results = prod.results(broken.conninfo)
        assert broken.happened or after > way.answered[connection] * 0.9, (how, connection, after)
        changed = undecided(results, whole)
        cut += not is_event
        ended += bool(changed) and not is_event
        assert all(results[check].reason for check in changed), (how, connection, after)
        wait_until(lambda: _sessions(prod) == 0)
    assert ended > cut // 2, "hardly a connection broke: the test tests nothing"


def _sessions(prod: Production) -> int | None:
    """How many of the audit's sessions the server has; None while it takes no connections."""
    try:
        with psycopg.connect(prod.conninfo) as connection:
            query = "select count(*) from pg_catalog.pg_stat_activity where application_name like 'migration-audit%%'"
            row = connection.execute(query.encode()).fetchone()
    except psycopg.OperationalError:
        return None
    return int(row[0]) if row else None


def test_the_page_of_faults_is_that_of_the_suite() -> None:
    from refresh_faults import PAGE, page

    assert PAGE.read_text("utf-8") == page(), "write it anew: python tests/refresh_faults.py"
