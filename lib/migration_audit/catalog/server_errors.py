"""Errors of the server and of libpq as errors of ours: their own words, and what to do, by SQLSTATE.

https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any, Final

import psycopg
from psycopg.pq import DiagnosticField
from psycopg.pq.abc import PGresult

from migration_audit import driver
from migration_audit.catalog.conninfo import describe, scrub
from migration_audit.model.errors import DatabaseError

ODD_BYTES: Final = (psycopg.errors.CharacterNotInRepertoire, psycopg.errors.UntranslatableCharacter)
"""The server's words for bytes that it cannot send as UTF-8."""
_BY_STATE: Final = {
    "22021": "find what holds these bytes, and rename it or write it again",
    "22P05": "find what holds these characters, and rename it or write it again",
    "08P01": "a proxy between here and the server refuses this: see its log",
    "0A000": "see the server's log: it does not offer what the connection asks for",
    "22023": "check `options` of the connection string, and PGOPTIONS",
    "25P03": "idle_in_transaction_session_timeout of this role or database is too short for an audit: raise it for the role",
    "25P04": "transaction_timeout of this role or database is too short for an audit: raise it for the role",
    "28000": "check the role: it has to exist, to have LOGIN, and to be let in by the server's pg_hba.conf",
    "28P01": "check user and password, where they are kept",
    "3D000": "check the database's name in the connection string",
    "40001": "a standby ended the query for the sake of replication: audit the primary, or try again",
    "40P01": "the audit and DDL waited for each other: try again when no DDL runs",
    "42501": "GRANT CONNECT ON DATABASE … TO the role; the audit needs no more than that",
    "42704": "check `options` of the connection string, and PGOPTIONS",
    "53100": "the server's disk is full: nothing can be audited until it has space again",
    "53200": "the server has no memory left for this: try again when it has less to do, or raise max_locks_per_transaction",
    "53300": "all connections that this role may use are taken: try again later, or raise the limit that the message names",
    "53400": "a limit of the server's configuration was reached: see its log",
    "55000": "this database takes no connections (ALLOW_CONNECTIONS, or a server that is not ready): name another one",
    "55P03": "something in the database holds a lock, and lock_timeout is over: look for long DDL, and try again",
    "57014": "look for long DDL; then raise statement_timeout, of the environment in audit.toml and of the role",
    "57P01": "somebody or a shutdown ended the connection: try again",
    "57P02": "the server crashed and recovers: see its log, and try again",
    "57P03": "the server is starting, stopping or recovering: try again when it takes connections",
    "57P04": "the database was dropped: check the connection string",
    "57P05": "idle_session_timeout of this role or database is too short for an audit: raise it for the role",
}
_OF_28000: Final[tuple[tuple[str, str], ...]] = (
    ("no encryption", "the server may want TLS: sslmode=require; else see its pg_hba.conf"),
    ("pg_hba.conf", "the server does not let this host or role in: see its pg_hba.conf"),
    ("not permitted to log in", "ALTER ROLE … LOGIN, or use a role that has LOGIN"),
    ("does not exist", "check the user's name in the connection string"),
)
"""Parts of messages that tell apart what has one SQLSTATE; in another language the general advice is given."""
_OF_LIBPQ: Final[tuple[tuple[str, str], ...]] = (
    ("does not support SSL", "the server has no TLS: change sslmode, or configure TLS on the server"),
    ("does not match host name", "the server's certificate is for another name: connect by a name that is in it"),
    ("root certificate file", "put the certificate of the CA where sslrootcert or PGSSLROOTCERT names it"),
    ("certificate verify failed", "the certificate was not signed by the CA in sslrootcert: check which CA it names"),
    ("certificate", "check sslcert, sslkey and sslrootcert in the connection string"),
    ("private key", "check sslkey in the connection string: the file, its password and its rights (0600)"),
    ("definition of service", "check the service's name, and which file PGSERVICEFILE (else ~/.pg_service.conf) names"),
    ("service file", "check the file that PGSERVICEFILE (else ~/.pg_service.conf) names"),
    (
        "no password supplied",
        "give a password: PGPASSWORD, or a line of the passfile for this host, port, database and user (its mode: 0600)",
    ),
    ("resolve host", "check how the host is spelled, and that DNS knows it here"),
    ("translate host name", "check how the host is spelled, and that DNS knows it here"),
    ("Connection refused", "nothing listens there: check host and port, and that the server runs"),
    ("No such file or directory", "no server has its socket there: check the folder, the port, and that the server runs"),
    ("Permission denied", "this account may not use the server's socket: check the rights of its folder"),
    ("timeout expired", "nothing answers there: check host and port, firewalls, and connect_timeout"),
    ("timed out", "nothing answers there: check host and port, firewalls, and connect_timeout"),
    ("unreachable", "the network does not lead there: check host and network"),
    ("No route to host", "the network does not lead there: check host and network"),
    ("invalid response", "what listens there is no PostgreSQL server: check host and port"),
    ("expected authentication request", "what listens there is no PostgreSQL server: check host and port"),
    (
        "closed the connection",
        "the server, or a proxy before it, hung up: see its log, and check that PostgreSQL listens there",
    ),
    ("session is", "target_session_attrs asks for another kind of server than the one that answers"),
    ("server is", "target_session_attrs asks for another kind of server than the one that answers"),
    ("invalid", "check the value in the connection string that the message names"),
)
"""Parts of libpq's own messages, which it does not translate without a catalog; no server is asked where these appear."""


