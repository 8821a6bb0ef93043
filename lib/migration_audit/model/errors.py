"""What can go wrong, as one tree.

Every error says three things: what happened, where (``file:line``, ``schema.object``, a name), what to do about it.
The command line turns them into exit codes:

    AuditError                 3  could not audit
    ├── UsageError             2  wrong usage
    │   └── ConfigError        2  an invalid audit.toml (key, line, what was expected)
    ├── SourceError            3  a SQL source cannot be read or split
    ├── ArtifactError          3  a file that is not SQL (compose, Dockerfile, …) is missing or cannot be understood
    ├── SqlError               3  a statement failed on the server
    ├── ServerError            3  no server, or it lacks what is needed
    ├── DatabaseError          3  a live database cannot be reached or read
    ├── NotebookError          3  a notebook did not reach its end
    └── SignoffError           4  not signed, or what was signed does not hold

What to do about an error of a server is found by its SQLSTATE, or by libpq's own words where no server has answered:
https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

import re
from typing import ClassVar, Final


class AuditError(Exception):
    """Base of every error that this project raises on purpose; its text is meant for people."""

    exit_code: ClassVar[int] = 3

    def __init__(self, what: str, *, where: str | None = None, todo: str | None = None) -> None:
        """Keep the three parts apart, so that a report can set them apart too."""
        super().__init__(what)
        self.what = what
        self.where = where
        self.todo = todo

    def __str__(self) -> str:
        """One paragraph: ``where: what``, then what to do on a line of its own."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  → {self.todo}" if self.todo else head

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it in a notebook: the text alone, which says more than forty lines of our own code."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(AuditError):
    """The command was called in a way that cannot mean anything."""

    exit_code = 2


class ConfigError(UsageError):
    """audit.toml is invalid; ``where`` is ``file:line`` and ``what`` names the key and what was expected."""


class SourceError(AuditError):
    """A SQL source is missing, empty, not UTF-8, or uses what the audit refuses to guess at."""


class ArtifactError(AuditError):
    """A file of the project that is not SQL is missing, not UTF-8, or not what its format allows."""


class SqlError(AuditError):
    """A statement failed on the server; carries the statement and the server's SQLSTATE."""

    def __init__(self, what: str, *, where: str, statement: str, sqlstate: str | None, todo: str | None = None) -> None:
        """``what`` is the server's message, ``where`` the ``file:line`` at which the statement starts."""
        super().__init__(what, where=where, todo=todo)
        self.statement = statement
        self.sqlstate = sqlstate


class ServerError(AuditError):
    """No server could be had, or the chosen one lacks what the SQL needs."""


class DatabaseError(AuditError):
    """A live database cannot be reached, is not the one it is meant to be, or cannot be read."""

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        todo: str | None = None,
        is_temporary: bool = False,
        is_unanswered: bool = False,
    ) -> None:
        """``is_temporary``: the same attempt may succeed later, as the server was down, busy or starting.

        ``is_unanswered``: no server has answered, whatever the database.
        """
        super().__init__(what, where=where, todo=todo)
        self.is_temporary = is_temporary
        self.is_unanswered = is_unanswered


class NotebookError(AuditError):
    """A notebook is missing, was given unknown parameters, or did not reach its end."""


class SignoffError(AuditError):
    """Something is not signed, may not be signed, or the files differ from what was signed."""

    exit_code = 4


