"""Connecting to what is not there, or lets nobody in: one sentence, and no part of a password."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from fix_network import proxy
from migration_audit.catalog import open_connection, read_snapshot
from migration_audit.catalog.connection import PIPELINE_VARIABLE, PipelineLostError, attempt
from migration_audit.model.errors import DatabaseError

pytestmark = pytest.mark.server

SECRET = "p@ss/w%rd"
ENCODED = "p%40ss%2Fw%25rd"


@pytest.fixture
def place(database: str, cluster: Any) -> Iterator[dict[str, str]]:
    with psycopg.connect(database, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"create role guest login; revoke connect on database {name} from public".encode())
        yield {
            "host": connection.info.host,
            "port": str(connection.info.port),
            "dbname": name,
            "user": "guest",
            "password": SECRET,
        }
        connection.execute("drop role guest")


def refused(conninfo: str) -> str:
    with pytest.raises(DatabaseError) as caught:
        open_connection(conninfo)
    text = str(caught.value)
    for part in (SECRET, ENCODED, "p@ss", "w%rd", "w%25rd", "p%40ss"):
        assert part not in text
        assert part not in repr(caught.value.__cause__)
    assert len(text.splitlines()) <= 2
    return text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "permission denied for database"),
        ({"dbname": "nowhere"}, 'database "nowhere" does not exist'),
        ({"user": "nobody_here"}, 'role "nobody_here" does not exist'),
        ({"host": "host.invalid"}, "host.invalid"),
        ({"host": "127.0.0.1", "port": "1"}, "127.0.0.1:1"),
        ({"host": "/nowhere"}, "/nowhere"),
    ],
    ids=["may not connect", "no such database", "no such role", "no such host", "nobody listens", "no such socket"],
)
def test_who_cannot_connect_gets_the_reason(place: dict[str, str], change: dict[str, str], said: str) -> None:
    text = refused(psycopg.conninfo.make_conninfo(**{**place, **change}))
    assert said in text
    assert "→" in text


def test_a_password_in_a_url_is_not_reported(place: dict[str, str]) -> None:
    text = refused(f"postgresql://guest:{ENCODED}@127.0.0.1:1/db")
    assert "db on 127.0.0.1:1" in text


@pytest.mark.slow
def test_a_server_that_does_not_answer_is_given_up(database: str) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        began = time.monotonic()
        text = refused(f"host=127.0.0.1 port={deaf.getsockname()[1]} connect_timeout=2 password={SECRET}")
        assert time.monotonic() - began < 8
    assert "timeout" in text


def test_a_slow_catalog_is_given_up(database: str) -> None:
    with open_connection(database, statement_timeout_ms=1) as connection:
        with pytest.raises(DatabaseError) as caught:
            read_snapshot(connection)
        assert "timeout" in str(caught.value)
        assert not connection.closed


def test_a_lock_on_a_table_is_not_waited_for_without_end(database: str) -> None:
    with psycopg.connect(database) as holder:
        holder.execute("create table t (a int); create view v as select a from t")
        holder.commit()
        holder.execute("lock table t in access exclusive mode")
        with open_connection(database) as connection:
            connection.execute("set local lock_timeout = '100ms'")
            with pytest.raises(DatabaseError, match="lock timeout"):
                read_snapshot(connection)


_SHADOWED = """
create schema mine;
create function mine.called({0}, {0}) returns boolean language plpgsql as $$begin raise 'mine was called'; end$$;
create operator mine.= (leftarg = {0}, rightarg = {0}, function = mine.called);
create operator mine.<> (leftarg = {0}, rightarg = {0}, function = mine.called)
"""


@pytest.mark.parametrize("types", ["text", "bigint", "name", "oid", '"char"', "boolean"])
def test_operators_of_the_database_are_not_called(database: str, types: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(_SHADOWED.format(types).encode())
        connection.execute(f"alter database {connection.info.dbname} set search_path = mine, pg_catalog".encode())
    with psycopg.connect(database) as connection, pytest.raises(psycopg.errors.RaiseException, match="mine was called"):
        connection.execute(f"select null::{types} = null::{types}".encode())
    assert ("schema", "mine") in read_snapshot(database).snapshot.by_key


def test_the_audit_is_distinguished_from_others_by_its_name(database: str) -> None:
    with open_connection(database) as connection:
        row = connection.execute(
            "select application_name, current_setting('transaction_read_only'), current_setting('search_path'),"
            " current_setting('transaction_isolation'), current_setting('statement_timeout')"
            " from pg_catalog.pg_stat_activity where pid = pg_catalog.pg_backend_pid()"
        ).fetchone()
    assert row == ("migration-audit", "on", "", "repeatable read", "1min")


def test_few_round_trips_whatever_the_size(database: str) -> None:
    def trips() -> int:
        with open_connection(database) as connection:
            before = connection.execute("select 1").fetchone()
            assert before == (1,)
            connection.pgconn.trace(log.fileno())
            read_snapshot(connection)
            connection.pgconn.untrace()
        return log_file.read_text().count("ReadyForQuery")

    import tempfile
    from pathlib import Path

    with tempfile.NamedTemporaryFile() as log:
        log_file = Path(log.name)
        small = trips()
        with psycopg.connect(database, autocommit=True) as connection:
            for number in range(30):
                connection.execute(f"create table t{number} (id serial primary key, v text)".encode())
        log.truncate(0)
        log.seek(0)
        assert trips() == small
        assert small < 15


READY, SYNC = b"Z\0\0\0\5", b"S\0\0\0\4"
"""The ends of messages: the server waits for a query (its last byte tells of a transaction), the client sent one whole."""


class OneAtATime(socketserver.BaseRequestHandler):
    """A proxy that carries one query at a time to the server, and hangs up on a client that sends more."""

    server_path = ""

    def handle(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.connect(self.server_path)
            while (sent := self.request.recv(1 << 20)) and not self.sends_two(sent):
                server.sendall(sent)
                answer = b""
                while answer[-6:-1] != READY:
                    answer += (part := server.recv(1 << 20))
                    if not part:
                        return
                    self.request.sendall(part)

    def sends_two(self, sent: bytes) -> bool:
        """Whether a second query is sent before the first one is answered: no Sync ends the message, or two do."""
        return sent[:1] == b"P" and (sent.count(SYNC), sent[-len(SYNC) :]) != (1, SYNC)


@pytest.fixture
def narrow(database: str) -> Iterator[str]:
    """The connection string of a database behind such a proxy."""
    given = conninfo_to_dict(database)
    handler = type("Handler", (OneAtATime,), {"server_path": f"{given['host']}/.s.PGSQL.{given.get('port') or 5432}"})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as proxy:
        proxy.daemon_threads = True
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        address = {"host": "127.0.0.1", "port": proxy.server_address[1], "sslmode": "disable", "gssencmode": "disable"}
        yield make_conninfo(database, **address)
        proxy.shutdown()


def test_a_proxy_that_takes_one_query_at_a_time_gets_them_so(narrow: str, database: str) -> None:
    with open_connection(narrow) as connection, pytest.raises(PipelineLostError, match="MIGRATION_AUDIT_PIPELINE=off"):
        read_snapshot(connection)
    assert read_snapshot(narrow).snapshot.objects == read_snapshot(database).snapshot.objects


def test_the_variable_has_queries_sent_one_by_one(narrow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PIPELINE_VARIABLE, "off")
    with open_connection(narrow) as connection:
        assert read_snapshot(connection).snapshot.objects


def test_a_connection_in_which_no_transaction_can_be_ended(database: str) -> None:
    """As libpq holds it when the server has ended the session while several queries were under way."""
    with open_connection(database) as connection:
        connection.pgconn.enter_pipeline_mode()
        connection.pgconn.send_query_params(b"select 1", None)
        with pytest.raises(DatabaseError, match="the catalog cannot be read"):
            read_snapshot(connection)
        connection.close()


ATTEMPTS = pytest.mark.parametrize("is_pipelined", [True, False])


@ATTEMPTS
def test_a_refusal_says_what_it_is_and_ends_nothing(database: str, is_pipelined: bool) -> None:
    with open_connection(database, is_pipelined=is_pipelined) as connection:
        began = connection.execute("select pg_catalog.now()").fetchall()
        with pytest.raises(psycopg.errors.UndefinedTable, match="nowhere"), attempt(connection):
            connection.execute("select 1 from nowhere.at_all")
            connection.execute("select 2")
        assert connection.info.transaction_status is TransactionStatus.INTRANS
        assert connection.execute("select pg_catalog.now()").fetchall() == began


@ATTEMPTS
def test_a_mistake_of_ours_in_an_attempt_leaves_the_transaction_as_it_was(database: str, is_pipelined: bool) -> None:
    with open_connection(database, is_pipelined=is_pipelined) as connection:
        with pytest.raises(ZeroDivisionError), attempt(connection):
            connection.execute("set local statement_timeout = 1234")
            raise ZeroDivisionError
        with pytest.raises(psycopg.errors.InvalidSavepointSpecification):
            connection.execute("release savepoint attempt")


@ATTEMPTS
def test_what_an_attempt_sets_ends_with_it_where_that_is_asked_for(database: str, is_pipelined: bool) -> None:
    found = []
    with open_connection(database, is_pipelined=is_pipelined) as connection:
        for undo in (True, False):
            with attempt(connection, undo=undo):
                connection.execute("set local statement_timeout = 1234")
                within = connection.execute("show statement_timeout")
            found += [within.fetchone(), connection.execute("show statement_timeout").fetchone()]
    assert found == [("1234ms",), ("1min",), ("1234ms",), ("1234ms",)]


def test_an_attempt_is_one_round_trip_and_one_more_where_it_is_refused(database: str) -> None:
    taken = []
    with proxy(database, delay=0.05) as way, open_connection(way.conninfo) as connection:
        for query in ("select 1", "select 1 from nowhere.at_all"):
            before = way.round_trips
            with suppress(psycopg.errors.UndefinedTable), attempt(connection):
                connection.execute(query)
            taken.append(way.round_trips - before)
    assert taken == [1, 2]


def test_an_attempt_outside_of_a_transaction_is_one_of_its_own(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        with attempt(connection):
            one = connection.execute("select 1")
        assert one.fetchall() == [(1,)]
        assert connection.info.transaction_status is TransactionStatus.IDLE


def test_a_connection_that_is_lost_behind_the_last_answer_has_given_every_answer(database: str) -> None:
    with open_connection(database) as connection, psycopg.connect(database, autocommit=True) as other:
        found = connection.execute("select 1").fetchall()
        other.execute("select pg_catalog.pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))
    assert found == [(1,)]
    assert connection.closed
