"""What an audit does to a database: it reads, with the weakest lock, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from fix_demo import run_cli
from fix_production import Production, Watch, only_reads, production, watched
from migration_audit import workbook
from migration_audit.audit.audit import Audit
from migration_audit.model.finding import Phase

pytestmark = pytest.mark.slow

COUNTERS = """
select datname, tup_inserted, tup_updated, tup_deleted, temp_files, deadlocks, conflicts
  from pg_catalog.pg_stat_database where datname like 'trm%' order by datname
"""


@pytest.fixture(scope="module")
def prod(demo_variables: dict[str, str], demo_facts: Path) -> Iterator[Production]:
    with production("prod", demo_variables, demo_facts) as made:
        made.execute("grant select on all tables in schema public to auditor")  # LIV013 counts rows
        yield made


def state_of(prod: Production) -> tuple[Any, ...]:
    """Counters of the demo's databases, the next transaction's number, and whatever objects there are."""
    with psycopg.connect(prod.conninfo, autocommit=True) as connection:
        connection.execute(b"select pg_stat_force_next_flush()")
        counters = connection.execute(COUNTERS.encode()).fetchall()
        [xid] = connection.execute(b"select pg_snapshot_xmax(pg_current_snapshot())::text").fetchone() or ["?"]
        objects = connection.execute(b"select count(*), max(oid::int8) from pg_class").fetchall()
        return counters, xid, objects


def is_harmless(watch: Watch, before: tuple[Any, ...], prod: Production) -> None:
    only_reads(watch)
    assert state_of(prod) == before
    with psycopg.connect(prod.conninfo, autocommit=True) as connection:
        left = b"select count(*) from pg_stat_activity where application_name like 'migration-audit%%'"
        assert connection.execute(left).fetchone() == (0,)


@pytest.fixture
def quiet(demo_cluster: Any, prod: Production) -> Iterator[None]:
    """Nothing of the server's own runs meanwhile: its workers would write, too."""
    prod.execute(
        "alter system set autovacuum = off",
        "select _timescaledb_functions.stop_background_workers()",
        "select pg_reload_conf()",
    )
    yield
    prod.execute("alter system reset autovacuum", "select pg_reload_conf()")


COMMANDS = {
    "run": ("run", "--env", "prod", "--out", "{out}"),
    "snapshot": ("snapshot", "env:TRM_PROD_DSN", "-o", "{out}.json"),
    "compare": ("compare", "env:TRM_PROD_DSN", "env:TRM_STAGE_DSN"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_command_only_reads(
    command: tuple[str, ...], prod: Production, demo_cluster: Any, quiet: None, trm: Path, tmp_path: Path
) -> None:
    stage = prod.conninfo.replace("trm_prod", "trm_stage")
    variables = {"TRM_PROD_DSN": prod.as_role(), "TRM_STAGE_DSN": f"{stage} user='auditor'"}
    before = state_of(prod)
    with watched(demo_cluster) as watch:
        ran = run_cli(*(part.format(out=tmp_path / "out") for part in command), cwd=trm, **variables)
    assert ran.code in {0, 1}, ran.err
    is_harmless(watch, before, prod)
    assert watch.most_connections <= 2


def test_the_engine_of_a_notebook_only_reads(
    prod: Production, demo_cluster: Any, quiet: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(prod.variable, prod.as_role())
    audit = Audit(prod.project, environment=prod.project.environment("prod"), phase=Phase.PREFLIGHT, folder=None)
    before = state_of(prod)
    with watched(demo_cluster) as watch, workbook.engine(audit).connect() as connection:
        assert connection.execute(text("select count(*) from public.directus_collections")).scalar_one() > 0
        connection.commit()
    is_harmless(watch, before, prod)
    # What is refused asks for its lock first: not while locks are watched.
    with workbook.engine(audit).connect() as connection:
        for refused in ("create table public.x ()", "insert into public.positions default values"):
            with pytest.raises(DBAPIError, match="read-only"):
                connection.execute(text(refused))
            connection.rollback()
    assert state_of(prod) == before
