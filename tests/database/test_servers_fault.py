"""A server that fails nothing is known about the SQL: the checks of it could not be asked, and did not fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migration_audit.audit.audit import Audit
from migration_audit.model.errors import ServerError
from migration_audit.model.finding import Outcome, Phase
from migration_audit.project import load_project
from migration_audit.shadow.apply import apply_sources
from migration_audit.sources import load_source

pytestmark = pytest.mark.server

RAISED = "do $$ begin raise exception 'x' using errcode = '{}'; end $$;"
KILLED = "select pg_terminate_backend(pg_backend_pid());"
SERVERS = {
    "no room on the disk": RAISED.format("53100"),
    "out of memory": RAISED.format("53200"),
    "shutdown": RAISED.format("57P01"),
    "an error of the disk": RAISED.format("58030"),
    "an internal error": RAISED.format("XX000"),
    "a lost connection": RAISED.format("08006"),
    "a session that was ended": KILLED,
    "a session that was ended within a transaction": f"begin; create table u (); {KILLED} commit;",
}
SQLS = {
    "a syntax error": "create tabel x ();",
    "a missing table": "select * from nowhere;",
    "a cancelled statement": "set statement_timeout = 1; select pg_sleep(5);",
    "an error of its own": RAISED.format("P0001"),
}


@pytest.fixture
def database(cluster: Any) -> Any:
    yield cluster.create_database("servers_fault")
    cluster.drop_database("servers_fault")


@pytest.mark.parametrize("name", SERVERS)
def test_the_server_failed(database: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "a.sql").write_text(f"create table t ();\n{SERVERS[name]}\n")
    with pytest.raises(ServerError, match=r"a\.sql:2: the server failed .* nothing is known about the SQL"):
        apply_sources(database, [load_source("owner", [tmp_path / "a.sql"], shown_from=tmp_path)])


@pytest.mark.parametrize("name", SQLS)
def test_the_sql_failed(database: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "a.sql").write_text(f"create table t ();\n{SQLS[name]}\n")
    ran = apply_sources(database, [load_source("owner", [tmp_path / "a.sql"], shown_from=tmp_path)])
    assert ran.applied.failure is not None


def test_its_checks_are_errored_and_the_verdict_is_incomplete(tmp_path: Path) -> None:
    (tmp_path / "legacy.sql").write_text("create table if not exists t (i int);\n")
    (tmp_path / "owner.sql").write_text(f"create table if not exists t (i int);\n{KILLED}\n")
    (tmp_path / "audit.toml").write_text(
        '[project]\nname = "x"\n[legacy]\nsql = ["legacy.sql"]\n[owner]\nsql = ["owner.sql"]\n'
        '[environments.dev]\ndsn_env = "NOT_SET"\n'
    )
    audit = Audit(load_project(tmp_path / "audit.toml"), environment=None, phase=Phase.PREFLIGHT, folder=None)
    results = {result.id: result for result in audit.shared_results}
    for name in ("SQL002", "SQL003", "COV001", "COV002", "COV003", "COV011"):
        assert results[name].outcome is Outcome.ERRORED, results[name]
        assert "the server failed" in str(results[name].reason)
    failed = [name for name, result in results.items() if result.outcome is Outcome.FAILED]
    assert failed == ["SQL008"]  # which names the statement that ends sessions
