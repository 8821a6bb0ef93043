"""What a source creates and takes away again, seen while it is applied to a real server."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from migration_audit.audit.preflight.watch import UndoneWatch
from migration_audit.model.side_effects import SourceUndone
from migration_audit.shadow.apply import apply_sources
from migration_audit.sources import load_source

pytestmark = pytest.mark.server

UNDONE = {
    "a table": (
        """\
create table t (id int primary key);
create index i on t (id);
drop table t;""",
        "table public.t is created at 1.sql:1 and dropped at 1.sql:3",
    ),
    "by a later file": (
        """\
create table t (a int);
~
select 1;
drop table t;""",
        "table public.t is created at 1.sql:1 and dropped at 2.sql:2",
    ),
    "a column": (
        """\
create table t (a int);
~
alter table t add b int;
alter table t drop b;""",
        "column public.t.b is created at 2.sql:1 and dropped at 2.sql:2",
    ),
    "a column that was made with its table": (
        """\
create table t (a int, b int);
comment on table t is 'x';
alter table t drop column if exists b cascade;""",
        "column public.t.b is created at 1.sql:1 and dropped at 1.sql:3",
    ),
    "an index": (
        """\
create table t (a int);
create index on t (a);
drop index t_a_idx;""",
        "index public.t_a_idx is created at 1.sql:2 and dropped at 1.sql:3",
    ),
    "a schema with all that is in it": (
        """\
create schema s;
create table s.t (a int);
create function s.f() returns int language sql as 'select 1';
drop schema s cascade;""",
        "schema s (with 2 objects in it) is created at 1.sql:1 and dropped at 1.sql:4",
    ),
    "what CASCADE takes along": (
        """\
create table t (a int);
create view v as select * from t;
drop table t cascade;""",
        """\
table public.t is created at 1.sql:1 and dropped at 1.sql:3
view public.v is created at 1.sql:2 and dropped at 1.sql:3""",
    ),
    "a key of another table": (
        """\
create table a (x int primary key);
create table b (x int references a);
~
drop table a cascade;""",
        """\
table public.a is created at 1.sql:1 and dropped at 2.sql:1
constraint b_x_fkey on public.b is created at 1.sql:2 and dropped at 2.sql:1""",
    ),
    "an object by way of a path": (
        """\
create schema s; set search_path = s;
create type mood as enum ('a');
drop type mood;""",
        "type s.mood is created at 1.sql:2 and dropped at 1.sql:3",
    ),
    "put together at run time": (
        """\
do $$ begin execute format('create table %I ()', 'Odd Name'); end $$;
do $$ begin execute format('drop table %I', 'Odd Name'); end $$;""",
        'table public."Odd Name" is created at 1.sql:1 and dropped at 1.sql:2',
    ),
    "by a function": (
        """\
create table t (a int);
create function f() returns void language sql as 'drop table t';
select f();""",
        "table public.t is created at 1.sql:1 and dropped at 1.sql:3",
    ),
    "in a transaction": (
        """\
begin;
create table t (a int);
drop table t;
commit;""",
        "table public.t is created at 1.sql:2 and dropped at 1.sql:3",
    ),
    "rolled back": (
        """\
begin;
create table t (a int);
rollback;""",
        "table public.t is created at 1.sql:2 and dropped at 1.sql:3",
    ),
    "rolled back to a savepoint": (
        """\
begin;
savepoint s;
create table t (a int);
rollback to s;
commit;""",
        "table public.t is created at 1.sql:3 and dropped at 1.sql:4",
    ),
    "after a transaction that was repeated for a role": (
        """\
begin;
create table t (a int);
alter table t drop a;
alter table t owner to undone_ghost;
commit;""",
        "column public.t.a is created at 1.sql:2 and dropped at 1.sql:3",
    ),
    "under another name": (
        """\
create table t (a int);
~
alter table t rename to u;
drop table u;""",
        "table public.t is created at 1.sql:1 and dropped at 2.sql:2",
    ),
    "and created again": (
        """\
create table t (a int);
~
drop table t;
create table t (b int);""",
        "table public.t is created at 1.sql:1 and dropped at 2.sql:1, and created again at 2.sql:2",
    ),
    "a function and created again with other arguments": (
        """\
create function f() returns int language sql as 'select 1'
~
drop function f();
create function f(a int) returns int language sql as 'select 1'""",
        "function public.f() is created at 1.sql:1 and dropped at 2.sql:1, and created again at 2.sql:2",
    ),
    "an enumeration that is replaced": (
        """\
create type s as enum ('a'); create table t (c s default 'a');
~
alter type s rename to s_old;
create type s as enum ('a', 'b');
alter table t alter c drop default;
alter table t alter c type s using c::text::s;
alter table t alter c set default 'a';
drop type s_old;""",
        "type public.s is created at 1.sql:1 and dropped at 2.sql:6, and created again at 2.sql:2",
    ),
    "a role": (
        """\
