"""Rows that stand in the way of a unique index or a NOT NULL are counted as PostgreSQL itself would refuse them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from migration_audit.catalog import duplicates, open_connection, read_snapshot
from migration_audit.catalog.duplicates import count_obstacles
from migration_audit.compare import AGAINST_LIVE, compare
from migration_audit.model.errors import DatabaseError
from migration_audit.model.live import Demand, Obstacle, Wanted, wanted_in

pytestmark = pytest.mark.server

ROWS = """
insert into t values (1, 'a', 'x', 10), (1, 'a', 'y', 20), (2, 'b', null, 30), (2, 'b', null, 40), (3, 'C', 'z', 50),
                     (4, 'c', 'z', 60), (null, null, 'w', 70), (null, null, 'w', 80)
"""
TABLE = 'create table t (a int, b text, c text, "D d" int); ' + ROWS

# what the owner's SQL has beyond live: (its SQL, keys, rows, columns); None where it could not be counted
CASES = {
    "a unique index": ("create unique index u on t (a)", 2, 4, "a"),
    "of two columns, in any order": ("create unique index u on t (b desc, a)", 2, 4, "b, a"),
    "a null is no duplicate": ("create unique index u on t (a, c)", 0, 0, "a, c"),
    "nulls not distinct": ("create unique index u on t (a, b) nulls not distinct", 3, 6, "a, b"),
    "a predicate": ('create unique index u on t (a) where c is not null and "D d" > 5', 1, 2, "a"),
    "an expression": ("create unique index u on t (lower(b)) where a > 2", 1, 2, "(lower(b))"),
    "an expression without duplicates": ("create unique index u on t (b) where a > 2", 0, 0, "b"),
    "a collation": ('create unique index u on t (b collate "C")', 2, 4, '(b COLLATE "C")'),
    "an odd name": ('create unique index u on t ("D d")', 0, 0, '"D d"'),
    "included columns do not count": ("create unique index u on t (a) include (c)", 2, 4, "a"),
    "a unique constraint": ("alter table t add constraint u unique (a, b)", 2, 4, "a, b"),
    "a deferrable one": ("alter table t add constraint u unique nulls not distinct (c) deferrable", 3, 6, "c"),
    "not null": ("alter table t alter b set not null", 2, 2, "b"),
    "a column that needs a value": ("alter table t add e int not null", 8, 8, "e"),
}


def make(conninfo: str, statements: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statements.encode())


def obstacles(live: str, cluster: Any, extra: str, table: str = TABLE, limit_ms: int = 60_000) -> tuple[Obstacle, ...]:
    """What stands in the way in ``live`` of what ``extra`` adds to the table without its rows."""
    name = "obstacles_expected"
    expected = cluster.create_database(name)
    try:
        make(expected, f"{table.partition('insert into')[0]}; {extra}")
        want = read_snapshot(expected).snapshot
    finally:
        cluster.drop_database(name)
    with open_connection(live) as connection:
        have = read_snapshot(connection).snapshot
        drift = compare(expected=want, actual=have, rules=AGAINST_LIVE)
        connection.execute("select set_config('statement_timeout', %s, true)", [f"{limit_ms}ms"])
        return count_obstacles(connection, wanted_in(drift, have))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_stands_in_the_way_is_counted(database: str, cluster: Any, case: tuple[str, int, int, str]) -> None:
    extra, keys, rows, columns = case
    make(database, TABLE)
    (found,) = obstacles(database, cluster, extra)
    assert (found.keys, found.rows, found.columns, found.reason) == (keys, rows, columns, None)
    # PostgreSQL must be of the same opinion.
    try:
        make(database, extra)
        refused = False
    except (psycopg.errors.UniqueViolation, psycopg.errors.NotNullViolation):
        refused = True
    assert refused is (keys > 0)


def test_a_primary_key_asks_for_two_things(database: str, cluster: Any) -> None:
    make(database, TABLE)
    found = obstacles(database, cluster, "alter table t add primary key (a)")
    assert [(o.wanted.kind, o.wanted.demand, o.keys) for o in found] == [
        ("column", "not null", 2),
        ("constraint", "unique", 2),
    ]


def test_the_listing_is_what_was_counted(database: str, cluster: Any) -> None:
    make(database, TABLE)
    (found,) = obstacles(database, cluster, "create unique index u on t (a) where c is not null")
    assert (
        found.listing
        == 'SELECT a, count(*) FROM "public"."t" WHERE (c IS NOT NULL) AND a IS NOT NULL GROUP BY a HAVING count(*) > 1;'
    )
    with psycopg.connect(database) as connection:
        assert connection.execute(found.listing.encode()).fetchall() == [(1, 2)]


def test_nothing_is_wanted_of_what_is_there_or_of_a_table_that_is_not(database: str, cluster: Any) -> None:
    make(database, TABLE + "; create index plain on t (a)")
    extra = "create table other (x int primary key); create index more on t (b); alter table t add e int not null default 0"
    assert obstacles(database, cluster, extra) == ()


def test_rows_of_an_inheriting_table_do_not_count(database: str, cluster: Any) -> None:
    make(database, TABLE + "; create table child () inherits (t); insert into child values (3, 'x', 'x', 1)")
    (found,) = (o for o in obstacles(database, cluster, "create unique index u on t (a)") if o.wanted.key == "public.u")
    assert (found.keys, found.rows) == (2, 4)


def test_an_invalid_index_is_counted_again(database: str, cluster: Any) -> None:
    make(database, TABLE)
    with psycopg.connect(database, autocommit=True) as connection, pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute("create unique index concurrently u on t (a)")
    (found,) = obstacles(database, cluster, "create unique index u on t (a)")
    assert found.keys == 2


def test_a_function_of_the_database_is_not_called(database: str, cluster: Any) -> None:
    extra = "create function f(int) returns int immutable language plpgsql as 'begin return $1; end';"
    make(database, TABLE + ";" + extra)
    (found,) = obstacles(database, cluster, extra + "create unique index u on t (f(a))")
    assert (found.keys, found.reason) == (None, "it calls public.f, and the audit does not call functions of the database")


@pytest.mark.slow
def test_a_count_that_takes_too_long_says_so_and_the_next_one_goes_on(database: str, cluster: Any) -> None:
    big = "create table t (a int, b int); insert into t select n, n from generate_series(1, 3000000) as n"
    make(database, big + "; create table s (a int); insert into s values (1), (1)")
    with psycopg.connect(database) as connection:
        connection.execute("analyze s")
    found = obstacles(
        database,
        cluster,
        "create table s (a int); create unique index u on t (a); create unique index w on s (a)",
        table=big,
        limit_ms=300,
    )
    assert [(o.keys, o.reason) for o in found] == [(None, "it could not be counted within 300ms"), (1, None)]


@pytest.fixture
def plain(database: str, cluster: Any) -> Iterator[str]:
    make(database, "create role plain login")
    yield cluster.conninfo(str(psycopg.conninfo.conninfo_to_dict(database)["dbname"]), "plain")
    make(database, "drop owned by plain; drop role plain")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", "it cannot be counted: permission denied for table t"),
        ("grant select on t to plain; alter table t enable row level security", "row-level security"),
    ],
    ids=["no SELECT", "row security"],
)
def test_rows_that_may_not_be_read_are_not_none(database: str, cluster: Any, plain: str, more: str, said: str) -> None:
    make(database, f"{TABLE}; {more}")
    (found,) = (o for o in obstacles(plain, cluster, "create unique index u on t (a)"))
    assert found.keys is None
    assert said in str(found.reason)


@pytest.mark.timescale
def test_a_hypertable_is_counted_with_all_its_chunks(database: str, cluster: Any) -> None:
    table = (
        "create extension timescaledb; create table t (ts timestamptz not null, a int); select create_hypertable('t', 'ts')"
    )
    days = "generate_series(0, 30) as n, generate_series(1, 2)"
    rows = f"; insert into t select timestamptz '2026-01-01' + n * interval '1 day', 1 from {days}"
    make(database, table + rows)
    (found,) = obstacles(database, cluster, "; create unique index u on t (ts, a)", table=table)
    assert (found.keys, found.rows) == (31, 62)


CHUNKED = {
    "a hypertable": (
        "create extension timescaledb; create table t (ts timestamptz not null, a int);"
        "select create_hypertable('t', 'ts', chunk_time_interval => interval '1 day', create_default_indexes => false);"
        "create index on t (a, ts);"
    ),
    "a partitioned table": (
        "create table t (ts timestamptz not null, a int) partition by range (ts); create index on t (a, ts);"
        "do $$ begin for n in 0..119 loop execute format('create table t%s partition of t for values from (%L) to (%L)',"
        " n, timestamptz '2026-01-01' + n * interval '1 day', timestamptz '2026-01-02' + n * interval '1 day');"
        " end loop; end $$;"
    ),
}
PARTS = 120
DAYS = (
    f"insert into t select timestamptz '2026-01-01' + n * interval '1 day', n from generate_series(0, {PARTS - 1}) as n;"
    "insert into t select timestamptz '2026-01-01' + n * interval '1 day', n from generate_series(7, 9) as n"
)


@pytest.fixture(params=CHUNKED)
def chunked(request: pytest.FixtureRequest, database: str) -> str:
    """A table in many parts, with three duplicates."""
    make(database, CHUNKED[request.param] + DAYS)
    return database


def unique(columns: str = "a, ts") -> Wanted:
    definition = f"CREATE UNIQUE INDEX u ON public.t USING btree ({columns})"
    return Wanted(kind="index", key="public.u", demand=Demand.UNIQUE, schema="public", table="t", index=definition)


def test_a_table_in_many_parts_is_read_part_by_part(chunked: str) -> None:
    with open_connection(chunked) as connection:
        (found,) = count_obstacles(connection, [unique()])
        held = connection.execute(
            "select count(*) from pg_catalog.pg_locks where pid = pg_catalog.pg_backend_pid()"
        ).fetchone()
        workers = connection.execute("select current_setting('max_parallel_workers_per_gather')").fetchone()
        files = connection.execute("select current_setting('temp_file_limit')").fetchone()
    assert (found.keys, found.rows, found.is_least, found.reason) == (3, 6, False, None)
    assert held is not None
    assert held[0] < 60, "each part has a lock of its own, and one for each index"
    assert (workers, files) == (("0",), ("1GB",))


def test_only_rows_of_the_parts_count(chunked: str) -> None:
    missing = Wanted(kind="column", key="t.a", demand=Demand.NOT_NULL, schema="public", table="t", column="a")
    make(
        chunked, "insert into t select timestamptz '2026-01-05' + n * interval '1 day', null from generate_series(0, 4) as n"
    )
    with open_connection(chunked) as connection:
        found = count_obstacles(connection, [missing, unique("a, ts DESC"), unique("a")])
    assert [(o.keys, o.rows) for o in found] == [(5, 5), (3, 6), (None, None)]
    assert found[2].reason == "it lacks ts, by which the table is partitioned: a unique index must include it"


def test_a_count_that_has_not_seen_all_rows_is_undecided_or_at_least(chunked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "MOST_ROWS", 1)
    with open_connection(chunked) as connection:
        (found,) = count_obstacles(connection, [unique()])
        assert (found.keys, found.rows, found.is_least, found.reason) == (1, 2, True, None)
    make(chunked, "delete from t; " + DAYS.partition(";")[0] + "; insert into t values ('2026-01-08 12:00', 1)")
    with open_connection(chunked) as connection:
        (found,) = count_obstacles(connection, [unique()])
    assert found.keys is None
    assert found.reason is not None
    assert re.fullmatch(r"it has more than 1 rows, which are not counted \(\d+ of 12\d parts were\)", found.reason)


def test_the_time_is_one_for_all_parts(chunked: str) -> None:
    make(chunked, "delete from t; " + DAYS.partition(";")[0])
    slow = unique("a, ts, (((pg_sleep(0.02))::text))")  # as long as no part is
    with open_connection(chunked, statement_timeout_ms=600) as connection:
        (found,) = count_obstacles(connection, [slow])
        assert connection.execute("select current_setting('statement_timeout')").fetchone() == ("600ms",)
    assert found.keys is None
    assert re.fullmatch(r"it could not be counted within 600ms \([1-9]\d* of 12\d parts were\)", found.reason or "")


@pytest.mark.parametrize(("times", "is_read"), [(1, True), (3, False)])
def test_rows_that_are_truncated_meanwhile_are_counted_again(
    chunked: str, monkeypatch: pytest.MonkeyPatch, times: int, is_read: bool
) -> None:
    make(chunked, "create table copy as select * from t")
    begun: list[str] = []
    counting = duplicates._counting

    def truncated_before(*args: Any) -> Any:
        if len(begun) < times and not begun.count(stamp()):
            begun.append(stamp())
            make(chunked, "truncate t; insert into t select * from copy")
        return counting(*args)

    def stamp() -> str:
        """One for each reading."""
        return str(connection.execute("select now()").fetchone())

    monkeypatch.setattr(duplicates, "_counting", truncated_before)
    with open_connection(chunked) as connection:
        if is_read:
            (found,) = count_obstacles(connection, [unique()])
            assert (found.keys, found.rows) == (3, 6), "in the snapshot of the first reading, the new rows do not exist"
        else:
            with pytest.raises(DatabaseError, match=r"(?s)table public.t was replaced or truncated.*DDL was running"):
                count_obstacles(connection, [unique()])
    assert len(begun) == times


def test_who_may_not_set_a_limit_for_files_counts_without(chunked: str, cluster: Any) -> None:
    make(chunked, "create role counts login; grant select on t to counts")
    # Of a hypertable, TimescaleDB has given it to the chunks already.
    each = "for part in select inhrelid from pg_inherits where inhparent = 't'::regclass"
    grant = "execute format('grant select on %s to counts', part)"
    make(
        chunked,
        f"do $$ declare part regclass; begin {each} loop {grant}; end loop; end $$",
    )
    try:
        name = str(psycopg.conninfo.conninfo_to_dict(chunked)["dbname"])
        with open_connection(cluster.conninfo(name, "counts")) as connection:
            (found,) = count_obstacles(connection, [unique()])
            assert connection.execute("select current_setting('temp_file_limit')").fetchone() == ("-1",)
        assert (found.keys, found.rows) == (3, 6)
    finally:
        make(chunked, "drop owned by counts; drop role counts")
