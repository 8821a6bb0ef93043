"""What no modelled kind claims is reported by kind and name, and what is claimed or built in is not."""

from __future__ import annotations

import psycopg
import pytest

from migration_audit.catalog import read_snapshot

pytestmark = pytest.mark.server

CASES: dict[str, tuple[str, set[tuple[str, str]]]] = {
    "nothing": ("", set()),
    "what PostgreSQL makes for a type": (
        (
            "create type r as range (subtype = int); create type e as enum ('a'); create domain d as int;"
            "create type c as (a int); create table t (x r[], y e[], z d[])"
        ),
        set(),
    ),
    "something in pg_catalog": (
        "create function pg_catalog.mine() returns int language sql as 'select 1'",
        {("function", "pg_catalog.mine()")},
    ),
    "a type in pg_catalog": ("create type pg_catalog.mine as enum ('a')", {("type", "pg_catalog.mine")}),
    "a table in information_schema": (
        "create table information_schema.mine (a int)",
        {("table", "information_schema.mine")},
    ),
    "extension with all of these": ("create extension hstore; create extension citext; create extension postgis", set()),
    "large object without privileges": ("select lo_create(0)", set()),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_not_modelled_is_reported(database: str, case: tuple[str, set[tuple[str, str]]]) -> None:
    statements, expected = case
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(statements.encode())
    snapshot = read_snapshot(database).snapshot
    assert {(u.kind, u.identity) for u in snapshot.unmodelled} == expected
