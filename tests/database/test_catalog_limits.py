"""Limits of time: what the server, the role or the database sets is never loosened, and every transaction has them."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError

from migration_audit.audit.case import Case
from migration_audit.catalog import open_connection, read_snapshot
from migration_audit.catalog.connection import ReadingConnection, begin_reading
from migration_audit.model.errors import DatabaseError, UsageError
from migration_audit.workbook.explore import engine

pytestmark = pytest.mark.server

NAMES = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
OURS = {"statement_timeout": 60_000, "lock_timeout": 10_000, "idle_in_transaction_session_timeout": 120_000}


def limits(connection: psycopg.Connection[Any]) -> dict[str, int]:
    query = "select name, setting::int from pg_catalog.pg_settings where name = any (%s)"
    return dict(connection.execute(query, [list(NAMES)]).fetchall())


@pytest.fixture
def limited(database: str) -> Iterator[str]:
    """A role with limits of its own; one of them is wider than ours, and one is the database's."""
    with psycopg.connect(database, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(
            f"create role limited login; alter role limited set statement_timeout = '2s';"
            f"alter role limited set idle_in_transaction_session_timeout = '2h';"
            f"alter database {name} set lock_timeout = '700ms'".encode()
        )
        yield f"{database} user=limited"
        connection.execute("drop role limited")


def test_the_smaller_limit_counts(limited: str, database: str) -> None:
    expected = {"statement_timeout": 2000, "lock_timeout": 700, "idle_in_transaction_session_timeout": 120_000}
    with open_connection(limited) as connection:
        assert limits(connection) == expected
        connection.rollback()
        begin_reading(connection)
        assert limits(connection) == expected
    with open_connection(limited, statement_timeout_ms=1500) as connection:
        assert limits(connection) == {**expected, "statement_timeout": 1500}
        connection.rollback()
        begin_reading(connection)
        assert limits(connection) == {**expected, "statement_timeout": 1500}
    with open_connection(f"{database} options='-c statement_timeout=3s'") as connection:
        assert limits(connection)["statement_timeout"] == 3000
    with open_connection(database) as connection:
        assert limits(connection) == {**OURS, "lock_timeout": 700}
        transaction = "select current_setting('transaction_timeout', true)"
        assert connection.execute(transaction).fetchone() in [("0",), (None,)]


def test_a_limit_of_the_role_ends_the_audit_in_the_servers_words(limited: str, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as holder:
        holder.execute("create table t (a int); create view v as select a from t")
        holder.execute("begin; lock table t in access exclusive mode")
        with pytest.raises(DatabaseError) as caught:
            read_snapshot(limited)
        holder.execute("rollback; alter role limited set statement_timeout = '1ms'")
    assert "canceling statement due to lock timeout" in caught.value.what
    assert "lock_timeout" in (caught.value.todo or "")
    with psycopg.connect(database) as holder:
        for number in range(200):
            holder.execute(f"create table t{number} (a int primary key, b int unique)".encode())
    with pytest.raises(DatabaseError, match="canceling statement due to statement timeout") as caught:
        read_snapshot(limited)
    assert "statement_timeout" in (caught.value.todo or "")


def opened(database: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("THE_DATABASE", database)
    environment = SimpleNamespace(dsn_env="THE_DATABASE", service=None, name="dev", statement_timeout=7)
    project = SimpleNamespace(environment=lambda name: environment)
    return engine(cast(Case, SimpleNamespace(project=project, environment_name="dev")))


def test_every_transaction_of_an_engine_has_limits(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = {**OURS, "statement_timeout": 7000}
    state = "select current_setting('transaction_read_only'), current_setting('transaction_isolation')"
    with opened(database, monkeypatch).connect() as connection:
        for end in (connection.commit, connection.rollback, connection.commit):
            found = connection.execute(text("select name, setting from pg_catalog.pg_settings"))
            settings = {name: int(value) for name, value in found if name in NAMES}
            assert settings == expected
            assert tuple(connection.execute(text(state)).one()) == ("on", "repeatable read")
            end()
        with pytest.raises(Exception, match="read-only transaction"):
            connection.execute(text("create table t (a int)"))


def test_neither_a_connection_nor_an_engine_leaves_transactions(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = opened(database, monkeypatch)
    with made.connect() as connection, pytest.raises(StatementError, match="autocommit"):
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("create table t (a int)"))
    raw = made.raw_connection()
    raw.commit()
    assert limits(raw.driver_connection)["statement_timeout"] == 7000
    raw.close()
    with open_connection(database) as plain:
        assert isinstance(plain, ReadingConnection)
        plain.commit()
        assert limits(plain) == OURS
        plain.rollback()
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            plain.execute("create table t (a int)")
        plain.rollback()
        plain.autocommit = True
        with pytest.raises(UsageError, match="autocommit"):
            plain.execute("create table t (a int)")
        plain.autocommit = False
    with psycopg.connect(database) as connection:
        assert connection.execute("select to_regclass('t')").fetchone() == (None,)


def test_limits_and_settings_are_the_transactions(database: str) -> None:
    """Behind a connection pooler the session is the next client's."""
    query = "select name, setting from pg_catalog.pg_settings order by name"
    with open_connection(database) as connection:
        connection.rollback()
        after = connection.pgconn.exec_(query.encode())
    with psycopg.connect(database, application_name="migration-audit", client_encoding="utf8") as fresh:
        before = fresh.pgconn.exec_(query.encode())
    reported = [[result.get_value(n, 0) for n in range(result.ntuples)] for result in (before, after)]
    assert reported[0] == reported[1]
    differs = {
        before.get_value(n, 0): (before.get_value(n, 1), after.get_value(n, 1))
        for n in range(before.ntuples)
        if before.get_value(n, 1) != after.get_value(n, 1)
    }
    assert differs == {}
