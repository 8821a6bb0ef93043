"""Names that SQL allows and few people use."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from migration_audit.catalog import load_snapshot, read_snapshot, save_snapshot
from migration_audit.model.identifiers import dotted, quoted

pytestmark = pytest.mark.server

NAMES = {
    "space and capitals": "Odd Name",
    "dot": "a.b",
    "quote": 'say "so"',
    "apostrophe": "it's",
    "backslash": "a\\b",
    "percent": "100%s",
    "unicode": "größe_Ω_表",
    "emoji": "🚚",
    "63 bytes": "x" * 63,
    "63 bytes of unicode": "é" * 31 + "x",
    "keyword": "user",
    "number": "1st",
    "dollar": "a$1",
    "brace": "{a,b}",
    "newline": "a\nb",
    "only a space": " ",
    "like a comment": "-- x",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_is_read_as_it_is(database: str, name: str, tmp_path: object) -> None:
    build = sql.SQL(
        "create schema {n};"
        "create table {n}.{n} ({n} serial constraint {pk} primary key, v text);"
        "create index {i} on {n}.{n} (v);"
        "create view {n}.{v} as select {n} from {n}.{n};"
        "create function {n}.{n}() returns trigger language plpgsql as 'begin return new; end';"
        "create trigger {n} before insert on {n}.{n} for each row execute function {n}.{n}();"
        "create policy {n} on {n}.{n};"
        "create type {n}.{t} as enum ('a');"
        "create table {n}.{c} () inherits ({n}.{n})"
    )
    # Relations, indexes and types of a schema share their names' space.
    other = {
        key: sql.Identifier(f"{prefix}{name}"[:20]) for key, prefix in zip(["pk", "i", "v", "t", "c"], "kivtc", strict=True)
    }
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(build.format(n=sql.Identifier(name), **other))
    snapshot = read_snapshot(database).snapshot
    for kind, key in (
        ("schema", quoted(name)),
        ("table", dotted(name, name)),
        ("column", dotted(name, name, name)),
        ("trigger", dotted(name, name, name)),
        ("policy", dotted(name, name, name)),
        ("function", f"{dotted(name, name)}()"),
    ):
        assert (kind, key) in snapshot.by_key
    [index] = [obj for obj in snapshot.objects if obj.kind == "index" and obj.constraint is None]
    assert index.columns == "(v)"
    orphans = [obj for obj in snapshot.objects if obj.belongs_to and obj.belongs_to not in snapshot.by_key]
    assert orphans == []
    [child] = [obj for obj in snapshot.objects if obj.kind == "table" and getattr(obj, "inherits", ())]
    assert child.inherits == (dotted(name, name),)
    save_snapshot(snapshot, f"{tmp_path}/s.json")
    assert load_snapshot(f"{tmp_path}/s.json") == snapshot


def test_names_that_join_to_the_same_text_are_two_objects(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            'create schema a; create schema "a.b"; create table a."b.c" (x int); create table "a.b".c (x int)'
        )
    snapshot = read_snapshot(database).snapshot
    assert {key for kind, key in snapshot.by_key if kind == "table"} == {'a."b.c"', '"a.b".c'}
