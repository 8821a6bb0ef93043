"""The cross-check on a real server: the dump of a shadow, and what is read of two of them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

import migration_audit.shadow.pg_dump as pg_dump_module
from migration_audit.catalog import read_snapshot
from migration_audit.cli.compare import compare_sides
from migration_audit.compare import compare, cross_check_with_pg_dump
from migration_audit.compare.dump_parts import parts
from migration_audit.model.errors import ServerError
from migration_audit.shadow.pg_dump import dump_schema, find_pg_dump
from migration_audit.shadow.select import SERVER_VARIABLE

pytestmark = pytest.mark.server

BASE = """
create table t (id serial primary key, v text not null default 'x', constraint short check (length(v) < 9));
create index t_v on t (v);
"""


@pytest.fixture
def dump(server: Any, database: str) -> Any:
    """Run SQL and dump what came of it."""
    pg_dump = find_pg_dump(server)

    def apply_and_dump(sql: str) -> str:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(sql)
        return dump_schema(pg_dump, database)

    return apply_and_dump


def test_a_dump_restored_is_the_same_parts(server: Any, cluster: Any, dump: Any):
    first = dump(BASE)
    conninfo = cluster.create_database("dump_restored")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("\n".join(line for line in first.splitlines() if not line.startswith("\\")))
    second = dump_schema(find_pg_dump(server), conninfo)
    cluster.drop_database("dump_restored")
    assert parts(first) == parts(second)
    assert ("COLUMN", "public", "t", "v") in parts(first)


def test_a_difference_that_our_reading_lacks_is_unexplained(dump: Any, database: str):
    before, ours = dump(BASE), read_snapshot(database).snapshot
    after = dump("alter table t alter v set default 'y'")
    blind = compare(expected=ours, actual=ours)
    (one,) = cross_check_with_pg_dump(blind, expected=(ours, before), actual=(ours, after)).unexplained
    assert (one.kind, one.name) == ("COLUMN DEFAULT", "public.t v")
    seeing = read_snapshot(database).snapshot
    drift = compare(expected=ours, actual=seeing)
    assert cross_check_with_pg_dump(drift, expected=(ours, before), actual=(seeing, after)).agrees


CHUNKS = {
    "in a schema of their own": (
        (
            "create extension timescaledb; create schema elsewhere; create table h (ts timestamptz not null, v integer);"
            "select create_hypertable('h', 'ts', associated_schema_name => 'elsewhere');"
            "create table u (ts timestamptz not null); select create_hypertable('u', 'ts')"
        ),
        "insert into h values ('2026-01-01', 1), ('2026-03-01', 2); insert into u values ('2026-01-01')",
    ),
    "under names that need quotes": (
        (
            'create extension timescaledb; create schema "Else.where"; create table h (ts timestamptz not null);'
            "select create_hypertable('h', 'ts', associated_schema_name => 'Else.where', associated_table_prefix => 'a*\"b')"
        ),
        "insert into h values ('2026-01-01'), ('2026-03-01')",
    ),
}


@pytest.mark.timescale
@pytest.mark.parametrize("on", ["server", "newest_server"])
@pytest.mark.parametrize("case", CHUNKS.values(), ids=CHUNKS)
def test_chunks_are_no_part_of_a_dump_wherever_they_are(on: str, case: tuple[str, str], request: pytest.FixtureRequest):
    """Also where another table of TimescaleDB lists them, as from 2.26 and from 2.29 on."""
    server, cluster = (request.getfixturevalue(on.replace("server", what)) for what in ("server", "cluster"))
    conninfo = cluster.create_database("dump_chunks")
    dumps = []
    for sql in case:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(sql)
        dumps.append(parts(dump_schema(find_pg_dump(server), conninfo)))
    cluster.drop_database("dump_chunks")
    assert dumps[0] == dumps[1]
    assert ("TABLE", "public", "h", "") in dumps[0]


@pytest.mark.timescale
def test_a_hypertable_made_by_options_is_cross_checked(
    newest_server: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(SERVER_VARIABLE, newest_server.provider)
    table = "create extension timescaledb; create table h (id uuid not null, at timestamptz not null, primary key (id, at))"
    options = "timescaledb.hypertable, timescaledb.partition_column = 'at', timescaledb.chunk_interval = '1 day'"
    (tmp_path / "a.sql").write_text(f"{table} with ({options});")
    (tmp_path / "b.sql").write_text(f"{table}; select create_hypertable('h', by_range('at', interval '1 day'));")
    given = {"direction": "equal", "form": "text", "config": None, "progress": print}
    assert compare_sides(str(tmp_path / "a.sql"), str(tmp_path / "b.sql"), **given) == 0
    assert "Cross-check: pg_dump agrees" in capsys.readouterr().out


def test_a_server_without_programs_needs_a_pg_dump_that_is_not_older(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 16.4'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pg_dump_module, "list_local", lambda _account: [])
    assert find_pg_dump(_named("PostgreSQL 16.9 on db, named by a URL")) == program
    with pytest.raises(ServerError, match="no pg_dump of PostgreSQL 17 or newer"):
        find_pg_dump(_named("PostgreSQL 17.5 on db, named by a URL"))


def _named(description: str) -> Any:
    return SimpleNamespace(programs=None, description=description)


def test_a_dump_that_fails_says_what_pg_dump_printed(server: Any, cluster: Any):
    with pytest.raises(ServerError, match="nowhere"):
        dump_schema(find_pg_dump(server), cluster.conninfo("nowhere"))


def test_a_password_is_not_an_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\necho "args: $*"\necho "password: $PGPASSWORD"\n')
    program.chmod(0o755)
    monkeypatch.setattr(pg_dump_module, "_chunks", lambda _conninfo: [])
    first, second = dump_schema(program, "host=h password=s3cret dbname=d").splitlines()
    assert "s3cret" not in first
    assert second == "password: s3cret"


@pytest.mark.slow
def test_the_command_line_says_what_the_cross_check_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for name, sql in (("a.sql", BASE), ("b.sql", BASE.replace("'x'", "'y'"))):
        (tmp_path / name).write_text(sql)
    given = {"direction": "equal", "form": "json", "config": None, "progress": print}
    assert compare_sides(str(tmp_path / "a.sql"), str(tmp_path / "a.sql"), **given) == 0
    said = capsys.readouterr().out
    assert json.loads(said[said.index("{") :])["cross_check"] == {
        "method": "pg_dump",
        "agrees": True,
        "unexplained": [],
        "beyond": [],
    }
    assert compare_sides(str(tmp_path / "a.sql"), str(tmp_path / "b.sql"), **{**given, "form": "text"}) == 1
    assert "Cross-check: pg_dump agrees" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.timescale
def test_what_pg_dump_does_not_write_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    made = "create extension timescaledb; create table h (ts timestamptz not null); select create_hypertable('h', 'ts'"
    (tmp_path / "a.sql").write_text(f"{made});")
    (tmp_path / "b.sql").write_text(f"{made}, chunk_time_interval => interval '1 day');")
    given = {"direction": "covers", "form": "text", "config": None, "progress": print}
    assert compare_sides(str(tmp_path / "a.sql"), str(tmp_path / "b.sql"), **given) == 1
    said = capsys.readouterr().out
    assert "Cross-check: pg_dump agrees" in said
    assert "Not visible to pg_dump:\n  dimension public.h.ts\n" in said


def test_an_unexplained_difference_is_not_equal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "a.sql").write_text(BASE)
    (tmp_path / "b.sql").write_text(BASE)
    dumps = iter(
        ["", "--\n-- Name: r; Type: RULE; Schema: public; Owner: o\n--\n\nCREATE RULE r AS ON INSERT TO t DO NOTHING;\n"]
    )
    monkeypatch.setattr("migration_audit.audit.preflight.shadows.dump_schema", lambda *_: next(dumps))
    given = {"direction": "covers", "form": "text", "config": None, "progress": print}
    assert compare_sides(str(tmp_path / "a.sql"), str(tmp_path / "b.sql"), **given) == 1
    assert "Unexplained: pg_dump shows what this comparison does not" in capsys.readouterr().out


@pytest.mark.slow
def test_without_a_cross_check_nothing_is_covered_unless_the_caller_does_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "a.sql").write_text(BASE)

    def none(_server: Any) -> Path:
        raise ServerError("no pg_dump of PostgreSQL 17 or newer on this machine")

    monkeypatch.setattr("migration_audit.audit.preflight.shadows.find_pg_dump", none)
    reported: list[str] = []
    given = {"direction": "equal", "form": "json", "config": None, "progress": reported.append}
    assert compare_sides(str(tmp_path / "a.sql"), str(tmp_path / "a.sql"), **given) == 3
    body = json.loads(capsys.readouterr().out)
    assert (body["cross_check"], body["equal"], body["covered"]) == (None, False, False)
    assert body["not_cross_checked"].startswith("the cross-check is not available: no pg_dump")
    assert any("the cross-check is not available: no pg_dump" in line for line in reported)
    assert compare_sides(str(tmp_path / "a.sql"), str(tmp_path / "a.sql"), **given, no_cross_check=True) == 0
    body = json.loads(capsys.readouterr().out)
    assert (body["cross_check"], body["equal"], body["not_cross_checked"]) == (None, True, "--no-cross-check")