BY_STATE: Final = {
    "22021": "find the object with these bytes, and rename or rewrite it",
    "22P05": "find the object with these characters, and rename or rewrite it",
    "08P01": "a proxy in front of the server rejects this: see its log",
    "0A000": "see the server's log: it does not support what the connection requests",
    "22023": "check `options` of the connection string, and PGOPTIONS",
    "25P03": "idle_in_transaction_session_timeout of this role or database is too short for an audit: raise it for the role",
    "25P04": "transaction_timeout of this role or database is too short for an audit: raise it for the role",
    "28000": "check the role: it must exist, have LOGIN, and be allowed by the server's pg_hba.conf",
    "28P01": "check user and password",
    "3D000": "check the database name in the connection string",
    "40001": "a standby canceled the query because of a conflict with recovery: audit the primary, or try again",
    "40P01": "the audit and DDL waited for each other: try again while no DDL is running",
    "42501": "GRANT CONNECT ON DATABASE … TO the role; the audit needs no more than that",
    "42704": "check `options` of the connection string, and PGOPTIONS",
    "53100": "the server's disk is full: free space on it, then audit again",
    "53200": "the server is out of memory: try again under less load, or raise max_locks_per_transaction",
    "53300": "all connections available to this role are in use: try again later, or raise the limit that the message names",
    "53400": "a limit of the server's configuration was reached: see its log",
    "55000": "this database does not accept connections (ALLOW_CONNECTIONS, or the server is not ready): name another one",
    "55P03": (
        "something in the database holds a lock, and lock_timeout is over: look for long DDL (pg_stat_activity) and for"
        " transactions that were prepared and left open (pg_prepared_xacts), and try again"
    ),
    "57014": "look for long-running DDL; then raise statement_timeout, for the environment in audit.toml and for the role",
    "57P01": "the connection was terminated by an administrator or a shutdown: try again",
    "57P02": "the server crashed and recovers: see its log, and try again",
    "57P03": "the server is starting, stopping or recovering: try again when it accepts connections",
    "57P04": "the database was dropped: check the connection string",
    "57P05": "idle_session_timeout of this role or database is too short for an audit: raise it for the role",
}
_OF_28000: Final[tuple[tuple[str, str], ...]] = (
    ("no encryption", "the server may require TLS: sslmode=require; otherwise see its pg_hba.conf"),
    ("pg_hba.conf", "the server does not allow this host or role: see its pg_hba.conf"),
    ("not permitted to log in", "ALTER ROLE … LOGIN, or use a role that has LOGIN"),
    ("does not exist", "check the user's name in the connection string"),
)
"""Parts of messages that distinguish the causes of one SQLSTATE; messages in another language get the general advice."""
_OF_LIBPQ: Final[tuple[tuple[str, str], ...]] = (
    ("does not support SSL", "the server does not support TLS: change sslmode, or configure TLS on the server"),
    ("does not match host name", "the server's certificate is for another name: connect using a name in the certificate"),
    ("root certificate file", "put the CA certificate where sslrootcert or PGSSLROOTCERT points"),
    ("certificate verify failed", "the certificate was not signed by the CA in sslrootcert: check which CA it names"),
    ("certificate", "check sslcert, sslkey and sslrootcert in the connection string"),
    ("private key", "check sslkey in the connection string: the file, its password and its rights (0600)"),
    ("definition of service", "check the service's name, and which file PGSERVICEFILE (else ~/.pg_service.conf) names"),
    ("service file", "check the file that PGSERVICEFILE (else ~/.pg_service.conf) names"),
    (
        "no password supplied",
        "set a password: PGPASSWORD, or a line of the passfile for this host, port, database and user (its mode: 0600)",
    ),
    ("resolve host", "check the spelling of the host, and that DNS resolves it here"),
    ("translate host name", "check the spelling of the host, and that DNS resolves it here"),
    ("Connection refused", "nothing listens there: check host and port, and that the server is running"),
    (
        "No such file or directory",
        "no server has its socket there: check the folder, the port, and that the server is running",
    ),
    ("Permission denied", "this account may not access the server's socket: check the permissions of its folder"),
    ("timeout expired", "no answer: check host and port, firewalls, and connect_timeout"),
    ("timed out", "no answer: check host and port, firewalls, and connect_timeout"),
    ("unreachable", "the network is unreachable: check host and network"),
    ("No route to host", "the network is unreachable: check host and network"),
    ("invalid response", "the program that listens there is not a PostgreSQL server: check host and port"),
    ("expected authentication request", "the program that listens there is not a PostgreSQL server: check host and port"),
    (
        "closed the connection",
        "the server, or a proxy in front of it, closed the connection: see its log, and check that PostgreSQL listens there",
    ),
    ("session is", "target_session_attrs requires a different kind of server than the one that answered"),
    ("server is", "target_session_attrs requires a different kind of server than the one that answered"),
    ("invalid", "check the value in the connection string that the message names"),
)
"""Parts of libpq's own messages, which it does not translate without a catalog; no server is asked where these appear."""


def connect_advice(state: str | None, reason: str) -> str:
    """What to do where a connection could not be made, for this SQLSTATE, else for these words of libpq.

    >>> connect_advice(None, 'could not translate host name "service" to address')
    'check the spelling of the host, and that DNS resolves it here'
    """
    without_names = re.sub(r"""(["']).*?\1""", "", reason)
    if state is None:
        general, cases = "check host, port and network, and that the server is running", _OF_LIBPQ
    else:
        general, cases = BY_STATE.get(state, "see the server's log"), _OF_28000 if state == "28000" else ()
    return next((advice for sign, advice in cases if sign in without_names), general)


def reason_of(message: str) -> str:
    """The message of libpq or of a server, on one line, without what libpq puts in front of it and asks behind it.

    >>> reason_of('connection to server at "h", port 1 failed: Connection refused\\n\\tIs the server running?')
    'Connection refused'
    """
    last = [line.strip() for line in message.splitlines() if line.strip()][-1:]
    telling = [line for sign in ("FATAL:", " failed: ") for line in message.splitlines() if sign in line]
    reason = next(iter([*telling, *last]), "")
    return reason.rpartition("FATAL:")[2].rpartition(" failed: ")[2].strip().rstrip(".")
