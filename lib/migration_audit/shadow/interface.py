"""What every provider of a server offers, and nothing about how it does it.

A *server* is a PostgreSQL of one version with its extensions. A *cluster* is one running instance of it with databases
of its own. Each side of a comparison opens its own cluster, so that roles and tablespaces of one side cannot reach
the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Cluster(Protocol):
    """A running server with databases that are ours to create and drop."""

    @property
    def superuser(self) -> str:
        """The role that creates databases: a superuser, except on a server named by URL, where it is the URL's."""

    @property
    def is_private(self) -> bool:
        """Whether no one else uses it, so that every role in it was made by what runs in the databases made here."""

    def conninfo(self, database: str = "postgres", user: str | None = None) -> str:
        """A libpq connection string; it may hold a password, so it is never printed."""

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """Create a database of UTF-8 and return its connection string: empty, or a copy of one that was made here before."""

    def drop_database(self, name: str) -> None:
        """Drop a database made by ``create_database``, with the connections to it; no error when it is gone."""


class ShadowServer(Protocol):
    """One PostgreSQL that clusters can be had of."""

    @property
    def provider(self) -> str:
        """The name by which it can be asked for: ``url``, ``local``, ``docker``, ``debian``, ``debian:sid``."""

    @property
    def description(self) -> str:
        """For people: ``PostgreSQL 17.5, TimescaleDB 2.19.3 (Apache edition) from Debian trixie packages``."""

    @property
    def programs(self) -> Path | None:
        """The folder with ``pg_dump`` and its kin of the server's own version; None when there is none here."""

    def available_extensions(self) -> Mapping[str, str]:
        """Names of the extensions that can be created, with their default versions."""

    def cluster(self, *, fresh: bool = False, tcp: bool = False) -> AbstractContextManager[Cluster]:
        """A running cluster, stopped and removed afterwards, also when this process is killed.

        ``fresh`` makes it from nothing, so that it has a system identifier of its own; else it is a copy of a
        pristine one, which is faster and shares its identifier with every other copy. ``tcp`` makes it listen on loopback,
        with a password, for programs that know no unix sockets; a server of the user's listens where it does.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One line of ``migration-audit server status``."""

    provider: str
    usable: bool
    detail: str
    """What it is, or why it cannot be used."""
    path: str | None = None
    """Where it is, if it is somewhere on this machine."""