create role undone_role;
drop role undone_role;""",
        "role undone_role is created at 1.sql:1 and dropped at 1.sql:2",
    ),
    "renamed and renamed back": (
        """\
create table t (a int);
~
alter table t rename to u;
alter table u rename to t;""",
        "table public.t is changed at 2.sql:1 and changed back at 2.sql:2",
    ),
    "a column renamed and renamed back": (
        """\
create table t (a int);
~
alter table t rename a to b;
alter table t rename b to a;""",
        "column public.t.a is changed at 2.sql:1 and changed back at 2.sql:2",
    ),
    "another type and back": (
        """\
create table t (a int);
~
alter table t alter a type bigint;
alter table t alter a type int;""",
        "column public.t.a is changed at 2.sql:1 and changed back at 2.sql:2",
    ),
    "another default and back": (
        """\
create table t (a int default 1);
~
alter table t alter a set default 2;
alter table t alter a set default 1;""",
        "column public.t.a is changed at 2.sql:1 and changed back at 2.sql:2",
    ),
    "NOT NULL and back": (
        """\
create table t (a int);
~
alter table t alter a set not null;
alter table t alter a drop not null;""",
        "column public.t.a is changed at 2.sql:1 and changed back at 2.sql:2",
    ),
    "another body and back": (
        """\
create function f() returns int language sql as 'select 1'
~
create or replace function f() returns int language sql as 'select 2';
create or replace function f() returns int language sql as 'select 1';""",
        "function public.f() is changed at 2.sql:1 and changed back at 2.sql:2",
    ),
    "another view and back": (
        """\
create view v as select 1 as a;
~
create or replace view v as select 2 as a;

create or replace view v as select 1 as a;""",
        "view public.v is changed at 2.sql:1 and changed back at 2.sql:3",
    ),
    "rows": (
        """\
create table t (a int);
insert into t values (1), (2);
delete from t where a = 1;""",
        "rows of t are written at 1.sql:2 and deleted at 1.sql:3",
    ),
    "rows by TRUNCATE": (
        """\
create table t (a int);
copy t from stdin;
1
\\.
truncate t;""",
        "rows of t are written at 1.sql:2 and deleted at 1.sql:5",
    ),
}
"""Files, parted by a line with ~, and what is reported of them, line by line."""

QUIET = {
    "what was not there": """\
drop table if exists t;
create table t (a int);
drop index if exists i;""",
    "what was there before": "drop extension if exists plpgsql cascade; create extension plpgsql;",
    "temporary": """\
create temp table x (a int);
drop table x;""",
    "a rollback of nothing": """\
begin;
select 1;
rollback;""",
    "a DELETE of nothing": """\
create table t (a int);
insert into t values (1);
delete from t where a = 2;""",
    "altered twice": """\
create table t (a int);
~
alter table t alter a type bigint;
alter table t alter a set not null;""",
    "changed back by a later file": """\
create table t (a int);
~
alter table t alter a set not null; alter table t alter a set default 1;
~
alter table t alter a drop not null; alter table t alter a drop default;""",
    "triggers that are off for a while": """\
create table t (a int);
alter table t disable trigger all;
alter table t enable trigger all;
drop table if exists x;""",
    "replaced by the same": """\
create or replace function f() returns int language sql as 'select 1';
create or replace function f() returns int language sql as 'select 1';""",
    "two names that change places": """\
create table a (x int); create table b (x int);
~
alter table a rename to c;
alter table b rename to a;
alter table c rename to b;""",
    "a partition that becomes a table": """\
create table p (a int) partition by range (a);
create table q partition of p for values from (1) to (2);
alter table p detach partition q;""",
}


def watched(database: str, folder: Path, files: str) -> SourceUndone:
    for number, text in enumerate(files.split("~\n"), 1):
        (folder / f"{number}.sql").write_text(text)
    source = load_source("legacy", [folder], shown_from=folder)
    watch = UndoneWatch("legacy", [source], database)
    application = apply_sources(database, [source], watch=watch)
    assert application.applied.failure is None
    return watch.found(application.trace)


@pytest.mark.parametrize(("files", "expected"), UNDONE.values(), ids=UNDONE)
def test_what_is_taken_away_again_is_reported_with_both_places(
    database: str, tmp_path: Path, files: str, expected: str
) -> None:
    assert "\n".join(map(str, watched(database, tmp_path, files).undone)) == expected


@pytest.mark.parametrize("files", QUIET.values(), ids=QUIET)
def test_what_stays_is_quiet(database: str, tmp_path: Path, files: str) -> None:
    assert watched(database, tmp_path, files).undone == ()


SEED = "create table seed (a int, b int);\n~\n"
SUSPICIOUS = {
    "a down section": (
        """\
