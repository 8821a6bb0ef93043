"""What no modelled kind claims is told by kind and name, and what is claimed or built in is not."""

from __future__ import annotations

import psycopg
import pytest

from migration_audit.catalog import read_snapshot

pytestmark = pytest.mark.server

CASES: dict[str, tuple[str, set[tuple[str, str]]]] = {
    "nothing": ("", set()),
    "aggregate": (
        "create aggregate public.a(int) (sfunc = int4pl, stype = int)",
        {("aggregate", "public.a(integer)")},
    ),
    "cast": (
        "create type c as (a int); create cast (text as c) with inout",
        {("cast", "(pg_catalog.text AS public.c)")},
    ),
    "collation": ('create collation c from "C"', {("collation", "public.c")}),
    "conversion": (
        "create conversion c for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8",
        {("conversion", "public.c")},
    ),
    "event trigger": (
        (
            "create function f() returns event_trigger language plpgsql as 'begin end';"
            " create event trigger e on ddl_command_end execute function f()"
        ),
        {("event trigger", "e")},
    ),
    "foreign-data wrapper and server": (
        "create foreign data wrapper w; create server s foreign data wrapper w; create user mapping for public server s",
        {("foreign-data wrapper", "w"), ("server", "s"), ("user mapping", "public on server s")},
    ),
    "language": (
        (
            "create function h() returns language_handler language c as '$libdir/plpgsql', 'plpgsql_call_handler';"
            "create language l handler h"
        ),
        {("language", "l")},
    ),
    "operator": (
        "create operator public.=== (leftarg = int, rightarg = int, function = int4eq)",
        {("operator", "public.===(integer,integer)")},
    ),
    "operator class": (
        "create operator class o for type int using btree as operator 1 <, function 1 btint4cmp(int, int)",
        {("operator class", "public.o USING btree"), ("operator family", "public.o USING btree")},
    ),
    "publication": ("create publication p for all tables", {("publication", "p")}),
    "subscription": (
        "create subscription s connection 'host=nowhere password=hunter2' publication p with (connect = false)",
        {("subscription", "s")},
    ),
    "rule": (
        "create table t (a int); create rule r as on insert to t do nothing",
        {("rule", "r on public.t")},
    ),
    "extended statistics": (
        "create table t (a int, b int); create statistics s on a, b from t",
        {("statistics object", "public.s")},
    ),
    "text search": (
        "create text search configuration c (copy = simple); create text search dictionary d (template = simple)",
        {("text search configuration", "public.c"), ("text search dictionary", "public.d")},
    ),
    "transform": (
        (
            "create type c as (a int);"
            "create function f(internal) returns internal language internal immutable strict as 'textout';"
            "create transform for c language plpgsql (from sql with function f(internal))"
        ),
        {("transform", "for public.c language plpgsql")},
    ),
    "default privileges": (
        "alter default privileges for role current_user in schema public grant select on tables to public",
        {("default acl", "for role {user} in schema public on tables")},
    ),
    "base and shell type": (
        (
            "create type shell; create type base;"
            "create function i(cstring) returns base language internal strict as 'int4in';"
            "create function o(base) returns cstring language internal strict as 'int4out';"
            "create type base (input = i, output = o, like = int)"
        ),
        {("type", "public.base"), ("type", "public.shell")},
    ),
    "access method": (
        "create access method a type table handler heap_tableam_handler",
        {("access method", "a")},
    ),
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
    "dependency on an extension": (
        (
            "create extension pg_trgm; create function f() returns int language sql as 'select 1';"
            "alter function f() depends on extension pg_trgm"
        ),
        {("dependency on an extension", "function public.f() on pg_trgm")},
    ),
    "extension with all of these": ("create extension hstore; create extension citext; create extension postgis", set()),
    "large object without privileges": ("select lo_create(0)", set()),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_not_modelled_is_told(database: str, case: tuple[str, set[tuple[str, str]]]) -> None:
    statements, expected = case
    with psycopg.connect(database, autocommit=True) as connection:
        user = connection.info.user
        connection.execute(statements.encode())
        snapshot = read_snapshot(database).snapshot
        if "subscription" in statements:
            connection.execute("alter subscription s disable")
            connection.execute("alter subscription s set (slot_name = none)")
            connection.execute("drop subscription s")
    assert {(u.kind, u.identity) for u in snapshot.unmodelled} == {(k, i.format(user=user)) for k, i in expected}
    assert "hunter2" not in repr(snapshot)


def test_large_objects_with_privileges_are_told_without_their_numbers(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("select lo_create(4242); grant select on large object 4242 to public")
    [told] = read_snapshot(database).snapshot.unmodelled
    assert (told.kind, told.identity) == ("large object", "with privileges, owned by postgres")
