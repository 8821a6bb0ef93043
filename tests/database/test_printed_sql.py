"""Every SQL text that we print can be run as it is, whatever the objects are called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from migration_audit.catalog import read_snapshot
from migration_audit.checks.boot006_post_sql_is_live import _is_meant
from migration_audit.checks.describe import coverage_findings
from migration_audit.checks.directus_words import forget_sql
from migration_audit.cli.compare import compare_sides
from migration_audit.compare import compare
from migration_audit.model.drift import Drift
from migration_audit.model.finding import Finding
from migration_audit.model.identifiers import in_quotes, parts_of, sql_name, sql_name_of
from migration_audit.sources.load import load_source
from migration_audit.sources.post_objects import find_post_objects

pytestmark = pytest.mark.server

NAMES = ("order", "user", "a.b", 'q"uote', "Ünï", "select", "it's", "$1", "tab\tle", "end; --", "json_table", "new\nline")


def schema_of(name: str, *, whole: bool) -> str:
    """A table of this name with everything called so, or without what can be missing from it."""
    n = in_quotes(name)
    more = (
        f', {in_quotes(name + " c")} text collate "C", {n} integer default 3, constraint {n} check ({n} > 0), unique ({n})'
        if whole
        else ""
    )
    return (
        f"create schema {n}; create table {n}.{n} (k integer{more});"
        + (f"create index {in_quotes(name + ' i')} on {n}.{n} ({n} desc);" if whole else "")
    )  # fmt: skip


@pytest.fixture(scope="module")
def sides(cluster: Any) -> Any:
    """Two databases, of which one lacks a column, constraints and an index of each table; dropped afterwards."""
    made = {}
    for which in ("whole", "bare"):
        made[which] = cluster.create_database(f"printed_{which}")
        with psycopg.connect(made[which], autocommit=True) as connection:
            for name in NAMES:
                connection.execute(schema_of(name, whole=which == "whole").encode())
    yield made
    for which in made:
        cluster.drop_database(f"printed_{which}")


def findings(drift: Drift, *kinds: str) -> list[Finding]:
    found = coverage_findings("COV000", drift, kinds, origins={})
    return [one for one in found if isinstance(one, Finding)]


def test_what_checks_suggest_makes_it_right(sides: dict[str, str]) -> None:
    whole = read_snapshot(sides["whole"]).snapshot
    with psycopg.connect(sides["bare"], autocommit=True) as connection:
        for kinds in (("column",), ("constraint",), ("index",)):
            drift = compare(expected=whole, actual=read_snapshot(sides["bare"]).snapshot)
            fixes = [one.fix_sql for one in findings(drift, *kinds)]
            assert len(fixes) >= len(NAMES)
            for fix in fixes:
                assert fix is not None
                connection.execute(fix.encode())
    assert compare(expected=whole, actual=read_snapshot(sides["bare"]).snapshot).equal


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_default_is_set(sides: dict[str, str], name: str) -> None:
    whole = read_snapshot(sides["whole"]).snapshot
    n = in_quotes(name)
    with psycopg.connect(sides["whole"], autocommit=True) as connection:
        connection.execute(f"alter table {n}.{n} alter column {n} set default 4".encode())
        drift = compare(expected=whole, actual=read_snapshot(sides["whole"]).snapshot)
        (finding,) = findings(drift, "column")
        connection.execute((finding.fix_sql or "").encode())
    assert compare(expected=whole, actual=read_snapshot(sides["whole"]).snapshot).equal


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_type_is_left_to_a_person(database: str, name: str) -> None:
    n = in_quotes(name)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"create schema {n}; create table {n}.{n} ({n} integer)".encode())
        before = read_snapshot(database).snapshot
        connection.execute(f"alter table {n}.{n} alter {n} type text".encode())
        drift = compare(expected=before, actual=read_snapshot(database).snapshot)
        (finding,) = [f for f in findings(drift, "column") if f.key.endswith(":type")]
        assert finding.fix_sql
        connection.execute(finding.fix_sql.encode())  # comments alone, in every line
    assert compare(expected=before, actual=read_snapshot(database).snapshot) == drift


@pytest.mark.timescale
def test_a_changed_interval_is_set(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create extension timescaledb")
        for name in NAMES:
            n = in_quotes(name)
            connection.execute(f"create schema {n}; create table {n}.{n} ({n} timestamptz not null)".encode())
            connection.execute("select create_hypertable(%s, %s)", [f"{n}.{n}", name])
        before = read_snapshot(database).snapshot
        for name in NAMES:
            connection.execute("select set_chunk_time_interval(%s, interval '5 days')", [sql_name(name, name)])
        drift = compare(expected=before, actual=read_snapshot(database).snapshot)
        fixes = [f.fix_sql for f in findings(drift, "dimension")]
        assert len(fixes) == len(NAMES)
        for fix in fixes:
            connection.execute(str(fix).encode())
    assert compare(expected=before, actual=read_snapshot(database).snapshot).equal


@pytest.mark.parametrize("name", NAMES)
def test_what_directus_is_asked_to_forget(database: str, name: str) -> None:
    n = in_quotes(name)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"create schema {n}".encode())
        for table in ("directus_collections", "directus_fields"):
            connection.execute(f"create table {n}.{table} (collection text, field text)".encode())
            connection.execute(f"insert into {n}.{table} values (%s, %s)".encode(), (name, name))
        connection.execute(forget_sql(name, name).encode())
        assert connection.execute(f"select from {n}.directus_fields".encode()).fetchall() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_key_of_the_owners_last_sql_is_found_under_every_spelling(database: str, tmp_path: Path, name: str) -> None:
    n = in_quotes(name)
    (tmp_path / "post.sql").write_text(f"alter table {n} add unique ({n}, k);", "utf-8")
    (made,) = find_post_objects(load_source("post", [tmp_path / "post.sql"], shown_from=tmp_path))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"create table {n} ({n} integer, k integer, unique ({n}, k))".encode())
    live = read_snapshot(database).snapshot
    assert [o.kind for o in live.objects if o.kind == "constraint" and _is_meant(o, made)] == ["constraint"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_the_same_after_it_was_spelled(database: str, name: str) -> None:
    assert parts_of(sql_name(name, name)) == (name, name)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"create table {sql_name('public', name)} ()".encode())
        (key,) = [o.key for o in read_snapshot(database).snapshot.objects if o.kind == "table"]
        assert connection.execute("select to_regclass(%s)::oid is not null", [sql_name_of(key)]).fetchone() == (True,)


@pytest.mark.slow
def test_a_port_of_all_of_them_is_proven(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for side in (True, False):
        (tmp_path / f"{side}.sql").write_text("\n".join(schema_of(name, whole=side) for name in NAMES), "utf-8")
    given = {"direction": "covers", "form": "sql", "config": None, "progress": lambda _: None}
    assert compare_sides(str(tmp_path / "True.sql"), str(tmp_path / "False.sql"), **given) == 1
    assert "-- PROVEN: " in capsys.readouterr().out
