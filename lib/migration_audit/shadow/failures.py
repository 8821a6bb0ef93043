"""What becomes of a statement that the server refused: a failure of the SQL, or an error of the server."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import psycopg

from migration_audit import formats
from migration_audit.driver import DeadlineError
from migration_audit.formats.ledgers import OF_RUNNERS
from migration_audit.model.errors import ServerError, SqlError
from migration_audit.model.location import Location
from migration_audit.model.side_effects import ENDS_SESSIONS, OutsideKind
from migration_audit.model.sql import SqlFailure, Statement
from migration_audit.shadow.editions import edition_advice
from migration_audit.shadow.settings import ISOLATION_VARIABLE

_SERVERS_FAULT = ("08", "53", "57P", "58", "XX")
"""SQLSTATE of lost connections, exhausted resources, shutdowns, system and internal errors (PostgreSQL, appendix A)."""
_TERMINATED: Final = "57P01"
_MISSING_ROLE: Final = re.compile(r'role "(.+)" does not exist', re.DOTALL)
_MISSING_TABLE: Final = re.compile(r'(?P<kind>relation|table|schema) "(?P<name>.+)" does not exist', re.DOTALL)
_LOOK = "check whether the server is still running and its disk has space (migration-audit server status), and run it again"


_FILE, _HOST = "reads or writes a file of the server", "connects to another server"
_REACHES: Final = {
    **dict.fromkeys(("BeginCopyTo", "BeginCopyFrom"), f"runs a program on the server, or {_FILE}"),
    **dict.fromkeys(("read_binary_file", "ReadDirExtended", "pg_stat_file", "lo_import_internal", "be_lo_export"), _FILE),
    **dict.fromkeys(("dblink_connect", "dblink_get_conn", "connect_pg_server"), _HOST),
    **dict.fromkeys(("CreateSubscription", "AlterSubscription", "AlterSubscription_refresh", "libpqrcv_connect"), _HOST),
    "internal_load_library": "loads a library into the server",
    "create_tablespace_directories": "makes a tablespace in a folder of the server",
}
"""What a statement does that fails in one of these functions of the server, however it was put together.

Its SQLSTATE is that of a failing server. Observed on PostgreSQL 17 (copyto.c, copyfrom.c, genfile.c, be-fsstubs.c, dfmgr.c,
subscriptioncmds.c, tablespace.c, dblink, postgres_fdw).
"""


def _reaches_out(error: psycopg.Error) -> str | None:
    """What the statement that failed does beyond its database; None for any other failure."""
    return _REACHES.get(error.diag.source_function or "") if _is_of_server_class(error) else None


def _is_of_server_class(error: psycopg.Error) -> bool:
    """Whether the SQLSTATE is one of a failing server, or of a connection that is lost."""
    return (error.sqlstate or "").startswith(_SERVERS_FAULT)


def missing_role(error: psycopg.Error) -> str | None:
    """The role without which a statement failed; None for any other failure."""
    if error.sqlstate != "42704":
        return None
    match = _MISSING_ROLE.fullmatch(error.diag.message_primary or "")
    return match[1] if match else None


def _ledger_advice(error: psycopg.Error) -> str | None:
    """Which runners create the table without which a statement failed, and what to do; None for any other failure."""
    match = _MISSING_TABLE.fullmatch(error.diag.message_primary or "") if error.sqlstate in {"42P01", "3F000"} else None
    if match is None:
        return None
    missing, name = match["name"], match["name"].rpartition(".")[2]
    runners = {each.runner for each in OF_RUNNERS if each.name == name}
    for each in formats.ALL:
        own = (each.ledger.table, *each.ledger.companions) if each.ledger is not None else ()
        is_own = {f"schema {missing}"} if match["kind"] == "schema" else {missing, f"public.{name}"}
        runners |= {each.runner for table in own if table in is_own or f"schema {table.partition('.')[0]}" in is_own}
    if not runners or missing == "public":
        return None
    return (
        f"HINT: {missing} is the ledger of {_either(sorted(runners, key=str.lower))}, which creates it before it applies "
        "the first migration; on the shadow no runner does. Put its CREATE TABLE into a file that prelude in [project] of "
        "audit.toml names: it is applied before both sources"
    )


def _either(names: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def sql_error(failure: SqlFailure, *, doing: str = "") -> SqlError:
    """The error where SQL failed that the answer depends on; ``doing`` precedes the server's message."""
    return SqlError(
        f"{doing}{failure.message}",
        where=str(failure.at),
        statement=failure.statement,
        sqlstate=failure.sqlstate,
        todo=f"the statement was: {failure.shown_statement}",
    )


