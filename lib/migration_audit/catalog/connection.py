"""Connections that can only read, and see one instant."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import psycopg
from psycopg import IsolationLevel
from psycopg.pq import TransactionStatus

from migration_audit import driver
from migration_audit.catalog.conninfo import describe, parse_conninfo, scrub
from migration_audit.model.errors import DatabaseError, UsageError

STATEMENT_TIMEOUT_MS = 60_000
_GRACE_S = 10.0
"""Seconds beyond the server's own limit for a statement after which its answer is not waited for."""
PIPELINE_VARIABLE = "MIGRATION_AUDIT_PIPELINE"
"""``off``: queries are sent one by one, for a proxy that cannot take several at once."""

# psycopg warns on stderr of a pipeline that ended with its connection; the error says so already.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

ResultT = TypeVar("ResultT")

# Everything that changes how the server spells what it tells: each is set, so that every server spells it alike.
_SPELLING: Final = {
    "search_path": "",
    "intervalstyle": "postgres",
    "datestyle": "ISO, YMD",
    "timezone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
}
_BEHAVIOUR: Final = {
    # A policy on a table shall make reading it fail, and not hide rows.
    "row_security": "off",
    # Compiling a query over catalogs takes longer than running it.
    "jit": "off",
    # Sorts of ten thousands of rows stay off the server's disk.
    "work_mem": "64MB",
    # A reader that waits behind DDL holds up everybody who comes after it.
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "2min",
}


class ReadingConnection(driver.Connection):
    """A connection of ``open_connection``."""

    is_pipelined: bool = True
    """False: its queries are sent one by one."""


class PipelineLostError(DatabaseError):
    """The connection was lost while several queries were under way at once: some proxies cannot take that."""


def with_connection(conninfo: str, work: Callable[[ReadingConnection], ResultT], **options: Any) -> ResultT:
    """What ``work`` makes of a connection of ``open_connection``, which takes the same options.

    Where the connection is lost because several queries were sent at once, ``work`` is called again with one that sends
    them one by one. Raises what ``open_connection`` and ``work`` raise.
    """
    try:
        with open_connection(conninfo, **options) as connection:
            return work(connection)
    except PipelineLostError:
        with open_connection(conninfo, **options, is_pipelined=False) as connection:
            return work(connection)


@contextmanager
def sent_at_once(connection: psycopg.Connection[Any]) -> Iterator[Callable[[], None]]:
    """Let queries be sent before the answers to earlier ones are there, where the connection may do so.

    Yields what ends a part of them. Raises PipelineLostError when the connection is lost meanwhile.
    """
    if isinstance(connection, ReadingConnection) and not connection.is_pipelined:
        yield lambda: None
        return
    try:
        with connection.pipeline() as pipeline:
            yield pipeline.sync
    except psycopg.OperationalError as error:
        if not connection.closed or isinstance(error, driver.DeadlineError):
            raise
        raise PipelineLostError(
            f"the connection was lost while several queries were under way: {_reason(error)}",
            todo=f"try again; where a proxy cannot take several queries at once, set {PIPELINE_VARIABLE}=off",
        ) from error


