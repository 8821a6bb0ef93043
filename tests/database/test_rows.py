"""Rows that SQL leaves in tables, looked up on the other side of a real server; never a value."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migration_audit.audit.preflight import rows as row_facts
from migration_audit.audit.preflight.rows import compared_rows, source_rows
from migration_audit.catalog import read_snapshot
from migration_audit.compare import RowScope
from migration_audit.model.location import Location
from migration_audit.model.rows import RowsComparison, SeedMode, SourceRows
from migration_audit.project import SeedRule
from migration_audit.shadow.apply import apply_sources
from migration_audit.sources import load_source

pytestmark = pytest.mark.server

NO_MATCH = "matches no table with rows, or only tables of an earlier [[seed]]"
AT = Location("audit.toml", 9)
PRICE = "create table price (code text primary key, cents int not null);\n"
ROLE = "create table role (id serial primary key, name text unique);\n"
PARTITIONED = "create table p (a int) partition by list (a); create table q partition of p default;\n"
SEEDED = PRICE + "insert into price values ('basic', 900), ('pro', 2900);\n"

_numbers = itertools.count(1)

Compare = Callable[..., RowsComparison]


def rule(table: str = "public.price", **given: Any) -> SeedRule:
    return SeedRule(table=table, at=AT, **given)


@pytest.fixture
def rows_of(cluster: Any, tmp_path: Path) -> Iterator[Callable[[str], tuple[str, SourceRows]]]:
    """SQL to its connection string and its rows."""
    made: list[str] = []

    def rows_of(text: str) -> tuple[str, SourceRows]:
        name = f"rows_{next(_numbers)}"
        (tmp_path / "side.sql").write_text(text)
        conninfo = cluster.create_database(name)
        made.append(name)
        application = apply_sources(conninfo, [load_source("side", [tmp_path / "side.sql"], shown_from=tmp_path)])
        assert application.applied.failure is None, application.applied.failure
        return conninfo, source_rows(conninfo, application.trace.locate)

    yield rows_of
    for name in made:
        cluster.drop_database(name)


@pytest.fixture
def compare_sql(rows_of: Callable[[str], tuple[str, SourceRows]]) -> Compare:
    """Two sides as SQL to the comparison of their rows; each is applied once more where that is asked for."""

    def compare_sql(expected: str, actual: str, **scope: Any) -> RowsComparison:
        (_, left), (conninfo, right) = rows_of(expected), rows_of(actual)
        return compared_rows(
            (left, right),
            there=read_snapshot(conninfo).snapshot,
            scope=RowScope(**scope),
            again=lambda _: (rows_of(expected)[1], rows_of(actual)[1]),
        )

    return compare_sql


DIFFERENT = {
    "all are missing": (SEEDED, PRICE, "public.price has 2 rows on the expected side, 0 on the actual one"),
    "there is no such table": (
        SEEDED,
        "select 1;",
        "public.price has 2 rows on the expected side, 0 on the actual one, which has no such table",
    ),
    "one is missing": (
        SEEDED,
        PRICE + "insert into price values ('pro', 2900);",
        "public.price has 2 rows on the expected side, 1 on the actual one: 1 missing",
    ),
    "one has another value": (
        SEEDED,
        SEEDED.replace("900)", "901)", 1),
        "public.price has 2 rows on the expected side, 2 on the actual one: 1 changed (cents)",
    ),
    "one is another": (
        SEEDED,
        SEEDED.replace("pro", "team"),
        "public.price has 2 rows on the expected side, 2 on the actual one: 1 missing, 1 only on the actual side",
    ),
    "NULL is no empty text": (
        "create table t (a text); insert into t values (null);",
        "create table t (a text); insert into t values ('');",
        "public.t has 1 row on the expected side, 1 on the actual one: 1 missing, 1 only on the actual side",
    ),
    "one of two equal rows": (
        "create table t (a int); insert into t values (1), (1);",
        "create table t (a int); insert into t values (1);",
        "public.t has 2 rows on the expected side, 1 on the actual one: 1 missing",
    ),
    "values that change places": (
        "create table t (a int, b int); insert into t values (1, 2);",
        "create table t (a int, b int); insert into t values (2, 1);",
        "public.t has 1 row on the expected side, 1 on the actual one: 1 missing, 1 only on the actual side",
    ),
    "a value of a numbered row": (
        ROLE + "insert into role (name) values ('admin'), ('user');",
        ROLE + "insert into role (name) values ('admin'), ('guest');",
        "public.role has 2 rows on the expected side, 2 on the actual one: 1 changed (name)",
    ),
    "beside a column that is never the same": (
        "create table t (id uuid primary key default gen_random_uuid(), a int); insert into t (a) values (1), (2);",
        "create table t (id uuid primary key default gen_random_uuid(), a int); insert into t (a) values (1), (3);",
        "public.t has 2 rows on the expected side, 2 on the actual one: 1 missing, 1 only on the actual side",
    ),
    "in a partition": (
        PARTITIONED + "insert into p values (1), (2);",
        PARTITIONED + "insert into q values (1);",
        "public.p has 2 rows on the expected side, 1 on the actual one: 1 missing",
    ),
    "in a child, not in its parent": (
        "create table p (a int); create table c () inherits (p); insert into p values (1); insert into c values (2);",
        "create table p (a int); create table c () inherits (p); insert into p values (1);",
        "public.c has 1 row on the expected side, 0 on the actual one",
    ),
    "by COPY, in a table of odd names": (
        'create table "A b" ("c,d" text);\ncopy "A b" from stdin;\nx\n\\.\n',
        'create table "A b" ("c,d" text);',
        'public."A b" has 1 row on the expected side, 0 on the actual one',
    ),
    "without any column": (
        "create table z (); insert into z default values; insert into z default values;",
        "create table z (); insert into z default values;",
        "public.z has 2 rows on the expected side, 1 on the actual one: 1 missing",
    ),
}


@pytest.mark.parametrize(("expected", "actual", "said"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_is_not_on_the_other_side_is_reported(compare_sql: Compare, expected: str, actual: str, said: str) -> None:
    assert list(map(str, compare_sql(expected, actual).differing)) == [said]


NOW = "create table t (a int primary key, at timestamptz default now(), by text);\n"
RANDOM_KEYS = """\
create table a (id uuid primary key default gen_random_uuid(), n text);
create table b (a uuid references a, m text);
with x as (insert into a (n) values ('k') returning id) insert into b select id, 'v' from x;
"""
TRIGGER = f"""\
{NOW}
create function f() returns trigger language plpgsql as $$ begin new.at := clock_timestamp(); return new; end $$;
create trigger t before insert on t for each row execute function f();
insert into t values (1);
"""
SPELLED = "create table t (d date, i interval, f float8, b bytea);\ninsert into t values ('{}', '1 day', 0.1, 'x');"
DERIVED = """\
create materialized view m as select 1 as a;
create table g (a int, b int generated always as (a + 1) stored);
"""
OTHER_ORDER = "create table price (cents int, code text);\ninsert into price values (900, 'basic'), (2900, 'pro');"
NO_EQUALITY = "create table t (j json, x xml, p point);\ninsert into t values ('[1]', '<a/>', '(1,2)');"
SAME = {
    "the same": (SEEDED, SEEDED),
    "in another order": (SEEDED, PRICE + "insert into price values ('pro', 2900), ('basic', 900);"),
    "and more": (SEEDED, SEEDED + "insert into price values ('team', 1);"),
    "columns in another order": (SEEDED, OTHER_ORDER),
    "one more column": (SEEDED, SEEDED + "alter table price add note text default 'x';"),
    "a time of a default": (NOW + "insert into t values (1);", NOW + "insert into t values (1);"),
    "a time in the statement": (NOW + "insert into t values (1, clock_timestamp(), md5(random()::text));",) * 2,
    "a random key and what points at it": (RANDOM_KEYS, RANDOM_KEYS),
    "a time that a trigger sets": (TRIGGER, TRIGGER),
    "numbers by the order of rows": (
        ROLE + "insert into role (name) values ('admin'), ('user');",
        ROLE + "insert into role (name) values ('user'), ('admin');",
    ),
    "what depends on the settings of a session": (
        f"set datestyle = 'German'; set intervalstyle = 'iso_8601';\n{SPELLED.format('24.12.2026')}",
        SPELLED.format("2026-12-24"),
    ),
    "types without equality": (NO_EQUALITY, NO_EQUALITY),
    "temporary and derived": (f"create temp table x as select 1 as a;\n{DERIVED}", DERIVED),
    "all deleted again": (SEEDED + "delete from price;", PRICE),
    "behind row-level security": (
        SEEDED + "alter table price enable row level security, force row level security;",
        SEEDED,
    ),
}


@pytest.mark.parametrize(("expected", "actual"), SAME.values(), ids=SAME)
def test_what_is_there_is_quiet(compare_sql: Compare, expected: str, actual: str) -> None:
    found = compare_sql(expected, actual)
    assert found.differing == ()
    assert found.unread == ()
    assert [one for one in found.sequences if one.is_behind] == []


def test_columns_that_are_never_the_same_are_named(compare_sql: Compare) -> None:
    (found,) = compare_sql(NOW + "insert into t values (1);", NOW + "insert into t values (1);").tables
    assert found.left_out == (("at", "its values change whenever the SQL is applied"),)
    assert found.digests is not None
    assert found.digests[0] == found.digests[1]


def test_numbers_that_do_not_count_are_named(compare_sql: Compare) -> None:
    (found,) = compare_sql(*SAME["numbers by the order of rows"]).tables
    assert [column for column, _ in found.left_out] == ["id"]


RULES: dict[str, tuple[str, SeedRule, str | None]] = {
    "ignore": (PRICE, rule(mode=SeedMode.IGNORE), None),
    "count of other rows": (SEEDED.replace("pro", "team"), rule(mode=SeedMode.COUNT), None),
    "count": (
        SEEDED + "insert into price values ('x', 1);",
        rule(mode=SeedMode.COUNT),
        "public.price has 2 rows on the expected side, 3 on the actual one: 1 only on the actual side",
    ),
    "exact": (
        SEEDED + "insert into price values ('x', 1);",
        rule(mode=SeedMode.EXACT),
        "public.price has 2 rows on the expected side, 3 on the actual one: 1 only on the actual side",
    ),
    "exact of the same": (SEEDED, rule("public.*", mode=SeedMode.EXACT), None),
    "without a column": (SEEDED.replace("900)", "1)"), rule(excluded=("cents",)), None),
    "one column": (SEEDED.replace("900)", "1)"), rule(columns=("code",)), None),
    "one column that differs": (
        SEEDED.replace("pro", "team"),
        rule(columns=("code",)),
        "public.price has 2 rows on the expected side, 2 on the actual one: 1 missing, 1 only on the actual side",
    ),
    "another table": (PRICE, rule("public.other", mode=SeedMode.IGNORE), str(DIFFERENT["all are missing"][2])),
}


@pytest.mark.parametrize(("actual", "seed", "said"), RULES.values(), ids=RULES)
def test_rules_decide_by_table(compare_sql: Compare, actual: str, seed: SeedRule, said: str | None) -> None:
    assert list(map(str, compare_sql(SEEDED, actual, rules=(seed,)).differing)) == ([said] if said else [])


def test_only_the_first_rule_that_matches_counts_and_one_without_effect_is_reported(compare_sql: Compare) -> None:
    rules = (
        rule("public.pr*", columns=("code", "colour")),
        rule(mode=SeedMode.IGNORE),
        rule("public.nope", mode=SeedMode.COUNT),
    )
    found = compare_sql(SEEDED, PRICE, rules=rules)
    assert len(found.differing) == 1
    assert found.notes == (
        "audit.toml:9: [[seed]] public.pr* names column colour, which does not exist",
        f"audit.toml:9: [[seed]] public.price {NO_MATCH}",
        f"audit.toml:9: [[seed]] public.nope {NO_MATCH}",
    )


POSITIONS = {
    "behind": (
        ROLE + "insert into role (name) values ('a'), ('b');",
        ROLE + "insert into role values (1, 'a'), (2, 'b');",
        ["the next value of sequence public.role_id_seq is 3 on the expected side, 1 on the actual one", True],
    ),
    "ahead": (
        ROLE + "insert into role (name) values ('a');",
        ROLE + "insert into role values (1, 'a'); select setval('role_id_seq', 10);",
        ["the next value of sequence public.role_id_seq is 2 on the expected side, 11 on the actual one", False],
    ),
    "of no table": (
        "create sequence nr; select setval('nr', 100, false);",
        "create sequence nr;",
        ["the next value of sequence public.nr is 100 on the expected side, 1 on the actual one", True],
    ),
    "downwards": (
        "create sequence nr increment -1 maxvalue 100; select setval('nr', 50);",
        "create sequence nr increment -1 maxvalue 100;",
        ["the next value of sequence public.nr is 49 on the expected side, 100 on the actual one", True],
    ),
    "the table says it": (ROLE + "insert into role (name) values ('a');", ROLE, []),
    "only the owner has moved it": (ROLE, ROLE + "select nextval('role_id_seq');", []),
}


@pytest.mark.parametrize(("expected", "actual", "said"), POSITIONS.values(), ids=POSITIONS)
def test_a_sequence_that_goes_on_elsewhere_is_reported(
    compare_sql: Compare, expected: str, actual: str, said: list[object]
) -> None:
    found = compare_sql(expected, actual).sequences
    assert [part for one in found for part in (str(one), one.is_behind)] == said


@pytest.mark.parametrize("most", ["MOST_ROWS", "MOST_VALUES"])
def test_too_many_rows_are_only_counted_and_that_is_reported(
    compare_sql: Compare, monkeypatch: pytest.MonkeyPatch, most: str
) -> None:
    monkeypatch.setattr(row_facts, most, 3)
    many = "create table t (a int, b int); insert into t select n, n from generate_series(1, {}) as n;"
    found = compare_sql(many.format(4), many.format(4).replace("n, n", "n, -n"))
    assert found.differing == ()
    assert found.tables[0].counted_because == "there are too many rows to read"
    found = compare_sql(many.format(5), many.format(4))
    assert str(found.differing[0]) == "public.t has 5 rows on the expected side, 4 on the actual one: 1 missing"


def test_a_table_that_may_not_be_read_is_no_table_without_rows(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(SEEDED)
        connection.execute("create role rows_reader login")
        try:
            found = source_rows(database.replace("user='postgres'", "user='rows_reader'"), lambda *_: None)
        finally:
            connection.execute("drop role rows_reader")
    (price,) = found.tables
    assert price.count is None
    assert price.reason == "cannot be read: permission denied for table price"


def test_a_value_is_nowhere_and_the_statement_that_wrote_it_is_named(compare_sql: Compare) -> None:
    secret = "create table t (a text);\n\ninsert into t values ('pl4nt3d');"
    found = compare_sql(secret, secret.replace("pl4nt3d", "x"))
    assert "pl4nt3d" not in repr(found)
    assert str(found.tables[0].where) == "side.sql:3"


@pytest.mark.slow
@pytest.mark.timescale
def test_a_hypertable_is_read_through_its_root(compare_sql: Compare) -> None:
    text = """\
