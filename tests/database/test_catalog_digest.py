"""The digest names the schema and nothing else: not the order of statements, the server, its OIDs or the reading role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from migration_audit.catalog import load_snapshot, open_connection, read_snapshot, reader, rows, save_snapshot
from migration_audit.catalog.connection import begin_reading
from migration_audit.model.errors import DatabaseError, UsageError

pytestmark = pytest.mark.server

NOISE = [
    # Moves OIDs, transaction ids and attribute numbers, and leaves nothing behind.
    "create table noise (a serial, b text); drop table noise",
    (
        "do $$ begin for i in 1..50 loop execute format('create type noise_%s as enum ()', i);"
        " execute format('drop type noise_%s', i); end loop; end $$"
    ),
]
SCHEMA = [
    "create extension timescaledb",
    "create schema app",
    "create type app.mood as enum ('ok', 'bad')",
    "create domain app.short as varchar(9) check (length(value) > 1)",
    "create table app.devices (id bigint generated always as identity primary key, name app.short, mood app.mood)",
    "create table app.positions (device_id bigint not null references app.devices, ts timestamptz not null, v float8)",
    "select create_hypertable('app.positions', 'ts', chunk_time_interval => interval '1 day')",
    "create unique index positions_device_ts on app.positions (device_id, ts)",
    "create view app.latest as select device_id, max(ts) as ts from app.positions group by device_id",
    "create function app.touch() returns trigger language plpgsql as 'begin return new; end'",
    "create trigger touch before update on app.devices for each row execute function app.touch()",
    "comment on table app.devices is 'what moves'",
    "grant select, insert on app.positions to public",
]
INDEPENDENT = [
    "create table public.a (id int primary key, x text default 'x')",
    "create table public.b (id serial, y numeric(9,3) check (y > 0))",
    "create sequence public.s increment 5",
    "create function public.f(int) returns int language sql as 'select 1'",
    "create schema other; create view other.v as select 1 as one",
]


def build(conninfo: str, statements: list[str]) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.fixture(scope="module")
def other_cluster(server: Any) -> Iterator[Any]:
    with server.cluster(fresh=True) as running:
        yield running


@pytest.fixture
def other_database(other_cluster: Any) -> Iterator[str]:
    yield other_cluster.create_database("other")
    other_cluster.drop_database("other")


@pytest.mark.slow
@pytest.mark.timescale
def test_two_servers_and_another_order_give_one_digest(database: str, other_database: str) -> None:
    build(database, SCHEMA + INDEPENDENT)
    build(other_database, NOISE + INDEPENDENT[::-1] + NOISE + SCHEMA)
    one, other = read_snapshot(database).snapshot, read_snapshot(other_database).snapshot
    assert one.objects == other.objects
    assert one.digest == other.digest
    assert one.server.system_identifier != other.server.system_identifier


@pytest.mark.timescale
@pytest.mark.parametrize(
    "change",
    [
        "alter table app.positions alter v type real",
        "alter table app.positions alter v set not null",
        "alter table app.devices alter name set default 'xx'",
        "drop index app.positions_device_ts",
        "select set_chunk_time_interval('app.positions', interval '7 days')",
        "alter domain app.short drop constraint short_check",
        "alter type app.mood add value 'fine'",
        "comment on table app.devices is 'what stands'",
        "revoke insert on app.positions from public",
        "alter table app.devices disable trigger touch",
        "create or replace view app.latest as select device_id, min(ts) as ts from app.positions group by device_id",
        "create extension pg_trgm",
    ],
)
def test_one_change_gives_another_digest(database: str, change: str) -> None:
    build(database, SCHEMA)
    before = read_snapshot(database).snapshot
    build(database, [change])
    assert read_snapshot(database).snapshot.digest != before.digest


@pytest.mark.timescale
def test_data_does_not_change_the_digest(database: str) -> None:
    build(database, SCHEMA)
    before = read_snapshot(database).snapshot
    build(
        database,
        [
            "insert into app.devices (name) values ('aa'), ('bb')",
            (
                "insert into app.positions select 1, timestamptz '2025-01-01' + g * interval '1 day', 0"
                " from generate_series(1, 5) as g"
            ),
            "vacuum analyze",
        ],
    )
    after = read_snapshot(database).snapshot
    assert after.objects == before.objects
    assert after.digest == before.digest
    assert [c.chunks for c in before.chunks] == [0]
    assert [c.chunks for c in after.chunks] == [5]


@pytest.mark.timescale
def test_a_role_that_may_only_connect_reads_the_same(database: str, cluster: Any) -> None:
    build(database, SCHEMA + INDEPENDENT + ["insert into app.devices (name) values ('aa')"])
    build(database, ["insert into app.positions values (1, '2025-01-01', 0)", "create role plain login"])
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    try:
        as_owner = read_snapshot(database).snapshot
        as_plain = read_snapshot(cluster.conninfo(str(name), "plain")).snapshot
    finally:
        build(database, ["drop role plain"])
    assert as_plain.server.read_as == "plain"
    assert as_plain.objects == as_owner.objects
    assert as_plain.digest == as_owner.digest
    assert as_plain.chunks == as_owner.chunks
    assert as_plain.limits == ()


@pytest.mark.timescale
def test_what_a_role_may_not_read_becomes_a_limit(database: str, cluster: Any) -> None:
    build(database, ["create role plain login", "revoke execute on function pg_control_system() from public"])
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    try:
        snapshot = read_snapshot(cluster.conninfo(str(name), "plain")).snapshot
    finally:
        build(database, ["grant execute on function pg_control_system() to public", "drop role plain"])
    assert snapshot.server.system_identifier is None
    [limit] = snapshot.limits
    assert limit == ("The server's system identifier cannot be read: role plain may not execute pg_control_system().")


def test_settings_of_the_database_do_not_matter(database: str) -> None:
    build(
        database,
        [
            (
                "create table t (at timestamptz default '2025-01-01 12:00+02', i interval default '1 day 2 hours',"
                " d date default '2025-02-03', b bytea default '\\x00ff', f float8 default 0.1, m money default 12.5,"
                r" s text default e'a\\b')"
            ),
            "create view v as select at, i from t where d > '2025-01-01'",
        ],
    )
    before = read_snapshot(database).snapshot
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    for setting in (
        "timezone to 'Asia/Tokyo'",
        "intervalstyle to iso_8601",
        "datestyle to 'German'",
        "bytea_output to escape",
        "extra_float_digits to -5",
        "quote_all_identifiers to on",
        "standard_conforming_strings to off",
        "search_path to public, pg_catalog",
    ):
        build(database, [f'alter database "{name}" set {setting}'])
    after = read_snapshot(database).snapshot
    assert [obj for obj in after.objects if obj.kind != "database"] == [o for o in before.objects if o.kind != "database"]


@pytest.mark.timescale
def test_a_saved_snapshot_is_the_same_snapshot(database: str, tmp_path: Any) -> None:
    build(database, [*SCHEMA, *INDEPENDENT, "create function pg_catalog.mine() returns int language sql as 'select 1'"])
    build(database, ["insert into app.devices (name) values ('aa')", "insert into app.positions values (1, now(), 0)"])
    snapshot = read_snapshot(database).snapshot
    assert snapshot.unmodelled
    assert snapshot.chunks
    save_snapshot(snapshot, tmp_path / "snapshot.json")
    loaded = load_snapshot(tmp_path / "snapshot.json")
    assert loaded == snapshot
    assert loaded.digest == snapshot.digest
    # Fields that are only shown are not a part of equality, and are kept all the same.
    assert [repr(obj) for obj in loaded.objects] == [repr(obj) for obj in snapshot.objects]


def test_a_snapshot_is_one_instant(database: str) -> None:
    with open_connection(database) as connection:
        before = read_snapshot(connection).snapshot
        build(database, ["create table later (id int)"])
        assert read_snapshot(connection).snapshot == before
    assert ("table", "public.later") in read_snapshot(database).snapshot.by_key


def test_rows_become_the_same_objects_in_whatever_parts(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    build(database, SCHEMA)
    whole = read_snapshot(database)
    monkeypatch.setattr(rows, "_AT_ONCE", 2)
    parts = read_snapshot(database)
    assert (parts.snapshot, parts.origins) == (whole.snapshot, whole.origins)
    assert [obj.key for obj in parts.snapshot.objects] == [replace(obj).key for obj in parts.snapshot.objects]


def test_a_transaction_that_could_write_is_refused(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("select 1")
        with pytest.raises(UsageError, match="read-only"):
            read_snapshot(connection)
    with psycopg.connect(database, autocommit=True) as connection, pytest.raises(UsageError, match="autocommit"):
        read_snapshot(connection)


def test_the_server_refuses_to_write_while_it_is_read(database: str) -> None:
    with open_connection(database) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("create table t (id int)")


def test_objects_know_which_transaction_made_them(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        made = {}
        for key, statement in {
            ("table", "public.t"): "create table t (id int)",
            ("index", "public.i"): "create index i on t (id)",
            ("column", "public.t.x"): "alter table t add x int",
            ("view", "public.v"): "create view v as select 1 as a",
            ("function", "public.f()"): "create function f() returns int language sql as 'select 1'",
        }.items():
            with connection.transaction():
                row = connection.execute("select pg_current_xact_id()::text::bigint % (1::bigint << 32)").fetchone()
                assert row is not None
                connection.execute(statement)
                made[key] = row[0]
        rows = read_snapshot(database).rows
    assert {key: rows[key][0] for key in made} == made
    assert rows["column", "public.t.id"][0] == made["table", "public.t"]


def test_statements_of_one_transaction_are_distinguished(database: str) -> None:
    build(database, ["begin; create table a (id int); create table b (id int); commit"])
    rows = read_snapshot(database).rows
    assert rows["table", "public.a"][0] == rows["table", "public.b"][0]
    assert rows["table", "public.a"][1] < rows["table", "public.b"][1]


@pytest.mark.parametrize(
    "drop", ["drop table t", "drop table bare", "drop view v", "drop function f()", "drop index i"], ids=str
)
def test_what_is_dropped_meanwhile_is_not_reported_in_part(database: str, drop: str) -> None:
    build(
        database,
        [
            "create table t (id int primary key, v text default 'x'); create index i on t (v)",
            "create table bare (v text default 'x'); create view v as select 1 as a",
            "create function f() returns int language sql as 'select 1'",
        ],
    )
    with open_connection(database) as connection:
        connection.execute("select 1")
        build(database, [drop])
        with pytest.raises(DatabaseError, match="the catalog changed while it was read"):
            read_snapshot(connection)


def test_the_catalog_is_read_again_when_something_was_dropped(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    build(database, ["create table t (id int primary key)", "create table stays (id int)"])
    begun = []

    def begin_then_drop(connection: psycopg.Connection[Any]) -> None:
        begin_reading(connection)
        connection.execute("select 1")
        if not begun:
            build(database, ["drop table t"])
        begun.append(connection)

    monkeypatch.setattr(reader, "begin_reading", begin_then_drop)
    with psycopg.connect(database) as connection:
        tables = [key for kind, key in read_snapshot(connection).snapshot.by_key if kind == "table"]
    assert tables == ["public.stays"]
    assert len(begun) == 2
