"""What SQL takes away, and what it does to single columns, reported by PostgreSQL's parser from the text alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_audit.model.sql import SqlSource
from migration_audit.sources import find_column_changes, find_destructions, load_source


def source(folder: Path, text: str) -> SqlSource:
    (folder / "001.sql").write_text(text)
    return load_source("owner", [folder], shown_from=folder)


LOUD = {
    "DROP TABLE": ("drop table positions;", [("drop table", "positions", 1)]),
    "several": ("drop table if exists a, s.b cascade;", [("drop table", "a", 1), ("drop table", "s.b", 1)]),
    "made again with data": ("drop table a;\ncreate table a (x int);", [("drop table", "a", 1)]),
    "materialized view": (
        "drop materialized view m; create materialized view m as select 1;",
        [("drop materialized view", "m", 1)],
    ),
    "schema": ("drop schema s cascade;", [("drop schema", "s", 1)]),
    "extension": ("drop extension postgis;", [("drop extension", "postgis", 1)]),
    "column": ("alter table t drop column c;", [("drop column", "t.c", 1)]),
    "trigger": ("drop trigger a on s.t;", [("drop trigger", "s.t.a", 1)]),
    "another trigger is made": (
        "drop trigger a on t; create trigger b before insert on t execute function f();",
        [("drop trigger", "t.a", 1)],
    ),
    "made before, not after": ("create view v as select 1; drop view v;", [("drop view", "v", 1)]),
    "constraint": ("alter table t drop constraint c;", [("drop constraint", "t.c", 1)]),
    "TRUNCATE": ("truncate only m, n;", [("truncate", "m", 1), ("truncate", "n", 1)]),
    "DELETE": ("delete from t;", [("delete", "t", 1)]),
    "DELETE of all": ("delete from t where true;", [("delete", "t", 1)]),
    "DELETE in WITH": ("with g as (delete from q returning *) select 1;", [("delete", "q", 1)]),
    "UPDATE in WITH": ("insert into l with g as (update q set a = 1 returning *) select * from g;", [("update", "q", 1)]),
    "DELETE in a rule": ("create rule r as on insert to t do also delete from q;", [("delete", "q", 1)]),
    "DELETE that is prepared": ("prepare p as delete from q;", [("delete", "q", 1)]),
    "a call deep in a query": (
        "select 1 from (select drop_chunks('t', now()) as c) as x;",
        [("drop_chunks", "t", 1)],
    ),
    "a call by an escaped name": ("select U&\"drop\\005fchunks\"('t', now());", [("drop_chunks", "t", 1)]),
    "a default in CREATE SCHEMA": (
        "create schema s create table t (a int default 1); alter table t alter a set not null, alter b set not null;",
        [("not null", "t.b", 1)],
    ),
    "MERGE": ("merge into a using b on a.x = b.x when matched then delete;", [("delete", "a", 1)]),
    "UPDATE": ("update t set a = 1;", [("update", "t", 1)]),
    "type": ("alter table t alter column c type bigint;", [("type", "t.c", 1)]),
    "NOT NULL": ("alter table t alter column c set not null;", [("not null", "t.c", 1)]),
    "NOT NULL column": ("alter table t add column c int not null;", [("not null", "t.c", 1)]),
    "detach": ("alter table t detach partition p;", [("detach", "t", 1)]),
    "unlogged": ("alter table t set unlogged;", [("unlogged", "t", 1)]),
    "rename": ("alter table t rename column a to b;", [("rename", "t.a", 1)]),
    "rename of a table": ("alter table t rename to u;", [("rename", "t", 1)]),
    "drop owned": ("drop owned by x;", [("drop owned", "x", 1)]),
    "drop_chunks": ("select drop_chunks('positions', interval '3 days');", [("drop_chunks", "positions", 1)]),
    "drop_chunks by name": (
        "select public.drop_chunks(relation => 'positions'::regclass, older_than => 1);",
        [("drop_chunks", "positions", 1)],
    ),
    "retention": ("call add_retention_policy('p', interval '1 day');", [("add_retention_policy", "p", 1)]),
    "in a DO block": (
        "do $$\nbegin\n  if exists (select 1) then\n    drop table x;\n  end if;\nend $$;",
        [("drop table", "x", 4)],
    ),
    "EXECUTE of a constant": ("do $$ begin\n execute 'drop table y';\nend $$;", [("drop table", "y", 2)]),
    "PERFORM": ("do $$ begin\n perform drop_chunks('p');\nend $$;", [("drop_chunks", "p", 2)]),
    "in an expression": ("do $$ declare n int; begin n := drop_chunks('p'); end $$;", [("drop_chunks", "p", 1)]),
    "in a loop": ("do $$ begin for i in 1..2 loop truncate t; end loop; end $$;", [("truncate", "t", 1)]),
    "in a handler": ("do $$ begin null; exception when others then drop table t; end $$;", [("drop table", "t", 1)]),
    "in a function": (
        "create function f() returns void language sql as $$\n  delete from t;\n$$;",
        [("delete", "t", 2)],
    ),
    "in a PL/pgSQL function": (
        "create function f() returns trigger language plpgsql as $$\nbegin\n  delete from t;\n  return new;\nend $$;",
        [("delete", "t", 3)],
    ),
    "BEGIN ATOMIC": ("create function f() returns int begin atomic delete from z; select 1; end;", [("delete", "z", 1)]),
    "after a comment": ("-- drop table a\n/* drop table b */\ndrop table c;", [("drop table", "c", 3)]),
}


@pytest.mark.parametrize(("text", "expected"), LOUD.values(), ids=LOUD)
def test_what_is_lost_is_found_at_its_line(tmp_path: Path, text: str, expected: list[tuple[str, str, int]]) -> None:
    found = find_destructions(source(tmp_path, text))
    assert [(d.kind, d.object, d.at.line) for d in found if d.made_again is None] == expected
    assert all(d.words for d in found)


QUIET = {
    "the usual": "create table if not exists t (a int not null); create index on t (a); insert into t values (1);",
    "DELETE with WHERE": "delete from t where a = 1;",
    "a text": "select 'drop table t'; comment on table t is 'truncate t';",
    "NOT NULL with a default": "alter table t add column c int not null default 0;",
    "serial": "alter table t add column c bigserial not null;",
    "NOT NULL after a default": "alter table t alter c set default 1, alter c set not null;",
    "NOT NULL of a column with a default": "create table t (c int default 1); alter table t alter c set not null;",
    "DROP DEFAULT": "alter table t alter c drop default, alter c drop not null;",
    "a longer interval": "select set_chunk_time_interval('t', interval '1 day');",
    "TRUNCATE as a name": 'create table "truncate" (delete_me int);',
}


@pytest.mark.parametrize("text", QUIET.values(), ids=QUIET)
def test_what_takes_nothing_is_quiet(tmp_path: Path, text: str) -> None:
    assert find_destructions(source(tmp_path, text)) == ()


AGAIN = {
    "trigger": "drop trigger if exists a on t;\ncreate trigger a before insert on t execute function f();",
    "function": "drop function if exists f(int);\ncreate function f(a int) returns int language sql as 'select 1';",
    "view": "drop view if exists v;\ncreate view v as select 1;",
    "policy": "drop policy if exists p on t;\ncreate policy p on t;",
    "index": "drop index if exists i;\ncreate index i on t (a);",
    "constraint": "alter table t drop constraint if exists c;\nalter table t add constraint c check (true);",
}


@pytest.mark.parametrize("text", AGAIN.values(), ids=AGAIN)
def test_what_is_made_again_is_distinguished(tmp_path: Path, text: str) -> None:
    (found,) = find_destructions(source(tmp_path, text))
    assert str(found.made_again) == "001.sql:2"


UNDECIDED = {
    "put together": ("do $$ begin\n execute format('drop table %I', 'x');\nend $$;", 2, "put together at run time"),
    "another language": ("create function f() returns void language plpython3u as 'x()';", 1, "plpython3u is not read"),
    "a loop over EXECUTE": (
        "do $$ declare r record; begin\n for r in execute 'select ' || x loop null; end loop; end $$;",
        2,
        "put together",
    ),
}


@pytest.mark.parametrize(("text", "line", "why"), UNDECIDED.values(), ids=UNDECIDED)
def test_what_reading_cannot_decide_is_reported(tmp_path: Path, text: str, line: int, why: str) -> None:
    (found,) = find_destructions(source(tmp_path, text))
    assert (found.kind, found.at.line) == ("undecided", line)
    assert why in found.words


CHANGES = {
    "N1 UNIQUE": (
        "alter table devices add constraint devices_model_key unique (model);",
        [("unique", "model", "devices_model_key")],
    ),
    "UNIQUE without a name": ("alter table devices add unique (model);", [("unique", "model", "devices_model_key")]),
    "N2 UNIQUE under Directus's name": (
        "alter table devices add constraint devices_model_unique unique (model);",
        [("unique", "model", "devices_model_unique")],
    ),
    "N3 index": ("create index if not exists by_model on public.devices (model);", [("index", "model", "by_model")]),
    "N4 NOT NULL and default": (
        "alter table devices alter model set not null, alter model set default 'x';",
        [("not null", "model", None), ("default", "model", None)],
    ),
    "N5 extra column": ("alter table devices add column extra text;", [("kept", "extra", None)]),
    "N6 type": ("alter table devices alter column model type text;", [("type", "model", None)]),
    "N7 composite UNIQUE": ("alter table devices add constraint c unique (model, imei);", [("kept", "", "c")]),
    "N8 CHECK": ("alter table devices add constraint c check (model <> '');", [("kept", "", "c")]),
    "N8 partial unique index": ("create unique index c on devices (model) where imei <> '';", [("kept", "", "c")]),
    "partial index": ("create index c on devices (model) where imei <> '';", [("index", "model", "c")]),
    "unique index": ("create unique index c on devices (model);", [("kept", "", "c")]),
    "expression": ("create index c on devices (lower(model));", [("kept", "", "c")]),
    "composite index": ("create index c on devices (model, imei);", [("kept", "", "c")]),
    "in a DO block": (
        "do $$ begin\n if true then alter table devices add unique (model); end if; end $$;",
        [("unique", "model", "devices_model_key")],
    ),
    "foreign key": ("alter table devices add foreign key (model) references m;", [("kept", "", None)]),
    "EXECUTE": ("do $$ begin execute 'alter ' || x; end $$;", [("undecided", "", None)]),
}


@pytest.mark.parametrize(("text", "expected"), CHANGES.values(), ids=CHANGES)
def test_changes_of_columns_are_found(tmp_path: Path, text: str, expected: list[tuple[str, str, str | None]]) -> None:
    found = find_column_changes(source(tmp_path, text))
    assert [(c.kind, c.column, c.name) for c in found] == expected
    assert all(c.words for c in found)