create extension timescaledb;
create table h (ts timestamptz not null, v float);
select create_hypertable('h', 'ts');
insert into h values ('2026-01-01', 1), ('2026-03-01', 2);
"""
    found = compare_sql(text, text.replace(", ('2026-03-01', 2)", ""))
    assert list(map(str, found.differing)) == ["public.h has 2 rows on the expected side, 1 on the actual one: 1 missing"]
    assert [one.table for one in found.tables] == ["public.h"]


def test_what_is_left_out_is_reported_with_its_reason(compare_sql: Compare) -> None:
    found = compare_sql(SEEDED, PRICE, left_out={"public.price": "a runner's ledger"})
    assert (found.tables, found.notes) == ((), ("rows of public.price are not compared: a runner's ledger",))


def test_a_second_application_that_fails_is_reported(rows_of: Callable[[str], tuple[str, SourceRows]]) -> None:
    (_, left), (conninfo, right) = rows_of(SEEDED), rows_of(SEEDED.replace("900)", "901)"))
    failed = SourceRows(reason="the role is there already")
    found = compared_rows(
        (left, right), there=read_snapshot(conninfo).snapshot, scope=RowScope(), again=lambda _: (left, replace(failed))
    )
    assert len(found.differing) == 1
    assert found.notes[-1].endswith("change whenever the SQL is applied: the role is there already")