create function f() returns int language sql as 'select 1';
create table t (a int);
insert into t values (1);
update t set a = 2;
drop function f();
drop table t;""",
        "function public.f() table public.t",
    ),
    "a down section beside an extension that stays": (
        "create schema s;\ncreate table t (a int);\ndrop table t;",
        "table public.t",
    ),
    "a column that is filled": (
        f"{SEED}alter table seed add c int;\nupdate seed set c = 1;\nalter table seed drop c;",
        "column public.seed.c",
    ),
    "a schema that is filled": (
        "create schema s;\ncreate table s.t (a int);\ninsert into s.t values (1);\ndrop schema s cascade;",
        "schema s",
    ),
    "a DO block that guards": (
        "do $$ begin create type mood as enum ('a'); exception when duplicate_object then null; end $$;\ndrop type mood;",
        "type public.mood",
    ),
    "renamed and back": (f"{SEED}alter table seed rename to s2;\nalter table s2 rename to seed;", "table public.seed"),
    "dropped twice, once for each section": (
        "create table t (a int);\ndrop table t;\n~\ncreate table t (a int);\ndrop table t;",
        "table public.t",
    ),
    "a helper table": (
        f"{SEED}create table h as select 1 as a;\ninsert into seed select a from h;\ndrop table h;",
        "",
    ),
    "a helper that a DELETE reads": (
        f"{SEED}create table h (a int);\ninsert into h values (1);\ndelete from seed using h where h.a = b;\ndrop table h;",
        "",
    ),
    "a helper function": (
        f"{SEED}create function h() returns int language sql as 'select 1';\nupdate seed set a = h();\ndrop function h();",
        "",
    ),
    "a helper procedure": (
        "create procedure h() language sql as 'select 1';\ncall h();\ndrop procedure h();",
        "",
    ),
    "a helper that a DO block calls": (
        "create function h() returns int language sql as 'select 1';\ndo $$ begin perform h(); end $$;\ndrop function h();",
        "",
    ),
    "a helper column": (
        f"{SEED}alter table seed add h int;\nupdate seed set b = h;\nalter table seed drop h;",
        "",
    ),
    "a helper index": (
        f"{SEED}create index h on seed (a);\nupdate seed set b = 1 where a = 2;\ndrop index h;",
        "",
    ),
    "a table that is made anew": (
        "create table t (a int);\ndrop table t;\ncreate table t (a int, b int);",
        "",
    ),
    "a table that is copied": (
        f"{SEED}create table s2 as select * from seed;\ndrop table seed;\nalter table s2 rename to seed;",
        "",
    ),
    "a view by DROP and CREATE": (
        "create view v as select 1 as a;\ndrop view v;\ncreate view v as select 2 as b;",
        "",
    ),
    "by a later file": ("create table t (a int);\n~\ndrop table t;", ""),
}
"""Files, parted by a line with ~, and what looks like a down section that was applied."""


@pytest.mark.parametrize(("files", "expected"), SUSPICIOUS.values(), ids=SUSPICIOUS)
def test_what_looks_like_a_down_section(database: str, tmp_path: Path, files: str, expected: str) -> None:
    found = watched(database, tmp_path, files).undone
    assert " ".join(f"{one.kind} {one.name}" for one in found if one.is_suspicious) == expected


def test_a_statement_that_wants_the_database_alone_is_not_in_the_way(database: str, tmp_path: Path) -> None:
    name = str(conninfo_to_dict(database)["dbname"])
    found = watched(
        database,
        tmp_path,
        f"create table t (a int);\ndrop table t;\ncreate database {name}_copy template {name};\ndrop database {name}_copy;",
    )
    assert [one.name for one in found.undone] == ["public.t"]


def test_what_is_left_is_counted_by_file(database: str, tmp_path: Path) -> None:
    found = watched(
        database,
        tmp_path,
        """\
create table a (x int primary key);
create table b ();
drop table b;
~
create schema s;
create table s.t ();
""",
    )
    assert (found.left, found.leaves_nothing) == ((("1.sql", 1), ("2.sql", 1)), False)


def test_a_source_that_leaves_nothing(database: str, tmp_path: Path) -> None:
    assert watched(database, tmp_path, "create schema s;\ncreate table s.t ();\n~\ndrop schema s cascade;").leaves_nothing


@pytest.mark.timescale
def test_a_hypertable_and_its_chunks_are_one_thing(database: str, tmp_path: Path) -> None:
    files = """\
create extension timescaledb;
create table h (ts timestamptz not null);
select create_hypertable('h', 'ts');
insert into h values ('2026-01-01'), ('2026-03-01');
select drop_chunks('h', older_than => timestamptz '2026-02-01');
drop table h;
"""
    (found,) = watched(database, tmp_path, files).undone
    assert (found.name, str(found.made), str(found.undone)) == ("public.h", "1.sql:2", "1.sql:6")


def test_reading_between_statements_is_not_in_the_way_of_a_transaction(database: str, tmp_path: Path) -> None:
    """SET TRANSACTION must come before the first query, COPY … FREEZE needs a table of the same transaction."""
    files = """\
create table t (a int);
begin;
set transaction isolation level serializable;
drop table t;
create table u (a int);
copy u from stdin (freeze);
1
\\.
commit;
"""
    assert [one.name for one in watched(database, tmp_path, files).undone] == ["public.t"]
