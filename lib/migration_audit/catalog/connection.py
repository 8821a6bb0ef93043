"""Connections that can only read, and see one instant."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import psycopg
from psycopg import IsolationLevel, sql
from psycopg.pq import PipelineStatus, TransactionStatus

from migration_audit import driver
from migration_audit.catalog.server_errors import (
    CatalogChangedError,
    connect_error,
    database_error,
    last_words,
    parse_conninfo,
    server_message,
)
from migration_audit.model.errors import DatabaseError, UsageError

STATEMENT_TIMEOUT_MS = 60_000
_GRACE_S = 10.0
"""Seconds beyond the server's own limit for a statement after which its answer is not waited for."""
SHARING_S: Final = 5
"""Seconds that a connection may take until it sees the instant of another one."""
_FREED_S: Final = 2.0
"""Seconds that a connection which was just closed may still count against a limit: its process ends after the client."""
PIPELINE_VARIABLE = "MIGRATION_AUDIT_PIPELINE"
"""``off``: queries are sent one by one, for a proxy that cannot take several at once."""

_UNDO, _RELEASE = b"rollback to savepoint attempt", b"release savepoint attempt"
_IN_TRANSACTION: Final = (TransactionStatus.INTRANS, TransactionStatus.INERROR)

# psycopg warns on stderr of a pipeline that ended with its connection; the error says so already.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

ResultT = TypeVar("ResultT")
Given = ParamSpec("Given")
READINGS: Final = 3
"""How often a catalog is read that changes meanwhile, until that is an error."""

# All settings that change how the server spells its answers: each is set, so that every server spells them alike.
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
    # The workers are everybody's.
    "max_parallel_workers_per_gather": "0",
    # Sorts of ten thousands of rows stay off the server's disk.
    "work_mem": "64MB",
}
_LIMITS_MS: Final = {
    # A reader that waits behind DDL holds up everybody who comes after it.
    "lock_timeout": 10_000,
    "idle_in_transaction_session_timeout": 120_000,
}
_SETTING = """
select pg_catalog.set_config(cfg.name, cfg.value, true)
  from rows from (pg_catalog.unnest(%s::pg_catalog.text[]), pg_catalog.unnest(%s::pg_catalog.text[])) as cfg (name, value)
 union all
select pg_catalog.set_config(lim.name, least(
           case when own.setting operator(pg_catalog.<>) '0' then own.setting::pg_catalog.int8 end, lim.ms
       )::pg_catalog.text, true)
  from rows from (pg_catalog.unnest(%s::pg_catalog.text[]), pg_catalog.unnest(%s::pg_catalog.int8[])) as lim (name, ms)
  join pg_catalog.pg_settings as own on own.name operator(pg_catalog.=) lim.name
"""
"""What the role, the database or the connection string limits further stays: 0 is not a limit, and ``least`` ignores null.

No operator is looked up, as ``nullif`` would too: until this has run, the search_path is the database's.
"""


class ReadingConnection(driver.Connection):
    """A connection of ``open_connection``; each of its transactions is begun by ``begin_reading``."""

    is_pipelined: bool = True
    """False: its queries are sent one by one."""
    limit_ms: int | None = None
    """The statement timeout of its transactions, at most; None until it is open."""
    last_words: tuple[str, str] | None = None
    """The server's message when it ended the connection between two queries, and the SQLSTATE."""

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        """End the transaction and close; a connection that is lost only now has given every answer."""
        try:
            with suppress(psycopg.OperationalError):
                super().__exit__(exc_type, exc_val, exc_tb)
        finally:
            self.close()

    def cursor(self, *args: Any, **options: Any) -> Any:
        """Like psycopg's; where no transaction has begun, one is that can only read and has limits.

        They are the transaction's and not the session's: behind a connection pooler, the session is another client's next.
        """
        if self.limit_ms is not None and not self.closed and self.info.transaction_status is TransactionStatus.IDLE:
            begin_reading(self, statement_timeout_ms=self.limit_ms)
        return super().cursor(*args, **options)


def read_again(
    read: Callable[Concatenate[psycopg.Connection[Any], Given], ResultT],
) -> Callable[Concatenate[psycopg.Connection[Any], Given], ResultT]:
    """The same function, which is called again in a new transaction where DDL was running: ``READINGS`` times in total."""

    @wraps(read)
    def repeated(connection: psycopg.Connection[Any], /, *args: Given.args, **options: Given.kwargs) -> ResultT:
        for _ in range(READINGS - 1):
            try:
                return read(connection, *args, **options)
            except CatalogChangedError:
                if connection.closed or not isinstance(connection, ReadingConnection):
                    raise
                connection.rollback()
        return read(connection, *args, **options)

    return repeated


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
        cause: psycopg.Error = error
        is_ended = (error.sqlstate or "57P").startswith("57P")
        if is_ended and not connection.closed and connection.pgconn.pipeline_status is not PipelineStatus.OFF:
            # The server has ended the session, and libpq, which has not seen that yet, cannot leave the pipeline.
            cause = error.__context__ if isinstance(error.__context__, psycopg.Error) else error
            connection.close()
        if not connection.closed or isinstance(error, driver.DeadlineError):
            raise
        reason, state = last_words(connection) or (server_message(cause), cause.sqlstate)
        if state is not None and not state.startswith("08"):  # the server means it, with one query at a time as well
            raise database_error(cause, connection) from error
        raise PipelineLostError(
            f"the connection was lost while several queries were running: {reason}",
            todo=f"try again; if a proxy does not support pipelined queries, set {PIPELINE_VARIABLE}=off",
        ) from error