def connect_error(error: psycopg.Error, conninfo: str, parameters: dict[str, str]) -> DatabaseError:
    """Why there is no connection, in one sentence without any part of the password."""
    reason = scrub(words_of(error), conninfo, parameters)
    return DatabaseError(f"cannot connect: {reason}", where=describe(parameters), todo=_advice(error.sqlstate, reason))


def database_error(error: psycopg.Error, connection: psycopg.Connection[Any]) -> DatabaseError:
    """What the server said, as an error of ours that names the database."""
    if isinstance(error, driver.DeadlineError):
        look = "look at the server and what is between; [environments.…] statement_timeout says how long to wait"
        return DatabaseError(f"the catalog cannot be read: {error}", where=error.database, todo=look)
    name = connection.info.dbname if not connection.closed else None
    reason, state = words_of(error), error.sqlstate
    if connection.closed:
        reason, state = last_words(connection) or (reason, state)
    # As an advice about CONNECT it belongs to connecting.
    todo = _BY_STATE.get(state) if state and state != "42501" else None
    if connection.closed:
        todo = todo or "the connection was lost: try again"
    return DatabaseError(f"the catalog cannot be read: {reason}", where=name, todo=todo)


def words_of(error: psycopg.Error) -> str:
    """The server's own words, on one line, without what libpq puts in front of them."""
    said = error.diag.message_primary or str(error)
    last = [line.strip() for line in said.splitlines() if line.strip()][-1:] or [type(error).__name__]
    # What follows a line such as "… failed: Connection refused" is a question of libpq's, not a reason.
    telling = [line for sign in ("FATAL:", " failed: ") for line in said.splitlines() if sign in line]
    reason = next(iter(telling), last[0])
    return reason.rpartition("FATAL:")[2].rpartition(" failed: ")[2].strip().rstrip(".") or type(error).__name__


_MOST_RESULTS: Final = 200
"""More than there are queries under way, each with a result and an end."""


def last_words(connection: psycopg.Connection[Any]) -> tuple[str, str] | None:
    """What the server said when it ended the connection, and its SQLSTATE; None where it said nothing.

    Between two queries libpq hands it to a notice handler. While several queries are under way, psycopg raises when the
    connection ends, before it has fetched the result in which the server says why.
    """
    told: tuple[str, str] | None = getattr(connection, "last_words", None)
    with suppress(psycopg.Error):  # it was closed from this side
        for _ in range(_MOST_RESULTS):
            result = connection.pgconn.get_result()
            if result is not None and _field(result, DiagnosticField.SEVERITY_NONLOCALIZED) in {"FATAL", "PANIC"}:
                return _field(result, DiagnosticField.MESSAGE_PRIMARY), _field(result, DiagnosticField.SQLSTATE)
    return told


def _field(result: PGresult, field: DiagnosticField) -> str:
    return (result.error_field(field) or b"").decode("utf-8", errors="backslashreplace")


def _advice(state: str | None, reason: str) -> str:
    without_names = re.sub(r"""(["']).*?\1""", "", reason)
    if state is None:
        general, cases = "check host, port and network, and that the server runs", _OF_LIBPQ
    else:
        general, cases = _BY_STATE.get(state, "see the server's log"), _OF_28000 if state == "28000" else ()
    return next((advice for sign, advice in cases if sign in without_names), general)
