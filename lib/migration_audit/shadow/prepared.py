"""A server whose databases start with what a platform provides: the prelude of audit.toml, applied before both sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from migration_audit.model.errors import SqlError
from migration_audit.model.sql import SqlSource
from migration_audit.shadow.apply import apply_sources
from migration_audit.shadow.interface import Cluster, ShadowServer

_TEMPLATE = "prelude"


@dataclass(frozen=True, slots=True)
class PreparedServer:
    """The server, and the SQL that every new database of it has in it already."""

    server: ShadowServer
    prelude: Sequence[SqlSource]

    @property
    def provider(self) -> str:
        """As the server says."""
        return self.server.provider

    @property
    def description(self) -> str:
        """As the server says."""
        return self.server.description

    @property
    def programs(self) -> Path | None:
        """As the server says."""
        return self.server.programs

    def available_extensions(self) -> Mapping[str, str]:
        """As the server says."""
        return self.server.available_extensions()

    @contextmanager
    def cluster(self, *, fresh: bool = False, tcp: bool = False) -> Iterator[Cluster]:
        """A cluster of the server with the prelude in its template. Raises SqlError where the prelude does not apply."""
        with self.server.cluster(fresh=fresh, tcp=tcp) as cluster:
            failure = apply_sources(cluster.create_database(_TEMPLATE), self.prelude).applied.failure
            if failure is not None:
                raise SqlError(
                    f"the prelude does not apply: {failure.message}",
                    where=str(failure.at),
                    statement=failure.statement,
                    sqlstate=failure.sqlstate,
                    todo=f"the statement was: {failure.shown_statement}",
                )
            yield PreparedCluster(cluster)


@dataclass(frozen=True, slots=True)
class PreparedCluster:
    """A cluster whose new databases are copies of the one with the prelude; its roles are there once for all."""

    inner: Cluster

    @property
    def superuser(self) -> str:
        """As the cluster says."""
        return self.inner.superuser

    @property
    def is_private(self) -> bool:
        """As the cluster says."""
        return self.inner.is_private

    def conninfo(self, database: str = "postgres", user: str | None = None) -> str:
        """As the cluster says."""
        return self.inner.conninfo(database, user)

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """Create a database with the prelude in it, and return its connection string."""
        return self.inner.create_database(name, template=template or _TEMPLATE)

    def drop_database(self, name: str) -> None:
        """Drop a database made here."""
        self.inner.drop_database(name)
