"""Which types PostgreSQL casts and compares is what the model of Directus says."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import sql

from migration_audit.directus.types import castable, comparable_types

pytestmark = pytest.mark.server

SOURCES = (
    *("smallint", "integer", "bigint", "numeric", "real", "double precision", "boolean", "text", "character varying"),
    *("character", "uuid", "json", "jsonb", "date", "timestamp with time zone", "timestamp without time zone", "bytea"),
    *("time without time zone", "time with time zone", "interval", "money", "integer[]", "mood", "point", "inet", "bit"),
)
TARGETS = (
    *("integer", "bigint", "numeric", "real", "boolean", "text", "character varying", "uuid", "json", "date", "bytea"),
    *("timestamp with time zone", "timestamp without time zone", "time without time zone"),
)


@pytest.fixture
def connection(database: str) -> Any:
    with psycopg.connect(database, autocommit=True) as found:
        found.execute("create type mood as enum ('a')")
        yield found


def works(connection: psycopg.Connection[Any], *statements: str) -> bool:
    """Whether PostgreSQL takes them; nothing of them is left."""
    try:
        with connection.transaction(force_rollback=True):
            for statement in statements:
                connection.execute(sql.SQL(statement))  # type: ignore[arg-type]
    except psycopg.errors.DatabaseError:
        return False
    return True


@pytest.mark.parametrize("source", SOURCES)
def test_an_empty_column_changes_its_type_where_there_is_a_cast(connection: psycopg.Connection[Any], source: str) -> None:
    wrong = {}
    for target in TARGETS:
        real = works(
            connection,
            f"create temporary table t (c {source})",
            f"alter table t alter column c type {target} using (c::{target})",
        )
        if real != (castable(source, target) is not False):
            wrong[target] = castable(source, target)
    assert wrong == {}


@pytest.mark.parametrize("source", SOURCES)
def test_a_foreign_key_needs_types_that_compare(connection: psycopg.Connection[Any], source: str) -> None:
    wrong = {}
    for target in (one for one in SOURCES if one not in {"json", "point"}):
        real = works(
            connection,
            f"create temporary table one (c {target} primary key)",
            f"create temporary table many (c {source} references one (c))",
        )
        if real != comparable_types(target, source):
            wrong[target] = comparable_types(target, source)
    assert wrong == {}