@contextmanager
def attempt(connection: psycopg.Connection[Any], *, undo: bool = False) -> Iterator[None]:
    """Let the server refuse what is asked in here without an end of the transaction: within a savepoint.

    Where queries may be sent at once, all of it is one round trip if answers are fetched behind the block. ``undo``: the
    locks and settings of the block end with it. Raises what the server says.
    """
    if connection.autocommit and connection.info.transaction_status is TransactionStatus.IDLE:
        with connection.transaction(force_rollback=undo):  # there is none that could end
            yield
        return
    try:
        with sent_at_once(connection):
            connection.execute(b"savepoint attempt")
            yield
            if undo:
                connection.execute(_UNDO)
            connection.execute(_RELEASE)
    except BaseException:
        if not connection.closed and connection.info.transaction_status in _IN_TRANSACTION:
            with suppress(psycopg.Error, PipelineLostError), sent_at_once(connection):
                connection.execute(_UNDO)
                connection.execute(_RELEASE)
        raise


def open_connection(
    conninfo: str,
    *,
    statement_timeout_ms: int = STATEMENT_TIMEOUT_MS,
    application_name: str = "migration-audit",
    is_pipelined: bool | None = None,
    instant: str | None = None,
) -> ReadingConnection:
    """A connection in a ``READ ONLY, REPEATABLE READ`` transaction, with an empty ``search_path`` and timeouts.

    The settings last as long as the transaction; ``read_snapshot`` and ``read_ledger`` on it see the same instant.
    ``is_pipelined``: whether queries may be sent at once; unless given, ``MIGRATION_AUDIT_PIPELINE=off`` forbids it.
    ``instant`` is the snapshot that another connection has exported, and this one is to see.
    Connecting takes at most 10 seconds unless ``conninfo`` says otherwise. Raises DatabaseError, in one sentence without
    any part of the password, when the string is malformed, the server cannot be reached or refuses the connection.
    """
    parameters = parse_conninfo(conninfo)
    try:
        connection = _connect(conninfo, application_name, 0.0 if instant else _FREED_S)
    except psycopg.Error as error:
        raise connect_error(error, conninfo, parameters) from None
    connection.add_notice_handler(lambda notice: _keep_last_words(connection, notice))
    try:
        _refuse_template(connection.info.dbname)
        connection.silence = statement_timeout_ms / 1000 + _GRACE_S
        connection.is_pipelined = os.environ.get(PIPELINE_VARIABLE) != "off" if is_pipelined is None else is_pipelined
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.limit_ms = statement_timeout_ms
        with nullcontext() if instant is None else connection.within(SHARING_S):
            begin_reading(connection, statement_timeout_ms=statement_timeout_ms, instant=instant)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(conninfo: str, application_name: str, patience: float) -> ReadingConnection:
    """Connect; where too many connections are open, try again for ``patience`` seconds.

    A role with ``CONNECTION LIMIT 1`` would else fail whenever one reading follows another.
    """
    until = time.monotonic() + patience
    while True:
        try:
            return ReadingConnection.connect(
                conninfo,
                application_name=application_name,
                client_encoding="utf8",
                # Names of prepared statements do not survive a connection pooler.
                prepare_threshold=None,
            )
        except psycopg.Error as error:
            if error.sqlstate != "53300" or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _keep_last_words(connection: ReadingConnection, notice: psycopg.errors.Diagnostic) -> None:
    if notice.severity_nonlocalized in {"FATAL", "PANIC"}:
        connection.last_words = notice.message_primary or "", notice.sqlstate or ""


def _refuse_template(name: str) -> None:
    if name in {"template0", "template1"}:
        what = "is a template: PostgreSQL cannot create databases while a session is connected to it"
        raise DatabaseError(what, where=name, todo="name the database of the application")


def _restrictions(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """No query reads a foreign table, not even through a view or a partition: that would connect to another server.

    https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-RESTRICT-NONSYSTEM-RELATION-KIND: since 17, 16.4
    and 15.8.
    """
    version = connection.info.server_version
    known = version >= 170000 or 160004 <= version < 170000 or 150008 <= version < 160000
    return {"restrict_nonsystem_relation_kind": "foreign-table"} if known else {}


def begin_reading(
    connection: psycopg.Connection[Any], *, statement_timeout_ms: int | None = None, instant: str | None = None
) -> None:
    """Begin a read-only transaction that sees one instant, with this module's settings; nothing if one has begun.

    A limit that the role, the database or the connection string sets is never loosened. Without ``statement_timeout_ms``
    it is the connection's own, else a minute. Raises UsageError for a connection in autocommit mode, DatabaseError when the
    server refuses.
    """
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        return
    if connection.autocommit:
        raise UsageError(
            "a catalog must be read in one transaction, but this connection is in autocommit mode",
            todo="turn autocommit off; for JupySQL: `%config SqlMagic.autocommit = False`",
        )
    if statement_timeout_ms is None:
        statement_timeout_ms = getattr(connection, "limit_ms", None) or STATEMENT_TIMEOUT_MS
    settings = {**_SPELLING, **_BEHAVIOUR, **_restrictions(connection)}
    limits = {**_LIMITS_MS, "statement_timeout": statement_timeout_ms}
    try:
        cursor = psycopg.Cursor(connection)
        if connection.isolation_level is not IsolationLevel.REPEATABLE_READ or not connection.read_only:
            cursor.execute("set transaction isolation level repeatable read, read only")  # else BEGIN says it
        if instant is not None:
            cursor.execute(sql.SQL("set transaction snapshot {}").format(sql.Literal(instant)))
        cursor.execute(_SETTING, [list(settings), list(settings.values()), list(limits), list(limits.values())])
    except psycopg.Error as error:
        raise database_error(error, connection) from error
