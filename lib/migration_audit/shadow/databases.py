"""Connection strings, and creating and dropping databases: the same on every cluster."""

from __future__ import annotations

import contextlib
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence

from migration_audit.model.errors import ServerError
from migration_audit.model.location import Location

_RELEASE = """
    select pg_catalog.format(step.text, sub.subname)
      from pg_catalog.pg_subscription as sub
      join pg_catalog.pg_database as dat on dat.oid = sub.subdbid and dat.datname = pg_catalog.current_database()
     cross join (values
           ('alter subscription %I disable'), ('alter subscription %I set (slot_name = none)'), ('drop subscription %I')
           ) as step (text)
     union all
    select pg_catalog.format('select pg_catalog.pg_drop_replication_slot(%L)', slo.slot_name)
      from pg_catalog.pg_replication_slots as slo
     where slo.database = pg_catalog.current_database()
     union all
    select pg_catalog.format('rollback prepared %L', pre.gid)
      from pg_catalog.pg_prepared_xacts as pre
     where pre.database = pg_catalog.current_database()
     order by 1
"""
_BY_FILE = " strategy file_copy"
"""https://www.postgresql.org/docs/current/sql-createdatabase.html#CREATE-DATABASE-STRATEGY"""
# psycopg is imported in functions, here and in the providers: commands that need no server start faster.


class Databases(ABC):
    """The part of a cluster that talks to it."""

    is_private = True

    @abstractmethod
    def conninfo(self, database: str = "postgres", user: str | None = None) -> str:
        """A libpq connection string."""

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """Create a database and return its connection string; raises ServerError when it cannot be made.

        It is empty, or a copy of ``template``, which was made here before.
        """
        # From template0, so that nothing from a template1 that was changed gets in. File by file
        # takes two checkpoints, which no one else on this server waits for, and half the time.
        self.execute("create database {} template {} encoding 'UTF8'", name, template or "template0", since_15=_BY_FILE)
        return self.conninfo(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and the connections to it; one that is gone is not an error."""
        try:
            self.execute("drop database if exists {} with (force)", name)
        except ServerError:  # because of something that the SQL made which ran in it
            self._free(name)
            self.execute("drop database if exists {} with (force)", name)

    def _free(self, name: str) -> None:
        """Remove what keeps a database: that it is a template, subscriptions, replication slots, transactions left open."""
        import psycopg  # noqa: PLC0415
        from psycopg.conninfo import make_conninfo  # noqa: PLC0415

        from migration_audit import driver  # noqa: PLC0415

        with contextlib.suppress(ServerError):
            self.execute("alter database {} is_template false", name)
        with (
            contextlib.suppress(psycopg.Error),
            driver.connect(make_conninfo(self.conninfo(), dbname=name), autocommit=True) as connection,
        ):
            for (statement,) in connection.execute(_RELEASE.encode()).fetchall():
                with contextlib.suppress(psycopg.Error):
                    connection.execute(statement)

    def execute(self, statement: str, *names: str, since_15: str = "") -> None:
        """Run a statement about databases, whose names are quoted where the braces are.

        ``since_15`` is what PostgreSQL 15 and later take behind it.
        """
        import psycopg  # noqa: PLC0415
        from psycopg import sql  # noqa: PLC0415

        from migration_audit import driver  # noqa: PLC0415

        try:
            with driver.connect(self.conninfo(), autocommit=True) as connection:
                more = since_15 if connection.info.server_version >= 150000 else ""
                connection.execute(sql.SQL(statement + more).format(*map(sql.Identifier, names)))
        except psycopg.Error as error:
            raise ServerError(str(error).strip(), where=f"database {names[0]}") from error


_PLAIN = {"sslmode": "disable", "gssencmode": "disable", "target_session_attrs": "any"}


def conninfo(*, role: str | None = None, **parameters: str) -> str:
    """A libpq connection string that the caller's own ``PG…`` variables do not change.

    >>> conninfo(host="/s", dbname="it's")
    "options='' hostaddr='' sslmode='disable' gssencmode='disable' target_session_attrs='any' host='/s' dbname='it\\\\'s'"
    """
    # PGHOSTADDR, or hostaddr of the service in PGSERVICE, counts before any host: SQL would be applied to that server.
    # PGOPTIONS could set a search_path or a role behind the audit's back.
    chosen = {"options": role_option(role), "hostaddr": "", **_PLAIN} | parameters
    return " ".join(f"{name}='{_quoted(value)}'" for name, value in chosen.items())


def role_option(role: str | None) -> str:
    """The value of ``options`` that makes a session act as a role from its start; empty for no role.

    >>> role_option("a b")
    '-c role=a\\\\ b'
    """
    return "" if role is None else setting_option("role", role)


def setting_option(name: str, value: str) -> str:
    """One setting as ``options`` of a connection gives it.

    >>> setting_option("search_path", "app, public")
    '-c search_path=app,\\\\ public'
    """
    escaped = "".join(f"\\{each}" if each == "\\" or each.isspace() else each for each in value)
    return f"-c {name}={escaped}"


def refused_settings(settings: Sequence[tuple[str, str]], at: Location | None, error: str) -> ServerError:
    """The error of a session that the server refuses for its settings; ``error`` is its message."""
    fatal = re.search(r"FATAL:\s*(.+)", error)
    listed = ", ".join(f"{name} = {value}" for name, value in settings)
    return ServerError(
        f"no session can start with the settings {listed}: {fatal[1] if fatal else error.strip()}",
        where=str(at) if at else None,
        todo="correct them; a role must be created by the prelude",
    )


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
