"""Errors of the server and of libpq as errors of ours: their own words, and what to do."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import psycopg
from psycopg.pq import DiagnosticField
from psycopg.pq.abc import PGresult

from migration_audit import driver
from migration_audit.catalog.conninfo import scrub, shown_server
from migration_audit.model.errors import DatabaseError
from migration_audit.model.server_advice import BY_STATE, connect_advice, reason_of

ODD_BYTES: Final = (psycopg.errors.CharacterNotInRepertoire, psycopg.errors.UntranslatableCharacter)
"""The server's words for bytes that it cannot send as UTF-8."""


VANISHED: Final = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedObject, psycopg.errors.InternalError_)
"""What the server says of something that is dropped while it is read: the transaction still sees its row."""


class CatalogChangedError(DatabaseError):
    """Something vanished while it was read; it may be read again."""


def connect_error(error: psycopg.Error, conninfo: str, parameters: dict[str, str]) -> DatabaseError:
    """Why there is no connection, in one sentence without any part of the password."""
    reason = scrub(server_message(error), conninfo, parameters)
    return DatabaseError(
        f"cannot connect: {reason}",
        where=shown_server(parameters),
        todo=connect_advice(error.sqlstate, reason),
        is_temporary=is_temporary(error.sqlstate),
        is_unanswered=error.sqlstate is None,
    )


_PASSING: Final = ("08", "40", "53", "57P0", "55P03", "57014")
"""How the SQLSTATEs of what may be over soon begin: connection, conflict, resources, start and stop, locks, time limits."""


def is_temporary(sqlstate: str | None) -> bool:
    """Whether the same attempt may succeed later; without an SQLSTATE no server has answered.

    >>> is_temporary(None), is_temporary("57P03"), is_temporary("57P04"), is_temporary("28P01")
    (True, True, False, False)
    """
    return sqlstate is None or (sqlstate.startswith(_PASSING) and sqlstate != "57P04")


def database_error(error: psycopg.Error, connection: psycopg.Connection[Any]) -> DatabaseError:
    """What the server said, as an error of ours that names the database."""
    if isinstance(error, driver.DeadlineError):
        look = "check the server and the network; [environments.…] statement_timeout sets how long to wait"
        return DatabaseError(f"the catalog cannot be read: {error}", where=error.database, todo=look, is_temporary=True)
    name = connection.info.dbname if not connection.closed else None
    if isinstance(error, VANISHED):
        look = "DDL was running, or the catalog is damaged; try again while no DDL is running"
        return CatalogChangedError(f"the catalog changed while it was read: {server_message(error)}", where=name, todo=look)
    reason, state = server_message(error), error.sqlstate
    if connection.closed:
        reason, state = last_words(connection) or (reason, state)
    # As an advice about CONNECT it belongs to connecting.
    todo = BY_STATE.get(state) if state and state != "42501" else None
    if connection.closed:
        todo = todo or "the connection was lost: try again"
    return DatabaseError(
        f"the catalog cannot be read: {reason}",
        where=name,
        todo=todo,
        is_temporary=(connection.closed or state is not None) and is_temporary(state),
    )


def server_message(error: psycopg.Error) -> str:
    """The server's own words, on one line, without what libpq puts in front of them."""
    return reason_of(error.diag.message_primary or str(error)) or type(error).__name__


_MOST_RESULTS: Final = 200
"""More than there are queries under way, each with a result and an end."""


def last_words(connection: psycopg.Connection[Any]) -> tuple[str, str] | None:
    """What the server said when it ended the connection, and its SQLSTATE; None where it said nothing.

    Between two queries libpq hands it to a notice handler. While several queries are under way, psycopg raises when the
    connection ends, before it has fetched the result in which the server says why.
    """
    words: tuple[str, str] | None = getattr(connection, "last_words", None)
    with suppress(psycopg.Error):  # it was closed from this side
        for _ in range(_MOST_RESULTS):
            result = connection.pgconn.get_result()
            if result is not None and _field(result, DiagnosticField.SEVERITY_NONLOCALIZED) in {"FATAL", "PANIC"}:
                return _field(result, DiagnosticField.MESSAGE_PRIMARY), _field(result, DiagnosticField.SQLSTATE)
    return words


def _field(result: PGresult, field: DiagnosticField) -> str:
    return (result.error_field(field) or b"").decode("utf-8", errors="backslashreplace")