def refusal(statement: Statement, *, is_shared: bool) -> SqlFailure | None:
    """Why the audit does not execute the statement: it reaches out of the database; None when it may run."""
    refused = [one for one in statement.outside if one.is_refused(is_shared=is_shared)]
    if os.environ.get(ISOLATION_VARIABLE) == "off":  # no server of ours takes a transaction that is left open
        refused = [one for one in refused if one.kind is OutsideKind.TRANSACTION]
    if not refused:
        return None
    hint = "See `migration-audit check explain SQL008`"
    if all(one.kind is not OutsideKind.TRANSACTION for one in refused):
        hint += f"; {ISOLATION_VARIABLE}=off executes it"
    message = f"the audit does not execute this: {'; '.join(map(str, refused))}\nHINT: {hint}"
    return SqlFailure(at=statement.at, statement=statement.text, message=message, sqlstate=None)


def is_servers_fault(error: psycopg.Error, connection: psycopg.Connection) -> bool:
    """Whether the server or the connection to it failed, so nothing is known about the SQL that it was given."""
    is_servers = _is_of_server_class(error) and _reaches_out(error) is None
    return connection.closed or isinstance(error, DeadlineError) or is_servers


def server_error(error: psycopg.Error, *, what: str, where: str) -> ServerError:
    """The error where the server failed, or took too long; ``what`` names what it was given: ``this statement``."""
    message = error.diag.message_primary or str(error).strip()
    if isinstance(error, DeadlineError):
        todo = "make it faster, or raise statement_timeout (audit.toml, --statement-timeout)"
        sentence = f"{what}: {message}, so nothing is known about the SQL"
        return ServerError(sentence, where=where, todo=_LOOK if error.is_stalled else todo)
    return ServerError(
        f"the server failed while it executed {what}, so nothing is known about the SQL: {message}", where=where, todo=_LOOK
    )


@contextmanager
def server_faults(what: str) -> Iterator[None]:
    """Errors of the driver that the block, which works on a shadow, did not handle, as a ServerError."""
    try:
        yield
    except psycopg.Error as error:
        raise server_error(error, what=what, where="a shadow") from error


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
        is_own = self.error.sqlstate == _TERMINATED and any(one.what == ENDS_SESSIONS for one in self.statement.outside)
        if is_servers_fault(self.error, connection) and not is_own:
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
        if (what := _reaches_out(self.error)) is not None:
            message = f"it {what}, which the audit lets no SQL do: {message}"
            parts["HINT"] = "See `migration-audit check explain SQL008`"
        if is_own:
            message = f"it ends its own session, so nothing after it is applied: {ENDS_SESSIONS}: {message}"
        lines = [message, *(f"{name}: {text}" for name, text in parts.items() if text)]
        lines += filter(None, [None if is_own else edition_advice(self.error, statement.text, connect)])
        lines += filter(None, [_ledger_advice(self.error)])
        return SqlFailure(at=statement.at, statement=statement.text, message="\n".join(lines), sqlstate=self.error.sqlstate)

    def server_failed(self) -> ServerError:
        """The error where the server failed, so nothing is known about the SQL."""
        failed = server_error(self.error, what="this statement", where=str(self.statement.at))
        if self.error.sqlstate == _TERMINATED:
            failed.todo = f"look for {ENDS_SESSIONS} in what the statement calls; otherwise {_LOOK}"
        return failed
