"""Privileges in words: what was granted and revoked, the same for an ACL that was never touched and one that says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from migration_audit.catalog import read_snapshot

pytestmark = pytest.mark.server

OBJECTS = {
    "table": ("create table o (a int)", "table o", "SELECT", ()),
    "view": ("create view o as select 1 as a", "table o", "SELECT", ()),
    "materialized view": ("create materialized view o as select 1 as a", "table o", "SELECT", ()),
    "sequence": ("create sequence o", "sequence o", "USAGE", ()),
    "function": (
        "create function o() returns int language sql as 'select 1'",
        "function o()",
        "EXECUTE",
        ("PUBLIC: EXECUTE",),
    ),
    "type": ("create type o as enum ('a')", "type o", "USAGE", ("PUBLIC: USAGE",)),
    "schema": ("create schema o", "schema o", "USAGE", ()),
}


@pytest.fixture
def roles(cluster: Any) -> Iterator[tuple[str, str]]:
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute('create role writer; create role "Odd Role"')
    yield "writer", '"Odd Role"'
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute('drop role writer; drop role "Odd Role"')


@pytest.mark.parametrize(("kind", "case"), OBJECTS.items(), ids=OBJECTS)
def test_privileges_are_reported_in_words(
    database: str, roles: tuple[str, str], kind: str, case: tuple[str, str, str, tuple[str, ...]]
) -> None:
    create, name, privilege, untouched = case
    steps = [
        (create, untouched),
        (f"grant {privilege} on {name} to writer", (*untouched, f"writer: {privilege}")),
        (
            f'grant {privilege} on {name} to "Odd Role" with grant option',
            (f"Odd Role: {privilege} (with grant option)", *untouched, f"writer: {privilege}"),
        ),
        (
            f'revoke all on {name} from "Odd Role", public, current_user',
            ("(owner): none", f"writer: {privilege}"),
        ),
        # What is granted back is what nobody would have touched, although its ACL is no longer NULL.
        (
            f"revoke all on {name} from writer; grant all on {name} to current_user"
            + ("" if not untouched else f"; grant {privilege} on {name} to public"),
            untouched,
        ),
    ]
    with psycopg.connect(database, autocommit=True) as connection:
        for statement, expected in steps:
            connection.execute(statement.encode())
            objects = read_snapshot(database).snapshot.objects
            found = [obj for obj in objects if obj.kind == kind and "o" in {o.strip("()") for o in obj.key.split(".")}]
            assert [obj.privileges for obj in found] == [expected], statement
        connection.execute(b"drop owned by writer")


def test_columns_have_privileges_of_their_own(database: str, roles: tuple[str, str]) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table t (a int, b int); grant insert (a), select (a) on t to writer")
        connection.execute("grant select (b) on t to current_user")
        by_key = read_snapshot(database).snapshot.by_key
        connection.execute("drop owned by writer")
    assert by_key["column", "public.t.a"].privileges == ("writer: INSERT, SELECT",)
    assert by_key["column", "public.t.b"].privileges == ("(owner): SELECT",)


def test_who_granted_is_reported_where_it_was_not_the_owner(database: str, roles: tuple[str, str]) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table t (a int); grant select on t to writer with grant option")
        connection.execute('set role writer; grant select on t to "Odd Role"; reset role')
        table = read_snapshot(database).snapshot.by_key["table", "public.t"]
        connection.execute("drop owned by writer cascade")
    assert table.privileges == (
        "Odd Role (granted by writer): SELECT",
        "writer: SELECT (with grant option)",
    )


def test_the_owner_is_named_once(database: str, roles: tuple[str, str]) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table t (a int); alter table t owner to writer; revoke delete on t from writer")
        table = read_snapshot(database).snapshot.by_key["table", "public.t"]
        connection.execute("drop owned by writer")
    assert table.owner == "writer"
    [line] = table.privileges
    assert line.startswith("(owner): INSERT, ")
    assert "DELETE" not in line


def test_public_is_reported_as_new_servers_make_it(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        before = read_snapshot(database).snapshot.by_key["schema", "public"]
        # What a database has that was made by PostgreSQL 14, whose superuser owned "public".
        connection.execute(
            "update pg_namespace set nspowner = 10, nspacl = '{=U/postgres,postgres=UC/postgres}' where nspname = 'public'"
        )
        after = read_snapshot(database).snapshot.by_key["schema", "public"]
    assert after == before
    assert after.privileges == ("PUBLIC: USAGE",)
