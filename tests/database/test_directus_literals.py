"""Defaults of a snapshot are taken, refused and printed as PostgreSQL does."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import sql

from migration_audit.directus.rows import stored_default
from migration_audit.directus.statement import PgError

pytestmark = pytest.mark.server

TYPES = {
    "integer": "integer",
    "bigint": "bigint",
    "numeric": "numeric(10, 5)",
    "real": "real",
    "character varying": "varchar(255)",
    "text": "text",
    "uuid": "uuid",
    "json": "json",
    "date": "date",
    "time without time zone": "time",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
}
TEXTS = (
    *(
        "",
        "x",
        "it's",
        "'x'",
        "5",
        "-5",
        "+5",
        " 5 ",
        "05",
        "1.5",
        "1.50",
        "-0.25",
        "1e3",
        "1e-3",
        ".5",
        "5.",
        "NaN",
    ),
    *("2147483648", "9223372036854775807", "9223372036854775808", "123456.789", "0.1", "true", "null"),
    *("{}", '{"a": 1}', "[1,2]", '"x"', "{a}", "a,b", "00000000-0000-4000-8000-000000000001"),
    *("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc999c0b4ef8bb6d6bb9bd380a11}", "2024-01-15", "'2024-01-15'"),
    *("2024-1-5", "2024-02-30", "2024-01-15T10:00:00", "2024-01-15 10:00", "2024-01-15T10:00:00Z", "2024-01-15 10:00:00+02"),
    *("10:00:00", "10:00", "25:00:00", "CURRENT_DATE", "nextval('a'::regclass)"),
)


def real(connection: psycopg.Connection[Any], spelled: str, text: str) -> str | None:
    """The default as PostgreSQL prints it; None where it refuses it."""
    query = sql.SQL("create temporary table t (c {} default {})").format(sql.SQL(spelled), sql.Literal(text))  # type: ignore[arg-type]
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(query)
            row = connection.execute(
                "select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 't'::regclass"
            ).fetchone()
            return str(row[0]) if row else "none"
    except psycopg.errors.DatabaseError:
        return None


def computed(kind: str, text: str) -> str | None:
    """What the model says of it."""
    try:
        return stored_default(kind, text)
    except PgError:
        return None


@pytest.mark.parametrize(("kind", "spelled"), TYPES.items())
def test_a_default_is_what_postgresql_makes_of_it(database: str, kind: str, spelled: str) -> None:
    with psycopg.connect(database, autocommit=True, options="-c timezone=UTC") as connection:
        wrong = {
            text: (computed(kind, text), found)
            for text in TEXTS
            if computed(kind, text) != (found := real(connection, spelled, text))
        }
    assert wrong == {}
