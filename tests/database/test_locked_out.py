"""SQL that locks the audit out, leaves a transaction open or hides a program: the statement is named, by file and line."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from fix_demo import run_cli
from migration_audit.model.errors import AuditError, ServerError
from migration_audit.shadow.apply import apply_sources
from migration_audit.sources import load_source

pytestmark = pytest.mark.server

LOCKS = {
    "a role without LOGIN": "alter role postgres nologin;",
    "put together at run time": "do $$ begin execute 'alter ro' || 'le postgres nologin'; end $$;",
    "in a transaction": "begin; alter role postgres nologin; commit;",
}


@pytest.mark.parametrize("name", LOCKS)
def test_sql_that_locks_the_audit_out_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.sql").write_text(f"create table t ();\n{LOCKS[name]}\nselect 1;\n")
    (tmp_path / "b.sql").write_text("create table t ();\n")
    ran = run_cli("compare", "a.sql", "b.sql", cwd=tmp_path)
    assert ran.code == 3
    line = "3: since a statement up to this one" if name == "put together at run time" else "2: since this statement"
    assert f"migration-audit: a.sql:{line} the audit cannot connect to the database any more: " in ran.err


def test_a_way_in_that_is_opened_again_is_no_lockout(database: str, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("alter role postgres nologin;\nselect 1;\nalter role postgres login;\n")
    applied = apply_sources(database, [load_source("o", [tmp_path / "a.sql"], shown_from=tmp_path)]).applied
    assert applied.failure is None


@pytest.mark.parametrize("end", ["prepare transaction 'x';", "PREPARE\nTRANSACTION 'x';"])
def test_a_transaction_that_is_left_open_is_refused_in_its_own_words(database: str, tmp_path: Path, end: str) -> None:
    (tmp_path / "a.sql").write_text(f"begin;\ncreate table t ();\n{end}\n")
    failure = apply_sources(database, [load_source("o", [tmp_path / "a.sql"], shown_from=tmp_path)]).applied.failure
    assert failure is not None
    assert str(failure.at) == "a.sql:3"
    assert "PREPARE TRANSACTION is about a transaction that outlives its session" in failure.message
    assert "temporary" not in failure.message


HIDDEN = {
    "a program": ("copy (select 1) to program ''id''", "runs a program on the server, or reads or writes a file"),
    "a program that is read": ("copy t from program ''id''", "runs a program on the server, or reads or writes a file"),
    "a file": ("copy (select 1) to ''/nowhere/x''", "runs a program on the server, or reads or writes a file"),
    "a function that reads": ("select pg_read_file(''/nowhere'')", "reads or writes a file of the server"),
    "a function that lists": ("select pg_ls_dir(''/nowhere'')", "reads or writes a file of the server"),
    "a large object": ("select lo_import(''/nowhere'')", "reads or writes a file of the server"),
    "a library": ("load ''/nowhere.so''", "loads a library into the server"),
    "dblink": ("select dblink_connect(''host=/nowhere'')", "connects to another server"),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_put_together_at_run_time_is_called_what_it_is(database: str, tmp_path: Path, name: str) -> None:
    statement, what = HIDDEN[name]
    first, rest = statement[:3], statement[3:]
    text = f"create table t (a text); create extension dblink;\n\ndo $$ begin execute '{first}' || '{rest}'; end $$;\n"
    (tmp_path / "a.sql").write_text(text)
    try:
        failure = apply_sources(database, [load_source("o", [tmp_path / "a.sql"], shown_from=tmp_path)]).applied.failure
    except AuditError as error:
        pytest.fail(str(error))
    assert failure is not None and str(failure.at) == "a.sql:3"
    assert failure.message.startswith(f"it {what}"), failure.message
    assert "which the audit lets no SQL do" in failure.message


def test_a_server_that_fails_is_still_no_fault_of_the_sql(database: str, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("do $$ begin raise exception using errcode = '58030', message = 'disk'; end $$;\n")
    with pytest.raises(ServerError, match=r"a\.sql:1: the server failed"):
        apply_sources(database, [load_source("o", [tmp_path / "a.sql"], shown_from=tmp_path)])


def test_an_unknown_service_in_the_environment_is_none_of_a_shadows(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSERVICE", "no_such_service")
    with pytest.raises(psycopg.OperationalError, match="no_such_service"):
        psycopg.connect(database)
    (tmp_path / "a.sql").write_text("create table t ();\n")
    ran = run_cli("compare", "a.sql", "a.sql", cwd=tmp_path)
    assert ran.code == 0, ran.err
