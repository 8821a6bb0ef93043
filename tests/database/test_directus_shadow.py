"""A throw-away database like an environment: what schema apply looks at is the same, and no row of its tables is there."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fix_directus import target
from fix_outside import replace_in
from migration_audit import catalog
from migration_audit.audit.audit import Audit
from migration_audit.audit.demo import demo_root
from migration_audit.audit.rehearsals.directus import Deployment, rehearse_fresh
from migration_audit.audit.rehearsals.directus_database import build_structure, copy_rows, hand_over, unlike
from migration_audit.catalog.directus import (
    altered_between,
    look,
    lost_between,
    made_between,
    read_migrations,
)
from migration_audit.directus.boots import with_tables
from migration_audit.model.directus import DirectusLive, DirectusRuntime
from migration_audit.model.directus_database import DirectusDatabase, Lost
from migration_audit.model.finding import Outcome, Phase, Unavailable
from migration_audit.model.snapshot import Snapshot
from migration_audit.project import load_project, template

pytestmark = [pytest.mark.server, pytest.mark.timescale]

ROLE = "cms"
ODD = """
create role cms login; create role processor nologin;
grant create, usage on schema public to cms;
create extension timescaledb;
create type mood as enum ('fine', 'sad');
create function next_number() returns integer language sql as 'select 7';
create table positions (device_id text not null, ts timestamptz not null, mood mood default 'fine',
                        number integer default next_number());
select create_hypertable('positions', 'ts');
create index positions_sad on positions (device_id) where mood = 'sad';
create view recent as select device_id, ts from positions;
insert into positions (device_id, ts) values ('a', now());
create table ids (id bigint generated always as identity primary key, name varchar(20) unique,
                  upper text generated always as (upper(name)) stored, code varchar(8) collate "C");
create schema processor;
create table processor.runs (id integer primary key, ids bigint references ids on delete cascade);
create table parts (id integer, at date not null) partition by range (at);
create table parts_2026 partition of parts for values from ('2026-01-01') to ('2027-01-01');
create table hidden (id integer primary key);
alter table positions owner to processor; grant select on positions to cms;
alter table hidden owner to processor;
create function refuse() returns event_trigger language plpgsql as 'begin raise exception ''no''; end';
create function secret() returns integer language sql security definer as 'select 1';
"""
AFTER = "create event trigger guard on sql_drop execute function refuse();"
OWNER = "create table positions (other integer); create table zones (id integer primary key, name text);"


class Live:
    """An environment, and what its copy is made of."""

    def __init__(self, cluster: Any) -> None:
        self.conninfo = cluster.create_database("live")
        system = (demo_root() / "environments/all/directus.sql").read_text("utf-8")
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute(ODD.encode())
            connection.execute(b"set role cms")
            connection.execute(system.encode())
            connection.execute(b"reset role")
            connection.execute(AFTER.encode())
        self.snapshot: Snapshot = catalog.read_snapshot(self.conninfo).snapshot
        with catalog.open_connection(self.conninfo) as connection, connection.transaction():
            self.directus: DirectusLive = catalog.read_directus(connection, self.snapshot, role=ROLE, raw_tables=())
            self.migrations = read_migrations(connection, "public")
        owner = cluster.create_database("owner")
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute(OWNER.encode())
            self.owner_tables: DirectusDatabase = catalog.read_directus_database(connection)
        self.owner = catalog.read_snapshot(owner).snapshot

    @property
    def wanted(self) -> DirectusDatabase:
        assert self.directus.database is not None
        return with_tables(self.directus.database, self.owner_tables)


@pytest.fixture(scope="module")
def live(server: Any) -> Iterator[Live]:
    with server.cluster() as cluster:
        yield Live(cluster)


@pytest.fixture(scope="module")
def made(server: Any, live: Live) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The copy, on a cluster of its own."""
    with server.cluster(tcp=True) as cluster:
        conninfo = cluster.create_database("directus")
        missing = build_structure(conninfo, live.snapshot, live.owner)
        assert isinstance(live.migrations, tuple)
        copy_rows(conninfo, live.directus, live.migrations)
        hand_over(conninfo, ROLE, "of-the-copy", live.wanted, ("public",))
        yield conninfo, missing


