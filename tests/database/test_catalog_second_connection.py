"""A large catalog is read with two connections that see one instant; where there is no second one, with one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from fix_ways import pooled, standby_of
from migration_audit.catalog import CatalogReading, open_connection, read_snapshot, reader, second_connection
from migration_audit.catalog.connection import ReadingConnection
from migration_audit.catalog.features import Features, read_features
from migration_audit.catalog.second_connection import CONNECTIONS_VARIABLE
from migration_audit.model.errors import DatabaseError

pytestmark = [pytest.mark.server, pytest.mark.timescale]

SCHEMA = """
create extension timescaledb; create schema "Odd";
create table "Odd".devices (id bigint primary key, name text unique, check (id > 0));
create table positions (device bigint not null references "Odd".devices, ts timestamptz not null, v float8);
select create_hypertable('positions', 'ts');
create unique index on positions (device, ts desc) where v > 1; comment on index "Odd".devices_pkey is 'key';
create table spare (id int); create index spare_id on spare (id);
"""


def build(conninfo: str, *statements: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.fixture
def schema(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with hypertables and everything that the second connection reads, which counts as large."""

    def large(connection: psycopg.Connection[Any]) -> Features:
        return replace(read_features(connection), is_large=True)

    monkeypatch.setattr(reader, "read_features", large)
    build(database, SCHEMA)
    return database


