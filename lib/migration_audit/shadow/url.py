"""A server that the user names by a URL: the audit makes databases of its own there and drops exactly those.

What it cannot do: two sides on one such server share its roles, tablespaces and system identifier, so a role that one
side makes is there for the other.

When this process is killed, the next one drops its databases. They are called ``migration_audit_<mark>_…``, and a session
that lasts as long as they are needed has the mark in its ``application_name``. Where sessions cannot be distinguished
(behind a pooler), nothing is dropped for others, and the databases are called so that others do not drop them.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from migration_audit.model.errors import DatabaseError, ServerError, connect_advice, reason_of
from migration_audit.model.location import Location
from migration_audit.project import Environment, resolve
from migration_audit.shadow.databases import Databases, role_option

if TYPE_CHECKING:
    from psycopg import Connection

URL_VARIABLE = "MIGRATION_AUDIT_SERVER_URL"
PREFIX = "migration_audit_"
_NAME_LIMIT = 63
"""Bytes of an identifier; a longer one would be cut, and could then be another database's."""

_SESSION = "migration-audit "
_ABANDONED = f"""
select datname
  from pg_catalog.pg_database as dat
 where datname ~ '^{PREFIX}[0-9a-f]{{8}}_'
   and datdba = (select oid from pg_catalog.pg_roles where rolname = current_user)
   and not exists (
       select from pg_catalog.pg_stat_activity as act
        where act.application_name = '{_SESSION}' || pg_catalog.substr(dat.datname, {len(PREFIX) + 1}, 8)
           or act.datid = dat.oid
       )
"""  # noqa: S608 - constants
"""Our databases whose session has ended, and to which no one is connected."""


class UrlServer:
    """The server that ``MIGRATION_AUDIT_SERVER_URL`` names."""

    provider = "url"
    programs: Path | None = None

    def __init__(self, url: str) -> None:
        """Ask the server what it is.

        Raises ServerError when it is not a URL, cannot be reached, or the role may not create databases.
        """
        self._url = url
        with _connected(url) as connection:
            self._check_rights(connection)
            self._extensions = dict(
                connection.execute("select name, default_version from pg_catalog.pg_available_extensions").fetchall()
            )
            self.description = _describe(connection, self._extensions)

    def available_extensions(self) -> Mapping[str, str]:
        """What ``pg_available_extensions`` says."""
        return self._extensions

    @contextlib.contextmanager
    def cluster(self, *, fresh: bool = False, tcp: bool = False) -> Iterator[UrlCluster]:
        """The user's server; the databases made in the block are dropped at its end. Neither argument changes anything."""
        with _marked(self._url) as mark:
            cluster = UrlCluster(self._url, mark)
            if mark:
                cluster.drop_abandoned()
            try:
                yield cluster
            finally:
                cluster.drop_all()

    def _check_rights(self, connection: Connection) -> None:
        query = "select rolname, rolcreatedb or rolsuper from pg_catalog.pg_roles where rolname = current_user"
        role, may_create = connection.execute(query).fetchone() or ("?", False)
        if not may_create:
            raise ServerError(
                f"role {role} may not create databases", where=URL_VARIABLE, todo=f'alter role "{role}" createdb'
            )


