"""A second connection for a part of a large catalog, at the same instant as the first: while it reads, so does the other.

The first exports its snapshot, and the second takes it over:
https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-SNAPSHOT-SYNCHRONIZATION

A failure there is not an error: the first connection then reads all, and reports what is wrong if that fails as well.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from migration_audit.catalog.connection import SHARING_S, ReadingConnection, open_connection, sent_at_once
from migration_audit.catalog.features import Features
from migration_audit.model.errors import AuditError

CONNECTIONS_VARIABLE = "MIGRATION_AUDIT_CONNECTIONS"
"""``1``: a database is read with one connection, however large it is."""

_INSTANT = """
select pg_catalog.pg_export_snapshot(), pg_catalog.pg_backend_pid(), pg_catalog.pg_current_snapshot()::pg_catalog.text,
       pg_catalog.pg_postmaster_start_time()::pg_catalog.text, pg_catalog.current_database(), current_user
"""
_SAME = _INSTANT.replace("pg_catalog.pg_export_snapshot(), pg_catalog.pg_backend_pid(), ", "")

Cursors = Mapping[str, psycopg.Cursor[Any]]
Statements = list[tuple[str | bytes, list[Any] | None]]


@dataclass(frozen=True, slots=True)
class Instant:
    """What another connection needs to see what this one sees, and to know that it does."""

    name: str
    seen_by: tuple[str, ...]
    """The transactions that it sees, server, database and role. Behind one address, there may be several servers."""


def may_use_second(connection: psycopg.Connection[Any], features: Features) -> bool:
    """Whether a second connection is worth its while, and may be asked for.

    Never on a standby, which cannot export a snapshot, nor where a user forbids it or has queries sent one by one.
    """
    is_pipelined = isinstance(connection, ReadingConnection) and connection.is_pipelined
    return is_pipelined and features.is_large and not features.in_recovery and os.environ.get(CONNECTIONS_VARIABLE) != "1"


def export_instant(connection: psycopg.Connection[Any]) -> Instant | None:
    """What this transaction sees; None behind a connection pooler, whose next connection may have to wait for this one.

    Raises psycopg.Error where the server refuses; the transaction has then failed.
    """
    row = connection.execute(_INSTANT.encode()).fetchone()
    if row is None or row[1] != connection.info.backend_pid:  # a pooler tells its clients numbers of its own
        return None
    return Instant(row[0], row[2:])


@contextmanager
def read_on_second(
    conninfo: str, instant: Instant, before: Statements, queries: Mapping[str, bytes], *, limit_ms: int
) -> Iterator[Callable[[], Cursors | None]]:
    """Run these queries on another connection, after the statements ``before``.

    Yields what gives their cursors, all rows fetched; None where there is no such connection, or one of them failed.
    """
    second = _Second(conninfo, instant, before, queries, limit_ms)
    second.start()
    try:
        yield second.cursors
    finally:
        second.end()


class _Second(threading.Thread):
    """The thread that waits for the second connection."""

    def __init__(
        self, conninfo: str, instant: Instant, before: Statements, queries: Mapping[str, bytes], limit_ms: int
    ) -> None:
        super().__init__(daemon=True)
        self._conninfo, self._instant, self._before, self._queries = conninfo, instant, before, queries
        self._limit_ms = limit_ms
        self._lock = threading.Lock()
        self._is_over = False
        self._connection: ReadingConnection | None = None
        self._found: Cursors | None = None

    def cursors(self) -> Cursors | None:
        """What was read; None if it failed, or is not connected by now."""
        if self._connection is None and self.is_alive():
            return None
        self.join()
        return self._found

    def end(self) -> None:
        """Close the connection; what is still under way ends at once, or as soon as there is a connection to end it on."""
        with self._lock:
            self._is_over = True
            connection = self._connection
        if connection is not None:
            connection.give_up()
            self.join()
            connection.close()

    def run(self) -> None:
        """Open, read, and keep what was read."""
        try:
            connection = open_connection(
                make_conninfo(self._conninfo, connect_timeout=SHARING_S),
                statement_timeout_ms=self._limit_ms,
                instant=self._instant.name,
            )
        except (AuditError, psycopg.Error):
            return
        with self._lock:
            if self._is_over:
                connection.close()
                return
            self._connection = connection
        try:
            row = connection.execute(_SAME.encode()).fetchone()
            if row != self._instant.seen_by:
                return
            with sent_at_once(connection):
                for statement, values in self._before:
                    connection.execute(statement, values)
                found = {name: connection.execute(query) for name, query in self._queries.items()}
            self._found = found
        except (AuditError, psycopg.Error):
            return
