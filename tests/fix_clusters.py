"""What the tests of clusters share: a server that is started here, a question to a database, and statements for it."""

from __future__ import annotations

import psycopg
import pytest

from migration_audit.shadow.binaries import BinaryServer


def started_here(server: object) -> BinaryServer:
    """The server, if clusters of it are started here; skips the test otherwise."""
    if not isinstance(server, BinaryServer):
        pytest.skip("the server that MIGRATION_AUDIT_SERVER names is not started from programs on this machine")
    return server


def ask(conninfo: str, query: str) -> str:
    """The first value of the first row; empty without a row."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        return str(row[0]) if row else ""


def run(conninfo: str, *statements: str) -> None:
    """Execute one statement after the other, each in a transaction of its own."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
