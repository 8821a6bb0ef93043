"""Which extensions a source needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_audit.sources import load_source, needed_extensions

CASES = {
    "none": ("create table t (a int)", set()),
    "plain": ("create extension postgis", {"postgis"}),
    "if not exists": ("CREATE EXTENSION IF NOT EXISTS PostGIS CASCADE", {"postgis"}),
    "quoted": ('create extension if not exists "uuid-ossp" with schema public', {"uuid-ossp"}),
    "behind comments": ("create /* a */ extension -- b\n citext", {"citext"}),
    "in a string": ("comment on table t is 'create extension postgis'; select 'create_hypertable('", set()),
    "dropped": ("drop extension postgis; alter extension hstore update", set()),
    "in a DO block": ("do $$ begin if true then create extension hstore; end if; end $$", {"hstore"}),
    "executed in a DO block": ("do $$ begin execute 'create extension if not exists ltree'; end $$", {"ltree"}),
    "a comment in a DO block": ("do $$ begin -- create extension hstore;\n null; end $$", set()),
    "a DO block that cannot be parsed": ("do $$ begin creat x; create extension hstore; $$", {"hstore"}),
    "hypertable": ("select public.create_hypertable('t', by_range('at'))", {"timescaledb"}),
    "hypertable in a DO block": ("do $$ begin perform create_hypertable('t', 'at'); end $$", {"timescaledb"}),
    "hypertable in a function": (
        "create function f() returns void language sql as $$ select create_hypertable('t', 'at') $$",
        {"timescaledb"},
    ),
    "an extension that a function would make": (
        "create function f() returns void language plpgsql as $$ begin create extension hstore; end $$",
        set(),
    ),
    "table option": ("create table t (at timestamptz) with (tsdb.hypertable, tsdb.partition_column='at')", {"timescaledb"}),
    "settings": ("alter table t set (timescaledb.compress)", {"timescaledb"}),
    "a column of that name": ("create table t (timescaledb int, tsdb int, create_hypertable int)", set()),
    "beside a mistake": ("selec; create extension pg_trgm", {"pg_trgm"}),
    "several": ("create extension a; create extension b; create extension a", {"a", "b"}),
    "too deep to parse": (f"select {'||'.join('a' * 500)}, create_hypertable('t', 'a')", {"timescaledb"}),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_needed_extensions(tmp_path: Path, text: str, expected: set[str]) -> None:
    (tmp_path / "a.sql").write_text(text)
    assert needed_extensions(load_source("x", [tmp_path], shown_from=tmp_path)) == expected
