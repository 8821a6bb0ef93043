"""Before and after which statements a catalog has to be read, so that nothing that is undone is missed."""

from __future__ import annotations

import pytest

from migration_audit.model.location import Location
from migration_audit.model.sql import Statement, StatementKind
from migration_audit.sources.watched_statements import statements_to_watch

WATCHED = {
    "nothing is taken": (
        ["create table t (a int)", "create index on t (a)", "insert into t values (1)", "comment on table t is 'x'"],
        [],
    ),
    "a view that CREATE SCHEMA made is replaced": (
        ["create schema s create view v as select 1", "create or replace view v as select 2", "drop table t"],
        [1, 2],
    ),
    "the same index twice": (["create index i on t (a)", "create index if not exists i on t (a)"], []),
    "a drop": (["create table t (a int)", "drop table t"], [1]),
    "one change of a definition": (["alter table t alter a set not null", "create table u ()"], []),
    "two changes of definitions": (["alter table t alter a set not null", "alter table t alter a drop not null"], [0, 1]),
    "changes of different columns": (
        ["alter table t alter a set not null", "alter table t alter b set not null", "alter table u alter a set not null"],
        [],
    ),
    "changes of a column by others": (
        [
            "alter table t alter a type int, alter b set not null",
            "alter table u alter a type int",
            "alter table t alter b drop not null",
        ],
        [0, 2],
    ),
    "a change beside a drop": (["alter table t alter a type bigint", "alter table t drop b"], [0, 1]),
    "additions": (["alter table t add a int, add check (a > 0)", "drop view v"], [1]),
    "what cannot be read": (["create function f() returns int language sql as 'select 1'", "selec 1"], [1]),
    "a function of one's own": (["select f()"], [0]),
    "functions of PostgreSQL": (["select pg_catalog.set_config('a.b', '', false)", "select setval('s', 1)", "select 1"], []),
    "a DO block that creates": (["do $$ begin create type a as enum (); end $$"], []),
    "a DO block that drops": (["do $$ begin execute 'drop table t'; end $$"], [0]),
    "a procedure": (["call p()"], [0]),
    "routines of different names": (
        [f"create or replace function {name}() returns int language sql as 'select 1'" for name in "abc"],
        [],
    ),
    "one routine twice": (["create or replace function f() returns int language sql as 'select 1'"] * 2, [0, 1]),
    "one view twice": (["create or replace view v as select 1", "create or replace view v as select 2"], [0, 1]),
}


def statements(texts: list[str]) -> list[Statement]:
    return [Statement(text=text, at=Location("a.sql", line)) for line, text in enumerate(texts, 1)]


@pytest.mark.parametrize(("texts", "expected"), WATCHED.values(), ids=WATCHED)
def test_what_is_watched(texts: list[str], expected: list[int]) -> None:
    given = statements(texts)
    assert statements_to_watch(given) == {given[index] for index in expected}


def test_each_file_is_judged_alone() -> None:
    one = Statement(text="alter table t alter a set not null", at=Location("a.sql", 1))
    other = Statement(text="alter table t alter a drop not null", at=Location("b.sql", 1))
    assert statements_to_watch([one, other]) == frozenset()


@pytest.mark.parametrize("text", ["rollback", "ROLLBACK TO s", "abort"])
def test_a_rollback_is_watched_and_a_commit_is_not(text: str) -> None:
    back = Statement(text=text, at=Location("a.sql", 2), kind=StatementKind.TRANSACTION)
    commit = Statement(text="commit", at=Location("a.sql", 3), kind=StatementKind.TRANSACTION)
    assert statements_to_watch([back, commit]) == {back}