class UrlCluster(Databases):
    """The databases of ours on the user's server, called by the names that they were asked for with."""

    is_private = False

    def __init__(self, url: str, mark: str | None = None) -> None:
        """Nothing is made on the server yet; ``mark`` is that of a session that lasts as long as the databases."""
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

        given = conninfo_to_dict(url)
        self._url = url
        self._options = str(given.get("options") or "")
        self._prefix = f"{PREFIX}{mark or f'kept_{secrets.token_hex(4)}'}_"
        self._made: dict[str, str] = {}
        self.superuser = str(given.get("user") or _current_user(url))

    def conninfo(self, database: str = "postgres", user: str | None = None) -> str:
        """A libpq connection string; another role is set by ``role``, since its password is not known.

        ``postgres`` is the database that the URL names, unless a database created here has that name.
        """
        from psycopg.conninfo import make_conninfo  # noqa: PLC0415

        changed = {"options": f"{self._options} {role_option(user)}".strip()}
        if database in self._made:
            changed["dbname"] = self._made[database]
        elif database != "postgres":
            raise ServerError("was not created by this audit and is not touched", where=f"database {database}")
        return make_conninfo(self._url, **changed)

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """Create a database whose real name is prefixed; raises ServerError when it cannot be made."""
        real = (self._prefix + name).encode()[:_NAME_LIMIT].decode(errors="ignore")
        if name in self._made or real in self._made.values():
            raise ServerError("exists already", where=f"database {name}")
        self.execute(
            "create database {} template {} encoding 'UTF8'", real, self._made[template] if template else "template0"
        )
        self._made[name] = real
        return self.conninfo(name)

    def drop_database(self, name: str) -> None:
        """Drop a database made here; one that is gone is not an error, one that others created is not touched."""
        if name in self._made:
            super().drop_database(self._made[name])
            del self._made[name]

    def drop_abandoned(self) -> None:
        """Drop the databases of processes that were killed; one that cannot be dropped is left for the next time."""
        with _connected(self._url) as connection:
            found = [name for (name,) in connection.execute(_ABANDONED.encode()).fetchall()]
        for name in found:
            with contextlib.suppress(ServerError):
                super().drop_database(name)

    def drop_all(self) -> None:
        """Drop every database made here; raises ServerError with the names of those that could not be dropped."""
        failed = []
        for name, real in list(self._made.items()):
            try:
                self.drop_database(name)
            except ServerError as error:
                failed.append(f"{real} ({error.what})")
        if failed:
            raise ServerError(f"could not be dropped: {', '.join(failed)}", where=URL_VARIABLE, todo="drop them by hand")


def find_url() -> UrlServer:
    """The server that the variable names; raises ServerError when it is not set or the server cannot be used."""
    if not os.environ.get(URL_VARIABLE):
        raise ServerError(f"{URL_VARIABLE} is not set", todo="set it to postgresql://user:password@host:port/database")
    named = Environment(name="server", dsn_env=URL_VARIABLE, at=Location(URL_VARIABLE, 1))
    try:
        return UrlServer(resolve(named, os.environ))
    except DatabaseError as error:  # what libpq would say to it may show a part of the password
        raise ServerError(error.what, where=URL_VARIABLE, todo=error.todo) from None


@contextlib.contextmanager
def _marked(url: str) -> Iterator[str | None]:
    """A session for as long as databases are needed, and its mark; None where others cannot see it."""
    import psycopg  # noqa: PLC0415

    mark = secrets.token_hex(4)
    with _connected(url) as holding:
        with contextlib.suppress(psycopg.Error):
            holding.execute("set idle_session_timeout = 0")
        holding.execute(f"set application_name = '{_SESSION}{mark}'".encode())
        query = "select from pg_catalog.pg_stat_activity where application_name = %s"
        with _connected(url) as other:
            is_seen = other.execute(query, [f"{_SESSION}{mark}"]).fetchone() is not None
        yield mark if is_seen else None


@contextlib.contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """A connection; errors do not show the URL, which may hold a password."""
    import psycopg  # noqa: PLC0415

    from migration_audit import driver  # noqa: PLC0415

    try:
        connection = driver.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.ProgrammingError:
        # libpq quotes what it does not understand, and that may be the password.
        raise ServerError(
            "is not a PostgreSQL URL", where=URL_VARIABLE, todo="write it as postgresql://user:password@host:port/database"
        ) from None
    except psycopg.Error as error:
        reason = reason_of(error.diag.message_primary or str(error))
        raise ServerError(reason, where=URL_VARIABLE, todo=connect_advice(error.sqlstate, reason)) from error
    with connection:
        yield connection


def _current_user(url: str) -> str:
    with _connected(url) as connection:
        return str((connection.execute("select current_user").fetchone() or ("",))[0])


def _describe(connection: Connection, extensions: Mapping[str, str]) -> str:
    query = "select current_setting('server_version'), current_setting('timescaledb.license', true)"
    version, license_ = connection.execute(query).fetchone() or ("?", None)
    parts = [f"PostgreSQL {str(version).split()[0]}"]
    if "timescaledb" in extensions:
        # Only a session that has the extension loaded knows the licence.
        edition = {"timescale": " (Community edition)", "apache": " (Apache edition)"}.get(license_ or "", "")
        parts.append(f"TimescaleDB {extensions['timescaledb']}{edition}")
    row = connection.execute("select rolsuper from pg_catalog.pg_roles where rolname = current_user").fetchone()
    superuser = ", as a superuser without restrictions" if row and row[0] else ""
    return f"{', '.join(parts)} on {connection.info.host}, named by {URL_VARIABLE}{superuser}"
