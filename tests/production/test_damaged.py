"""A catalog that no DDL leaves behind is named as damaged, with the row; never silent, and never taken for DDL that runs."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from migration_audit.catalog import open_connection, read_snapshot
from migration_audit.catalog.queries import load_query
from migration_audit.model.errors import DatabaseError

pytestmark = pytest.mark.server

HYPERTABLE = (
    "create extension timescaledb; create table h (ts timestamptz not null, v int); select create_hypertable('h', 'ts');"
    "insert into h values ('2026-01-01', 1), ('2026-03-01', 2)"
)
TABLE = "create table t (a int, b text default 'x', c int); create index t_b on t (b); create view v as select b from t"

# what is there, what is done to it, what is said
DAMAGES = {
    "a hypertable without a table": (
        HYPERTABLE,
        "update _timescaledb_catalog.hypertable set table_name = 'gone'",
        "_timescaledb_catalog.hypertable: row 1 is of table public.gone, which does not exist",
    ),
    "a chunk without a table": (
        HYPERTABLE,
        "update _timescaledb_catalog.chunk set table_name = 'gone' where id = 2",
        "_timescaledb_catalog.chunk: row 2 is of table _timescaledb_internal.gone, which does not exist",
    ),
    "a dimension without a column": (
        HYPERTABLE,
        "update _timescaledb_catalog.dimension set column_name = 'gone'",
        "_timescaledb_catalog.dimension: row 1 is of column public.h.gone, which does not exist",
    ),
    "an owner that is not a role": (
        TABLE,
        "update pg_class set relowner = 4242 where relname = 't'",
        "pg_class: public.t is owned by role 4242, which does not exist",
    ),
    "a function's owner": (
        "create function f() returns int language sql as 'select 1'",
        "update pg_proc set proowner = 4242 where proname = 'f'",
        "(f) is owned by role 4242, which does not exist",
    ),
    "a schema's owner": (
        "create schema s",
        "update pg_namespace set nspowner = 4242 where nspname = 's'",
        "pg_namespace: schema s is owned by role 4242, which does not exist",
    ),
    "a column that is needed": (
        TABLE,
        "delete from pg_attribute where attrelid = 't'::regclass and attname = 'b'",
        "pg_attribute: public.t has 2 of 3 columns; the rows of the others are missing",
    ),
    "a column of a view": (
        "create table t (a int); create view w as select a, 1 as b from t",
        "delete from pg_attribute where attrelid = 'w'::regclass and attname = 'b'",
        "pg_attribute: public.w has 1 of 2 columns; the rows of the others are missing",
    ),
    "a schema that is gone": (
        "create schema s; create table s.t (a int)",
        "delete from pg_namespace where nspname = 's'",
        'is in a schema that does not exist',
    ),
    "an index without a table": (
        "create table t (a int primary key)",
        "delete from pg_class where relname = 't'",
        "one of them does not exist",
    ),
}  # fmt: skip


def damage(conninfo: str, before: str, after: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(before.encode())
        connection.execute("set allow_system_table_mods = on")
        connection.execute(after.encode())


@pytest.mark.parametrize("case", DAMAGES)
def test_a_damaged_catalog_is_named(database: str, case: str) -> None:
    before, after, said = DAMAGES[case]
    damage(database, before, after)
    with pytest.raises(DatabaseError) as caught:
        read_snapshot(database)
    error = caught.value
    assert error.what.startswith("the catalog is damaged: ")
    assert said in error.what
    assert error.where == conninfo_to_dict(database)["dbname"]
    assert "restore what is lost" in (error.todo or "")
    with open_connection(database) as connection, pytest.raises(DatabaseError, match="the catalog is damaged"):
        read_snapshot(connection)


@pytest.mark.timescale
def test_the_newest_timescaledb_keeps_its_chunks_by_number(newest_cluster: Any) -> None:
    conninfo = newest_cluster.create_database("damaged")
    damage(conninfo, HYPERTABLE, "select 1")
    assert read_snapshot(conninfo).snapshot.chunks
    damage(conninfo, "select 1", "update _timescaledb_catalog.chunk set relid = 4242 where id = 2")
    with pytest.raises(DatabaseError, match="chunk: row 2 is of table 4242, which does not exist"):
        read_snapshot(conninfo)
    newest_cluster.drop_database("damaged")


@pytest.mark.parametrize("before", [HYPERTABLE, TABLE, "alter table if exists x drop column y"])
def test_a_sound_catalog_is_read(database: str, before: str) -> None:
    damage(database, f"{before}; create table d (a int, b int); alter table d drop column b", "select 1")
    assert read_snapshot(database).snapshot.objects


@pytest.mark.timescale
def test_a_chunk_that_is_dropped_meanwhile_is_no_damage(newest_cluster: Any) -> None:
    conninfo = newest_cluster.create_database("dropping")
    try:
        damage(conninfo, HYPERTABLE, "select 1")
        with open_connection(conninfo) as connection:
            assert connection.execute("select count(*) from _timescaledb_catalog.chunk").fetchone() == (2,)
            with psycopg.connect(conninfo, autocommit=True) as other:
                other.execute("select drop_chunks('h', older_than => timestamptz '2026-02-01')")
            assert connection.execute(load_query("damage_timescaledb")).fetchall() == []
    finally:
        newest_cluster.drop_database("dropping")
