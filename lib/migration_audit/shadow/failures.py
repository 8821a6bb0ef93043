"""What becomes of a statement that the server refused: a failure of the SQL, or an error of the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from migration_audit.driver import DeadlineError
from migration_audit.model.errors import ServerError
from migration_audit.model.location import Location
from migration_audit.model.sql import SqlFailure, Statement
from migration_audit.shadow.editions import advice

_SERVERS_FAULT = ("08", "53", "57P", "58", "XX")
"""SQLSTATE of lost connections, exhausted resources, shutdowns, system and internal errors (PostgreSQL, appendix A)."""
_LOOK = "see whether the server still runs and its disk has room (migration-audit server status), and run it again"


def is_servers_fault(error: psycopg.Error, connection: psycopg.Connection | None = None) -> bool:
    """Whether the server or the connection to it failed, which says nothing about the SQL that it was given."""
    is_lost = connection is not None and connection.closed
    return is_lost or isinstance(error, DeadlineError) or (error.sqlstate or "").startswith(_SERVERS_FAULT)


def server_error(error: psycopg.Error, *, what: str, where: str) -> ServerError:
    """The error where the server failed, or took too long; ``what`` names what it was given: ``this statement``."""
    message = error.diag.message_primary or str(error).strip()
    if isinstance(error, DeadlineError):
        todo = "make it end sooner, or raise statement_timeout (audit.toml, --statement-timeout)"
        sentence = f"{what}: {message}, which says nothing about the SQL"
        return ServerError(sentence, where=where, todo=_LOOK if error.is_stalled else todo)
    return ServerError(
        f"the server failed while it executed {what}, which says nothing about the SQL: {message}", where=where, todo=_LOOK
    )


@contextmanager
def server_faults(what: str, where: str) -> Iterator[None]:
    """Errors of the driver that nobody in the block has judged, as a ServerError."""
    try:
        yield
    except psycopg.Error as error:
        raise server_error(error, what=what, where=where) from error


class StatementError(Exception):
    """The server refused ``statement``."""

    def __init__(self, statement: Statement, error: psycopg.Error) -> None:
        """``error`` is what the driver raised."""
        super().__init__(str(error))
        self.statement = statement
        self.error = error

    def failure(self, connection: psycopg.Connection, connect: Callable[[], psycopg.Connection]) -> SqlFailure:
        """The server's message as psql prints it, with the line that the server points at.

        ``connect`` opens another session to look why. Raises ServerError where the server is what failed.
        """
        if is_servers_fault(self.error, connection):
            raise self.server_failed() from self.error
        statement, diagnostic = self.statement, self.error.diag
        message = diagnostic.message_primary or str(self.error).strip()
        position = int(diagnostic.statement_position or 1)
        line = statement.at.line + statement.text.count("\n", 0, position - 1)
        line = statement.in_file(Location(statement.at.path, line)).line
        if line != statement.at.line:
            message += f" (line {line})"
        parts = {
            "DETAIL": diagnostic.message_detail,
            "HINT": diagnostic.message_hint,
            "QUERY": diagnostic.internal_query,
            "CONTEXT": diagnostic.context,
        }
        lines = [message, *(f"{name}: {text}" for name, text in parts.items() if text)]
        lines += filter(None, [advice(self.error, statement.text, connect)])
        return SqlFailure(at=statement.at, statement=statement.text, message="\n".join(lines), sqlstate=self.error.sqlstate)

    def server_failed(self) -> ServerError:
        """The error where the server failed, which says nothing about the SQL."""
        return server_error(self.error, what="this statement", where=str(self.statement.at))
