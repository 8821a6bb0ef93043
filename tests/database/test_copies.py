"""What follows a source is applied to a copy of its database, and gives what it gives on a server of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fix_demo import SMALL, project_of
from migration_audit.audit.preflight.preflight import run_preflight
from migration_audit.compare import Rules
from migration_audit.model.snapshot import Snapshot
from migration_audit.shadow.prepared import CopiedDatabase

pytestmark = pytest.mark.server

COPIED = {
    "a table": "create table t (id int generated always as identity); insert into t default values",
    "a role with rights": "create role one; create table t (); grant select on t to one; alter table t owner to one",
    "members": "create role one; create role two; grant one to two",
    "a large object": "select pg_catalog.lo_from_bytea(0, 'x')",
}
_OF_DATABASE = "do $$ begin execute format('{}', current_database()); end $$"
NOT_COPIED = {
    "a setting of the database": _OF_DATABASE.format("alter database %I set work_mem = 99"),
    "its comment": _OF_DATABASE.format("comment on database %I is ''x''"),
    "its rights": _OF_DATABASE.format("revoke temp on database %I from public"),
    "its limit": _OF_DATABASE.format("alter database %I connection limit 7"),
    "a setting of a role": "create role one; alter role one set work_mem = 99",
    "another database": "create database more",
    "a slot": "select pg_catalog.pg_create_logical_replication_slot('s', 'pgoutput')",
    "a subscription": "create subscription s connection 'host=nowhere' publication p with (connect = false)",
    "a comment on a role": "create role one; comment on role one is 'x'",
}


@pytest.fixture
def first(server: Any) -> Iterator[CopiedDatabase]:
    with server.cluster() as cluster:
        yield CopiedDatabase(cluster, "alone")


def execute(conninfo: str, text: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in [text] if text.startswith("do ") else text.split("; "):
            connection.execute(statement.encode())


@pytest.mark.parametrize("name", [*COPIED, *NOT_COPIED])
def test_what_the_server_keeps_about_a_database_is_not_in_a_copy(first: CopiedDatabase, name: str) -> None:
    execute(first.conninfo, (COPIED | NOT_COPIED)[name])
    first.keep(whole=True)
    assert (first.copy("one") is not None, first.copy("two") is not None) == ((name in COPIED,) * 2)


UNDONE = {
    "create role late": "drop role late",
    "alter database alone set work_mem = 99": "alter database alone reset work_mem",
    "create database late": "drop database late",
}


@pytest.mark.parametrize("change", UNDONE)
def test_there_is_none_once_the_server_has_changed(first: CopiedDatabase, change: str) -> None:
    first.keep(whole=True)
    copy = first.copy("before")
    assert copy is not None
    execute(copy, change)
    assert first.copy("after") is None
    execute(copy, UNDONE[change])
    assert first.copy("once more") is None


def test_there_is_none_before_it_is_known_what_was_applied(first: CopiedDatabase) -> None:
    first.keep(whole=False)
    assert first.copy("one") is None
    first.keep(whole=True)
    assert first.copy("two") is None


def test_there_is_none_of_a_database_that_is_in_use(first: CopiedDatabase) -> None:
    first.keep(whole=True)
    with psycopg.connect(first.conninfo):
        assert first.copy("one") is None
    assert first.copy("two") is None, "what asked for the first has gone on in the database itself"


def test_on_a_server_of_others_there_is_none(cluster: Any) -> None:
    class Shared:
        is_private = False
        create_database = cluster.create_database

    first = CopiedDatabase(Shared(), "copied_shared")  # type: ignore[arg-type]
    first.keep(whole=True)
    assert first.copy("copied_more") is None
    cluster.drop_database("copied_shared")


HISTORIES = {
    "nothing else": ("create table t (id int primary key);", "create table t (id int primary key);"),
    "roles that both take for granted": (
        "create table t (id int); grant select on t to reader;",
        "create table if not exists t (id int, more int); grant all on t to writer; alter table t owner to reader;",
    ),
    "a role that each makes": (
        "do $$ begin create role app; exception when duplicate_object then raise warning 'there'; end $$;",
        "create role app; create table if not exists t ();",
    ),
    "a legacy that fails": ("create table t (id int); select nowhere;", "create table t (id int);"),
    "an owner that fails": ("create table t (id int);", "create table t (id int); select nowhere;"),
    "an owner that needs what the legacy makes": (
        "create table t (id int);",
        "alter table if exists t add more int; create table if not exists t (id int);",
    ),
    "a second time that fails": ("create table if not exists t (id int);", "create table u (id int);"),
    "a setting of the database": (
        'alter database :"DBNAME" set work_mem = 99; create table if not exists t ();',
        "create table if not exists t ();",
    ),
    "hypertables": (
        "create extension timescaledb; create table t (ts timestamptz not null); select create_hypertable('t', 'ts');",
        """create extension if not exists timescaledb; create table if not exists t (ts timestamptz not null, v int);
        select create_hypertable('t', 'ts', if_not_exists => true); select set_chunk_time_interval('t', interval '1d');""",
    ),
    "extensions, an owner who lacks a role and a table": (
        "create extension if not exists postgis; create role app; create table t (at geometry); grant all on t to app;",
        "create extension if not exists postgis;",
    ),
}


def _timeless(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Without the time at which a server was started, which is another one each time."""
    return {
        name: replace(fact, server=replace(fact.server, started_at="")) if isinstance(fact, Snapshot) else fact
        for name, fact in facts.items()
    }


@pytest.mark.parametrize("name", HISTORIES)
def test_every_fact_is_what_it_is_without_copies(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for side, text in zip(("legacy", "owner"), HISTORIES[name], strict=True):
        (tmp_path / side).mkdir()
        (tmp_path / side / "0001.sql").write_text(text + "\n", "utf-8")
    (tmp_path / "audit.toml").write_text(SMALL, "utf-8")
    copied = []
    copy = CopiedDatabase.copy

    def watched(self: CopiedDatabase, database: str) -> str | None:
        copied.append(found := copy(self, database))
        return found

    monkeypatch.setattr(CopiedDatabase, "copy", watched)
    project = project_of(tmp_path)
    with_copies = _timeless(run_preflight(project, rules=Rules(), progress=lambda _: None))
    monkeypatch.setattr(CopiedDatabase, "copy", lambda *_: None)
    assert any(copied) or "fails" in name or "setting" in name
    assert with_copies == _timeless(run_preflight(project, rules=Rules(), progress=lambda _: None))