def read(conninfo: str) -> DirectusDatabase:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        return catalog.read_directus_database(connection, role=ROLE)


def test_all_that_an_apply_looks_at_is_the_same(live: Live, made: tuple[str, tuple[str, ...]]) -> None:
    conninfo, missing = made
    assert unlike(live.wanted, read(conninfo)) == ()
    assert missing == ()
    names = {table.name for table in read(conninfo).tables}
    assert {"positions", "ids", "parts", "hidden", "devices", "zones", "directus_fields"} <= names
    assert {column.name for table in read(conninfo).tables if table.name == "positions" for column in table.columns} == {
        *("device_id", "ts", "mood", "number"),
    }, "a table that the environment has stays as it is there"


def test_the_rows_of_four_tables_are_copied_and_no_other(live: Live, made: tuple[str, tuple[str, ...]]) -> None:
    with psycopg.connect(made[0], autocommit=True) as connection, psycopg.connect(live.conninfo) as source:
        tables = [
            name
            for (name,) in source.execute(
                "select quote_ident(nspname) || '.' || quote_ident(relname) from pg_class as c"
                " join pg_namespace as n on n.oid = relnamespace where relkind = 'r' and nspname in ('public', 'processor')"
            ).fetchall()
        ]
        count = "select count(*) from {}"
        filled = {name for name in tables if connection.execute(count.format(name).encode()).fetchone() != (0,)}
        copied = {f"public.directus_{name}" for name in ("collections", "fields", "relations", "migrations")}
        assert filled == copied
        for name in copied - {"public.directus_migrations"}:
            query = f"select * from {name} order by 1".encode()
            assert connection.execute(query).fetchall() == source.execute(query).fetchall()
        query = b"select version, name from directus_migrations order by 1"
        assert connection.execute(query).fetchall() == source.execute(query).fetchall()
        (number,) = connection.execute("select nextval('directus_fields_id_seq')").fetchone() or (0,)
        assert number == 10


def test_what_is_not_the_same_is_named(live: Live, made: tuple[str, tuple[str, ...]]) -> None:
    have = read(made[0])
    (ids,) = [table for table in have.tables if table.name == "ids"]
    others = tuple(table for table in have.tables if table.name not in {"ids", "zones"})
    other = replace(have, tables=(*others, replace(ids, columns=ids.columns[1:], may_alter=True)), collections=())
    assert unlike(live.wanted, other) == (
        "table public.ids: columns, rights differ",
        "table public.zones is not made",
        "rows of directus_collections differ",
    )
    assert unlike(replace(live.wanted, event_triggers=(), can_create=False), have) == (
        "event triggers differ",
        "whether Directus's role may create tables differs",
    )


def test_a_definers_function_does_not_run_as_the_superuser_of_the_server(made: tuple[str, tuple[str, ...]]) -> None:
    with psycopg.connect(made[0]) as connection:
        found = connection.execute(
            "select rolname, rolsuper from pg_proc join pg_roles as r on r.oid = proowner where proname = 'secret'"
        ).fetchone()
    assert found == ("migration_audit_nobody", False)


@pytest.mark.slow
def test_what_the_server_refuses_is_left_out_and_reported(server: Any, live: Live) -> None:
    types = [obj for obj in live.snapshot.objects if obj.kind == "type"]
    broken = replace(live.snapshot, objects=tuple(obj for obj in live.snapshot.objects if obj not in types))
    with server.cluster(tcp=True) as cluster:
        missing = build_structure(cluster.create_database("broken"), broken, None)
    assert any("table public.positions" in each and 'type "public.mood" does not exist' in each for each in missing), missing


def test_migrations_that_cannot_be_read_are_an_error(live: Live) -> None:
    with psycopg.connect(live.conninfo) as connection:
        connection.execute("create role reader")
        connection.execute("set local role reader")
        found = read_migrations(connection, "public")
        connection.rollback()
    assert isinstance(found, Unavailable)
    assert found.outcome is Outcome.ERRORED
    assert "permission denied for table directus_migrations; GRANT SELECT on it" in found.reason
    with psycopg.connect(live.conninfo) as connection:
        assert read_migrations(connection, None) == ()


