"""Connection strings, and errors of the server and of libpq as errors of ours: their own words, and what to do.

Nothing of a password can reach a message. libpq quotes what it could not parse, and what it could not parse is often the
second half of a password with an ``@`` or a ``/`` in it. So a string that can be read in two ways is refused here, before
libpq sees it, and without being quoted.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import DiagnosticField
from psycopg.pq.abc import PGresult

from migration_audit import driver
from migration_audit.model.errors import BY_STATE, DatabaseError, connect_advice, reason_of
from migration_audit.model.redaction import MASK

ODD_BYTES: Final = (psycopg.errors.CharacterNotInRepertoire, psycopg.errors.UntranslatableCharacter)
"""The server's words for bytes that it cannot send as UTF-8."""


VANISHED: Final = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedObject, psycopg.errors.InternalError_)
"""What the server says of something that is dropped while it is read: the transaction still sees its row."""
_PASSING: Final = ("08", "40", "53", "57P0", "55P03", "57014")
"""How the SQLSTATEs of what may be over soon begin: connection, conflict, resources, start and stop, locks, time limits."""
_MOST_RESULTS: Final = 200
"""More than there are queries under way, each with a result and an end."""
_SCHEME = re.compile(r"postgres(?:ql)?://", re.IGNORECASE)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ENCODE = "in a URL, write special characters of user and password percent-encoded: @ as %40, / as %2F, % as %25"
_SHORT = 6
"""Characters: a shorter text is likely to be a part of ordinary words."""


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


def is_temporary(sqlstate: str | None) -> bool:
    """Whether the same attempt may succeed later; without an SQLSTATE no server has answered.

    >>> is_temporary(None), is_temporary("57P03"), is_temporary("57P04"), is_temporary("28P01")
    (True, True, False, False)
    """
    return sqlstate is None or (sqlstate.startswith(_PASSING) and sqlstate != "57P04")


def database_error(error: psycopg.Error, connection: psycopg.Connection[Any]) -> DatabaseError:
    """The server's message, as an error of ours that names the database."""
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


def last_words(connection: psycopg.Connection[Any]) -> tuple[str, str] | None:
    """The server's message when it ended the connection, and its SQLSTATE; None without one.

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


def parse_conninfo(conninfo: str) -> dict[str, str]:
    """The parameters of a connection string: a URL, or ``key=value`` pairs.

    Raises DatabaseError for one that is empty, malformed or ambiguous; nothing of it is quoted.
    """
    if not conninfo.strip():
        raise DatabaseError("the connection string is empty", todo="check the environment variable that should contain it")
    if _SCHEME.match(conninfo):
        _refuse_ambiguous_url(conninfo)
    try:
        parameters = {name: str(value) for name, value in conninfo_to_dict(conninfo).items() if value is not None}
    except psycopg.ProgrammingError:
        raise _malformed("the connection string is malformed (it is not shown, because it may contain a password)") from None
    for name in ("port", "connect_timeout"):
        if not all(part.isdecimal() for part in parameters.get(name, "").split(",") if part):
            raise _malformed(f"the connection string has a {name} that is not a number")
    return parameters


def _refuse_ambiguous_url(url: str) -> None:
    rest = url[_SCHEME.match(url).end() :]  # type: ignore[union-attr]  # the caller matched it
    if _BAD_ESCAPE.search(rest):
        raise _malformed("the connection URL has a % that is not part of a percent-encoded character")
    if rest.count("@") > 1:
        raise _malformed("the connection URL has more than one @, so that its password and host cannot be distinguished")
    if "@" in rest and "@" not in rest.split("/", 1)[0]:
        raise _malformed("the connection URL has a / before its @, so that its password and host cannot be distinguished")


def _malformed(what: str) -> DatabaseError:
    return DatabaseError(what, todo=_ENCODE)


def shown_server(parameters: dict[str, str]) -> str:
    """Where a connection string leads, for people: ``database on host:port``; never user or password."""
    host = parameters.get("host") or parameters.get("hostaddr") or parameters.get("service") or "the default host"
    port = f":{parameters['port']}" if parameters.get("port") else ""
    database = parameters.get("dbname")
    return f"{database} on {host}{port}" if database else f"{host}{port}"


def scrub(text: str, conninfo: str, parameters: dict[str, str]) -> str:
    """The text without the password, in whatever form it may be there."""
    secrets = {parameters.get("password", ""), parameters.get("sslpassword", "")}
    written = conninfo.rpartition("@")[0].rpartition(":")[2]  # as the URL spells it
    if _SCHEME.match(conninfo) and "//" not in written:
        secrets.add(written)
    forms = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""), unquote(secret))}
    for form in sorted(forms, key=len, reverse=True):
        text = _whole(form).sub(MASK, text)
    return text


def _whole(secret: str) -> re.Pattern[str]:
    """The secret wherever it is; a short one only where it is not part of a word, which would show what it is."""
    if len(secret) >= _SHORT:
        return re.compile(re.escape(secret))
    return re.compile(rf"(?<!\w){re.escape(secret)}(?!\w)")


# pg_class is read as of the transaction's snapshot, what the functions say is as of now.
_REPLACED: Final = """
with recursive tree (oid) as (
    select rel.oid
      from pg_catalog.pg_class as rel
      join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
     where nsp.nspname = %s
       and rel.relname = %s
       and rel.oid = pg_catalog.to_regclass(%s)
     union all
    select inh.inhrelid
      from tree
      join pg_catalog.pg_inherits as inh on inh.inhparent = tree.oid
)
select not exists (select from tree)
       or exists (
           select
             from tree
             join pg_catalog.pg_class as rel on rel.oid = tree.oid
            where rel.relfilenode <> coalesce(pg_catalog.pg_relation_filenode(rel.oid), 0)
       )
"""


@dataclass(frozen=True, slots=True)
class _ReplacementCheck:
    """Whether the rows that were read just before are those that a table and its parts have in the snapshot.

    Of a table that is replaced or truncated meanwhile, a transaction finds the new one, and none of its rows.
    """

    name: str
    answer: psycopg.Cursor[Any]

    def refuse(self) -> None:
        """Nothing where they are. Raises CatalogChangedError, psycopg.Error."""
        row = self.answer.fetchone()
        if row is None or row[0]:
            raise CatalogChangedError(
                f"the catalog changed while it was read: table {self.name} was replaced or truncated",
                where=self.answer.connection.info.dbname,
                todo="DDL was running; try again while no DDL is running",
            )


def ask_whether_replaced(connection: psycopg.Connection[Any], schema: str, table: str) -> _ReplacementCheck:
    """Ask it behind the query that reads the rows, and before the transaction ends. Raises psycopg.Error."""
    name = sql.Identifier(schema, table).as_string(connection)
    return _ReplacementCheck(f"{schema}.{table}", connection.execute(_REPLACED, [schema, table, name]))
