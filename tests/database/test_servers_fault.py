"""A server that fails nothing is known about the SQL: the checks of it could not be asked, and did not fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fix_clusters import started_here
from fix_demo import run_cli
from migration_audit.audit.audit import Audit
from migration_audit.audit.preflight.shadows import build_shadow
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
    "a session that was ended in a way that no text shows": "do $$ begin perform lose(); end $$;",
}
SQLS = {
    "a session that it ends": KILLED,
    "a session that it ends in a transaction": f"begin; create table u (); {KILLED} commit;",
    "a session that it ends in a block": f"do $$ begin execute '{KILLED}'; end $$;",
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
    body = "begin execute 'select pg_term' || 'inate_backend(pg_backend_pid())'; return true; end"
    lose = f"create function lose() returns bool language plpgsql as $f$ {body} $f$"
    (tmp_path / "a.sql").write_text(f"create table t (); {lose};\n{SERVERS[name]}\n")
    with pytest.raises(ServerError, match=r"a\.sql:2: the server failed .* nothing is known about the SQL"):
        apply_sources(database, [load_source("owner", [tmp_path / "a.sql"], shown_from=tmp_path)])


@pytest.mark.parametrize("name", SQLS)
def test_the_sql_failed(database: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "a.sql").write_text(f"create table t ();\n{SQLS[name]}\n")
    ran = apply_sources(database, [load_source("owner", [tmp_path / "a.sql"], shown_from=tmp_path)])
    assert ran.applied.failure is not None
    assert str(ran.applied.failure.at) == "a.sql:2"
    assert ("it ends its own session" in ran.applied.failure.message) is ("ends" in name)


def test_its_checks_are_errored_and_the_verdict_is_incomplete(tmp_path: Path) -> None:
    (tmp_path / "legacy.sql").write_text("create table if not exists t (i int);\n")
    (tmp_path / "owner.sql").write_text(f"create table if not exists t (i int);\n{RAISED.format('57P01')}\n")
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
    assert failed == []


WRITES = [
    "update pg_index set indisvalid = false",
    "update pg_catalog.pg_class set relnatts = 99 where relname = 't'",
    "update pg_class set relowner = 424242",
    "delete from pg_attribute where attname = 'i'",
    "update pg_type set typlen = -2 where typname = 'int4'",
    "delete from pg_proc where proname = 'int4in'",
    "update pg_proc set pronamespace = 12345 where proname = 'lose'",
    "delete from only pg_class where relname = 'pg_depend'",
    "delete from pg_am",
    "delete from pg_operator",
    "do $$ begin execute 'delete from pg_operator'; end $$",
    "merge into pg_class as c using (select 1) as x on relname = 't' when matched then update set relnatts = 99",
]


@pytest.fixture(scope="module")
def private(server: Any) -> Any:
    with started_here(server).cluster() as cluster:
        yield cluster


@pytest.mark.parametrize("text", WRITES)
def test_sql_that_wrote_the_system_catalog_is_named(private: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "a.sql").write_text(
        f"create function lose() returns int language sql as 'select 1';\ncreate table t (i int primary key);\n{text};\n"
    )
    source = load_source("owner", [tmp_path / "a.sql"], shown_from=tmp_path)
    try:
        with pytest.raises(
            ServerError, match=r"^a\.sql:3: SQL wrote the system catalog directly \(\w+( \w+)? pg_\w+\), and"
        ):
            build_shadow(private, f"written{len(text)}", [source], watched_as="owner")
    finally:
        private.drop_database(f"written{len(text)}")


PUT_TOGETHER = [
    "delete from pg_pr' || 'oc where proname = ''int4in''",
    "update pg_cl' || 'ass set relnatts = 9 where relname = ''t''",
]


@pytest.mark.parametrize("text", PUT_TOGETHER)
def test_sql_that_may_have_written_the_system_catalog_is_named(private: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "a.sql").write_text(f"create table t ();\ndo $$ begin execute '{text}'; end $$;\n")
    source = load_source("owner", [tmp_path / "a.sql"], shown_from=tmp_path)
    try:
        with pytest.raises(ServerError, match="put together at run time may have written the system catalog"):
            build_shadow(private, "written", [source], watched_as="owner")
    finally:
        private.drop_database("written")


def test_what_pg_dump_makes_of_a_written_catalog_is_no_fault_of_the_parser(tmp_path: Path) -> None:
    text = "create table t (a int, b text default 5);\nupdate pg_attribute set atttypid = 999999 where attname = 'b';\n"
    (tmp_path / "a.sql").write_text(text)
    ran = run_cli("compare", "a.sql", "a.sql", cwd=tmp_path)
    assert ran.code == 3
    assert "a.sql:2: SQL wrote the system catalog directly (UPDATE pg_attribute), and then this failed: " in ran.err