def test_what_a_boot_did_is_read_from_the_catalog(server: Any) -> None:
    with server.cluster() as cluster:
        conninfo = cluster.create_database("boots")

        def run(sql: str) -> None:
            with psycopg.connect(conninfo, autocommit=True) as connection:
                connection.execute(sql.encode())

        run(
            "create table a (id integer primary key, n text unique); create table b (id integer, n text);"
            "create view v as select 1"
        )
        before = look(conninfo)
        run(
            "drop table a; drop view v; alter table b drop column n, alter column id type bigint;create table c (id integer)"
        )
        after = look(conninfo)
        assert lost_between(before, after) == (
            Lost(kind="column", key="public.b.n"),
            Lost(kind="table", key="public.a", parts=6),
            Lost(kind="view", key="public.v", parts=1),
        )
        assert altered_between(before.snapshot, after.snapshot) == (("column", "public.b.id"),)
        assert made_between(before.snapshot, after.snapshot) == (("table", "public.c"),)
        run("drop table c; create table c (id integer); alter table b drop column id; alter table b add column id bigint")
        anew = look(conninfo)
        assert lost_between(after, anew) == (
            Lost(kind="column", key="public.b.id", made_again=True),
            Lost(kind="table", key="public.c", made_again=True),
        )
        assert lost_between(anew, look(conninfo)) == ()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["sh", "-c", "echo 9.9.9"], "reports Directus 9.9.9, but the owner's image runs 11.17.4"),
        (["sh", "-c", "echo nothing"], "reports Directus of no version"),
        (["no-such-program"], "it cannot be run"),
        (
            ["sh", "-c", 'test "$1" = --version && echo 11.17.4 || { echo "error: boom $DB_PASSWORD"; exit 3; }', "sh"],
            "boom ***",
        ),
        (["sh", "-c", "sleep 60"], "it did not end within 1 s and was killed: raise `rehearse_timeout`"),
    ],
    ids=["another version", "no version", "no program", "bootstrap fails", "no end"],
)
def test_a_directus_that_does_not_answer_is_an_error(command: list[str], said: str) -> None:
    with tempfile.TemporaryDirectory(prefix="ma-command-", dir="/tmp") as name:
        root = Path(name)
        root.chmod(0o755)
        shutil.copytree(demo_root(), root, dirs_exist_ok=True)
        file = 'file = "directus/snapshots/schema.yaml"\n'
        limit = 1 if "sleep 60" in command else 60
        more = f'rehearse = "command"\nrehearse_command = {json.dumps(command)}\nrehearse_timeout = {limit}\n'
        replace_in(root / "audit.toml", file, f"{file}{more}")
        audit = Audit(load_project(root / "audit.toml"), environment=None, phase=Phase.PREFLIGHT, folder=None)
        found = audit._fresh_rehearsal
    assert isinstance(found, Unavailable)
    assert found.outcome is Outcome.ERRORED
    assert said in found.reason
    assert "audit.toml" in found.reason or "rehearse" in found.reason


@pytest.mark.parametrize(
    ("version", "runtime", "said"),
    [
        (
            None,
            DirectusRuntime(),
            "the version of Directus to run is not known: FROM directus/directus:latest does not name an exact",
        ),
        ("11.17.4", DirectusRuntime(asks=True), "schema apply is called without --yes"),
        ("11.17.4", DirectusRuntime(files=("a.yaml", "b.yaml")), "the start applies a.yaml and b.yaml"),
    ],
)
def test_what_no_one_knows_is_not_rehearsed(
    tmp_path: Path, version: str | None, runtime: DirectusRuntime, said: str
) -> None:
    (tmp_path / "audit.toml").write_text(f'{template()}\n[snapshot]\nfile = "a"\nrehearse = "npm"\n', "utf-8")
    deployment = Deployment(target=target(version), runtime=runtime)
    found = rehearse_fresh(load_project(tmp_path / "audit.toml"), deployment, progress=lambda _: None)
    assert isinstance(found, Unavailable)
    assert found.required
    assert said in found.reason
