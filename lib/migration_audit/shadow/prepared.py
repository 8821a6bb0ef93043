"""Databases that start with what was applied already: with the prelude of audit.toml, or as a copy of another one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import sql

from migration_audit import driver
from migration_audit.model.errors import ServerError
from migration_audit.model.sql import SqlSource
from migration_audit.shadow.apply import apply_sources
from migration_audit.shadow.failures import sql_error
from migration_audit.shadow.interface import Cluster, ShadowServer

_TEMPLATE = "prelude"


class PreparedServer:
    """The server, and the SQL that every new database of it has in it already."""

    def __init__(self, server: ShadowServer, prelude: Sequence[SqlSource]) -> None:
        """All but its clusters is the server's own."""
        self.server = server
        self.provider = server.provider
        self.description = server.description
        self.programs = server.programs
        self.available_extensions = server.available_extensions
        self._prelude = prelude

    @contextmanager
    def cluster(self, *, fresh: bool = False, tcp: bool = False) -> Iterator[Cluster]:
        """A cluster of the server with the prelude in its template. Raises SqlError where the prelude does not apply."""
        with self.server.cluster(fresh=fresh, tcp=tcp) as cluster:
            failure = apply_sources(cluster.create_database(_TEMPLATE), self._prelude).applied.failure
            if failure is not None:
                raise sql_error(failure, doing="the prelude does not apply: ")
            yield PreparedCluster(cluster)


class PreparedCluster:
    """A cluster whose new databases are copies of the one with the prelude; its roles are there once for all."""

    def __init__(self, inner: Cluster) -> None:
        """All but the creation of databases is the cluster's own."""
        self.superuser = inner.superuser
        self.is_private = inner.is_private
        self.conninfo = inner.conninfo
        self.drop_database = inner.drop_database
        self._create = inner.create_database

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """Create a database with the prelude in it, and return its connection string."""
        return self._create(name, template=template or _TEMPLATE)


_SHARED: Final = """
    select rel.relname
      from pg_catalog.pg_class as rel
     where rel.relisshared and rel.relkind = 'r' and rel.relname not in ('pg_database', 'pg_shdepend')
"""
"""``pg_shdepend`` says of each database who owns what in it."""
_ROWS: Final = "select {name}, pg_catalog.to_jsonb(shared)::text from pg_catalog.{table} as shared"
_MORE: Final = """
    select 'pg_database', (pg_catalog.to_jsonb(dat) - array['datfrozenxid', 'datminmxid'])::text
      from pg_catalog.pg_database as dat
     where dat.datname <> all (%(copies)s::text[])
     union all
    select 'pg_replication_slots', pg_catalog.to_jsonb(slot)::text
      from pg_catalog.pg_replication_slots as slot
"""
_OF_ROLES: Final = frozenset({"pg_authid", "pg_auth_members"})
"""What belongs to the server alone, and is there for a copy too."""

Rows = frozenset[tuple[str, str]]


class CopiedDatabase:
    """A new database of a cluster, and copies of it; one at a time, as its cluster belongs to its user alone.

    ``CREATE DATABASE … TEMPLATE`` copies what is in a database, and nothing of what the server keeps about it (settings,
    privileges, comments, subscriptions): https://www.postgresql.org/docs/current/manage-ag-templatedbs.html. A copy is made
    while all of that is as it was: it is then the same as a database to which the SQL was applied on a server of its own.
    """

    def __init__(self, cluster: Cluster, name: str) -> None:
        """Create the database. Raises ServerError where that fails."""
        self.cluster = cluster
        self.conninfo = cluster.create_database(name)
        self._name = name
        self._copies: list[str] = []
        self._kept: Rows | None = self._server() if cluster.is_private else None

    def keep(self, *, whole: bool) -> None:
        """Copies are made of what the database is now; none without ``whole``, where parts are known to be elsewhere."""
        before, self._kept = self._kept, self._server() if whole and self._kept is not None else None
        if before is None or self._kept is None or {catalog for catalog, _ in before ^ self._kept} - _OF_ROLES:
            self._kept = None

    def copy(self, name: str) -> str | None:
        """The conninfo of a copy; None where the server or the database is not as it was when it was kept.

        Once it is None, it stays None: the caller may have gone on in the database itself.
        """
        if self._kept is None or self._server() != self._kept:
            self._kept = None
            return None
        try:
            conninfo = self.cluster.create_database(name, template=self._name)
        except ServerError:  # something in it is still at work: a prepared transaction, a worker of an extension
            self._kept = None
            return None
        self._copies.append(name)
        return conninfo

    def _server(self) -> Rows | None:
        """What the server has in addition to its databases' own catalogs; None where that cannot be read."""
        try:
            with driver.connect(self.cluster.conninfo(), autocommit=True) as connection:
                tables = [name for (name,) in connection.execute(_SHARED).fetchall()]
                parts = [sql.SQL(_ROWS).format(name=sql.Literal(each), table=sql.Identifier(each)) for each in tables]
                query = sql.SQL(" union all ").join([sql.SQL(_MORE), *parts])
                return frozenset(connection.execute(query, {"copies": self._copies}).fetchall())
        except psycopg.Error:
            return None