class Second:
    """What happened to second connections: each that was opened, and whether what it read was used."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.opened: list[ReadingConnection] = []
        self.used: list[bool] = []
        self.before: Callable[[], object] = lambda: None
        self.then: Callable[[ReadingConnection], object] = lambda _: None

        def opening(*arguments: Any, **options: Any) -> ReadingConnection:
            self.before()
            self.opened.append(connection := open_connection(*arguments, **options))
            self.then(connection)
            return connection

        class Watched(second_connection._Second):
            def cursors(there) -> Any:  # noqa: N805
                there.join()  # it is opened at its own pace
                self.used.append((found := super().cursors()) is not None)
                return found

        patch.setattr(second_connection, "open_connection", opening)
        patch.setattr(second_connection, "_Second", Watched)


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> Iterator[Second]:
    made = Second(monkeypatch)
    yield made
    assert all(connection.closed for connection in made.opened)


def alone(conninfo: str) -> CatalogReading:
    return read_snapshot(conninfo)


def test_two_connections_read_what_one_reads(schema: str, second: Second) -> None:
    assert read_snapshot(schema, is_shared=True) == alone(schema)
    assert second.used == [True]


def test_they_see_one_instant(schema: str, second: Second) -> None:
    before = alone(schema)
    second.before = lambda: build(schema, "create table late (id int primary key); create index on spare (id)")
    assert read_snapshot(schema, is_shared=True) == before
    assert second.used == [True]


def test_what_is_dropped_before_the_second_reads_is_read_again(schema: str, second: Second) -> None:
    drops = iter(["drop index spare_id"])
    second.before = lambda: build(schema, *drops)
    found = read_snapshot(schema, is_shared=True)
    assert ("index", "public.spare_id") not in found.snapshot.by_key
    assert found == alone(schema)
    assert second.used[-1]
    assert len(second.opened) == 2


def test_a_small_catalog_is_read_with_one(database: str, second: Second) -> None:
    build(database, "create table t (id int)")
    assert read_snapshot(database, is_shared=True) == alone(database)
    assert second.opened == []


def test_who_asks_for_one_gets_one(schema: str, second: Second, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONNECTIONS_VARIABLE, "1")
    assert read_snapshot(schema, is_shared=True) == alone(schema)
    assert second.opened == []


@pytest.mark.parametrize(("pool_mode", "size"), [("session", 5), ("transaction", 5), ("transaction", 1)])
def test_a_pooler_gets_one(pool_mode: str, size: int, schema: str, second: Second, pgbouncer: Path) -> None:
    with pooled(pgbouncer, schema, pool_mode=pool_mode, role="postgres", size=size) as conninfo:
        assert read_snapshot(conninfo, is_shared=True) == alone(schema)
    assert second.opened == []


@pytest.mark.slow
def test_a_standby_gets_one(schema: str, second: Second, server: Any, cluster: Any) -> None:
    with standby_of(server, cluster, schema) as conninfo:
        assert read_snapshot(conninfo, is_shared=True) == alone(conninfo)
    assert second.opened == []


def test_a_role_with_one_connection_reads_alone(schema: str, second: Second) -> None:
    build(schema, "create role lonely login connection limit 1")
    conninfo = make_conninfo(schema, user="lonely")
    try:
        assert read_snapshot(conninfo, is_shared=True) == alone(conninfo)
    finally:
        build(schema, "drop role lonely")
    assert (second.opened, second.used) == ([], [False])


def test_a_role_with_one_connection_reads_again_at_once(database: str) -> None:
    """The process of a connection ends after its client has gone, and counts against the limit until then."""
    build(database, "create role single login connection limit 1")
    conninfo = make_conninfo(database, user="single")
    try:
        first = open_connection(conninfo)
        closing = threading.Timer(0.3, first.close)
        closing.start()
        with open_connection(conninfo) as again:
            assert again.info.user == "single"
        closing.join()
        with open_connection(conninfo), pytest.raises(DatabaseError, match="too many connections for role") as failure:
            open_connection(conninfo)
        assert "try again later" in str(failure.value.todo)
    finally:
        build(database, "drop role single")


def test_a_role_that_may_not_export_reads_alone_in_a_new_transaction(schema: str, second: Second) -> None:
    build(schema, "create role plain login; revoke execute on function pg_export_snapshot() from public")
    conninfo = make_conninfo(schema, user="plain")
    try:
        assert read_snapshot(conninfo, is_shared=True) == alone(conninfo)
    finally:
        build(schema, "drop role plain")
    assert second.opened == []


def test_another_server_behind_the_same_address_is_not_used(
    schema: str, second: Second, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        second_connection, "_SAME", second_connection._SAME.replace("pg_catalog.current_database()", "'another one'")
    )
    assert read_snapshot(schema, is_shared=True) == alone(schema)
    assert second.used == [False]


def test_another_database_is_not_used(schema: str, second: Second, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        second_connection, "make_conninfo", lambda given, **more: make_conninfo(given, dbname="postgres", **more)
    )
    assert read_snapshot(schema, is_shared=True) == alone(schema)
    assert (second.opened, second.used) == ([], [False])


def test_where_the_second_is_ended_the_first_reads_all(schema: str, second: Second) -> None:
    second.then = lambda one: build(schema, f"select pg_terminate_backend({one.info.backend_pid})")
    assert read_snapshot(schema, is_shared=True) == alone(schema)
    assert second.used == [False]


def test_one_that_takes_long_to_come_is_not_waited_for(schema: str, monkeypatch: pytest.MonkeyPatch) -> None:
    released, ended = threading.Event(), threading.Event()
    opened = []

    def opening(*arguments: Any, **options: Any) -> ReadingConnection:
        assert released.wait(30)
        connection = open_connection(*arguments, **(options | {"instant": None}))
        opened.append(connection)
        ended.set()
        return connection

    monkeypatch.setattr(second_connection, "open_connection", opening)
    assert read_snapshot(schema, is_shared=True) == alone(schema)
    released.set()
    assert ended.wait(30)
    for thread in [one for one in threading.enumerate() if isinstance(one, second_connection._Second)]:
        thread.join(30)
    assert opened[0].closed


def test_nothing_goes_on_when_the_first_fails(schema: str, second: Second, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    queries = dict.fromkeys(reader._ON_SECOND, b"select pg_sleep(300)")
    load = reader.load_query
    monkeypatch.setattr(reader, "take_objects", interrupted)
    monkeypatch.setattr(reader, "load_query", lambda name: queries.get(name) or load(name))
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        read_snapshot(schema, is_shared=True)
    assert time.monotonic() - began < 30
    with psycopg.connect(schema, autocommit=True) as connection:
        rows = connection.execute(
            "select query from pg_stat_activity where application_name = 'migration-audit' and datname = current_database()"
        ).fetchall()
    assert rows == []