def open_connection(
    conninfo: str,
    *,
    statement_timeout_ms: int = STATEMENT_TIMEOUT_MS,
    application_name: str = "migration-audit",
    is_pipelined: bool | None = None,
) -> ReadingConnection:
    """A connection in a ``READ ONLY, REPEATABLE READ`` transaction, with an empty ``search_path`` and timeouts.

    The settings last as long as the transaction; ``read_snapshot`` and ``read_ledger`` on it see the same instant.
    ``is_pipelined``: whether queries may be sent at once; unless given, ``MIGRATION_AUDIT_PIPELINE=off`` forbids it.
    Connecting takes at most 10 seconds unless ``conninfo`` says otherwise. Raises DatabaseError, in one sentence without
    any part of the password, when the string is malformed, the server cannot be reached or lets nobody in.
    """
    parameters = parse_conninfo(conninfo)
    try:
        connection = ReadingConnection.connect(
            conninfo,
            application_name=application_name,
            client_encoding="utf8",
            # Names of prepared statements do not survive a connection pooler.
            prepare_threshold=None,
        )
    except psycopg.Error as error:
        reason = scrub(_reason(error), conninfo, parameters)
        raise DatabaseError(f"cannot connect: {reason}", where=describe(parameters), todo=_advice(reason)) from None
    try:
        connection.silence = statement_timeout_ms / 1000 + _GRACE_S
        connection.is_pipelined = os.environ.get(PIPELINE_VARIABLE) != "off" if is_pipelined is None else is_pipelined
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        begin_reading(connection, statement_timeout_ms=statement_timeout_ms)
    except BaseException:
        connection.close()
        raise
    return connection


def begin_reading(connection: psycopg.Connection[Any], *, statement_timeout_ms: int = STATEMENT_TIMEOUT_MS) -> None:
    """Begin a read-only transaction that sees one instant, with this module's settings; nothing if one has begun.

    Raises UsageError for a connection in autocommit mode, DatabaseError when the server refuses.
    """
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        return
    if connection.autocommit:
        raise UsageError("a catalog is read in one transaction, and this connection is in autocommit mode")
    settings = {**_SPELLING, **_BEHAVIOUR, "statement_timeout": f"{statement_timeout_ms}ms"}
    try:
        connection.execute("set transaction isolation level repeatable read, read only")
        connection.execute(
            "select pg_catalog.set_config(cfg.name, cfg.value, true) from rows from"
            " (pg_catalog.unnest(%s::pg_catalog.text[]), pg_catalog.unnest(%s::pg_catalog.text[])) as cfg (name, value)",
            [list(settings), list(settings.values())],
        )
    except psycopg.Error as error:
        raise database_error(error, connection) from error


def database_error(error: psycopg.Error, connection: psycopg.Connection[Any]) -> DatabaseError:
    """What the server said, as an error of ours that names the database."""
    if isinstance(error, driver.DeadlineError):
        look = "look at the server and what is between; [environments.…] statement_timeout says how long to wait"
        return DatabaseError(f"the catalog cannot be read: {error}", where=error.database, todo=look)
    where = connection.info.dbname if not connection.closed else None
    reason = _reason(error)
    if isinstance(error, psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable):
        todo = "something in the database holds the catalog up: look for long DDL, and try again"
    elif connection.closed:
        todo = "the connection was lost: try again"
    else:
        todo = None
    return DatabaseError(f"the catalog cannot be read: {reason}", where=where, todo=todo)


def _reason(error: psycopg.Error) -> str:
    """The server's own words, on one line, without what libpq puts in front of them."""
    said = error.diag.message_primary or str(error)
    last = [line.strip() for line in said.splitlines() if line.strip()][-1:] or [type(error).__name__]
    # What follows a line such as "… failed: Connection refused" is a question of libpq's, not a reason.
    telling = [line for sign in ("FATAL:", " failed: ") for line in said.splitlines() if sign in line]
    reason = next(iter(telling), last[0])
    return reason.rpartition("FATAL:")[2].rpartition(" failed: ")[2].strip().rstrip(".") or type(error).__name__


def _advice(reason: str) -> str:
    for sign, advice in (
        ("service", "check the name in pg_service.conf, and where PGSERVICEFILE leads"),
        ("password", "check user and password, where they are kept"),
        ("does not exist", "check the name in the connection string"),
        ("permission denied", "GRANT CONNECT ON DATABASE … TO the role; the audit needs no more than that"),
        ("pg_hba.conf", "the server does not let this host or role in: see its pg_hba.conf"),
        ("too many", "the server has no free connection: try again later"),
    ):
        if sign in reason:
            return advice
    return "check host, port and network, and that the server runs"
