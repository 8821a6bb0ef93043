"""TimescaleDB's own image in a container, through testcontainers.

This provider needs a Docker engine. Without one, the tests only show that it reports this and is not chosen. One cluster
is one container; testcontainers' reaper removes it when this process is killed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from migration_audit.model.errors import ServerError
from migration_audit.model.progress import Progress
from migration_audit.shadow.databases import Databases, conninfo
from migration_audit.shadow.settings import PRIVATE_NAME, SETTINGS, TIMESCALE_SETTINGS

_IMAGE_VARIABLE = "MIGRATION_AUDIT_DOCKER_IMAGE"
DEFAULT_IMAGE = "timescale/timescaledb-ha:pg17"
ENGINE_LIMIT = 2
"""Seconds that an engine has to answer."""
START_LIMIT = 120.0
"""Seconds from a started container to a server that takes connections."""
_SUPERUSER = "postgres"
_PORT = 5432


class DockerCluster(Databases):
    """The server in one container, reached by TCP with a random password."""

    superuser = _SUPERUSER

    def __init__(self, host: str, port: str, password: str) -> None:
        """Describe a server that is being started."""
        self._where = {"host": host, "port": port, "user": _SUPERUSER, "password": password}

    def conninfo(self, database: str = "postgres", user: str | None = None) -> str:
        """A libpq connection string; another role is set by ``role``, since it has no password."""
        return conninfo(role=user, dbname=database, **self._where)


class DockerServer:
    """Clusters in containers of one image."""

    provider = "docker"
    programs: Path | None = None

    def __init__(self, image: str, progress: Progress) -> None:
        """Name the image, which is pulled when the first cluster is opened."""
        self._image = image
        self._progress = progress

    @cached_property
    def _facts(self) -> tuple[str, Mapping[str, str]]:
        """Version and available extensions, asked of a container."""
        from migration_audit import driver  # noqa: PLC0415

        with self.cluster() as cluster, driver.connect(cluster.conninfo()) as connection:
            version = connection.info.parameter_status("server_version") or "?"
            rows = connection.execute("select name, default_version from pg_catalog.pg_available_extensions").fetchall()
            return version.split()[0], dict(rows)

    @property
    def description(self) -> str:
        """Versions and the image."""
        version, extensions = self._facts
        timescaledb = f", TimescaleDB {extensions['timescaledb']}" if "timescaledb" in extensions else ""
        return f"PostgreSQL {version}{timescaledb} from the image {self._image}"

    def available_extensions(self) -> Mapping[str, str]:
        """What ``pg_available_extensions`` says in a container of the image."""
        return self._facts[1]

    @contextlib.contextmanager
    def cluster(self, *, fresh: bool = False, tcp: bool = False) -> Iterator[DockerCluster]:
        """A new container, removed afterwards; it always has a system identifier of its own, and listens by TCP."""
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415

        self._progress(f"docker: starting {self._image} (the first time it is pulled)")
        password = secrets.token_urlsafe(24)
        container = (
            DockerContainer(self._image)
            .with_env("POSTGRES_PASSWORD", password)
            .with_exposed_ports(_PORT)
            .with_command(server_command())
        )
        with container:
            cluster = DockerCluster(container.get_container_host_ip(), str(container.get_exposed_port(_PORT)), password)
            _wait(cluster, self._image)
            yield cluster


def server_command() -> list[str]:
    """The container's command: ``postgres`` with the settings of every shadow."""
    chosen = SETTINGS | TIMESCALE_SETTINGS | {"cluster_name": PRIVATE_NAME}
    return ["postgres", *(part for name, value in chosen.items() for part in ("-c", f"{name}={value}"))]


def find_docker(progress: Progress) -> DockerServer:
    """The provider; raises ServerError when testcontainers is not installed or no engine answers in time."""
    why = docker_unusable()
    if why is not None:
        raise ServerError(why, todo="start a Docker engine, or set MIGRATION_AUDIT_SERVER to another provider")
    return DockerServer(os.environ.get(_IMAGE_VARIABLE, DEFAULT_IMAGE), progress)


def docker_unusable() -> str | None:
    """Why containers cannot be used, or None when they can."""
    if not _socket_answers():  # asked first: the client library takes a while to load
        return "no Docker engine answers (its socket takes no connections)"
    try:
        import docker  # type: ignore[import-untyped]  # noqa: PLC0415
        import testcontainers.core  # noqa: F401, PLC0415
    except ImportError:
        return "testcontainers is not installed (python -m pip install 'migration-audit[docker]')"
    try:
        client = docker.from_env(timeout=ENGINE_LIMIT)
        try:
            client.ping()
        finally:
            client.close()
    except Exception as error:  # requests, urllib3, docker: each has a tree of its own
        return f"no Docker engine answers ({type(error).__name__})"
    return None


def _socket_answers() -> bool:
    """False when the engine's unix socket is not there: the client library would say so less quickly and clearly."""
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not host.startswith("unix://"):
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(ENGINE_LIMIT)
        try:
            probe.connect(host.removeprefix("unix://"))
        except OSError:
            return False
    return True


def _wait(cluster: DockerCluster, image: str) -> None:
    import psycopg  # noqa: PLC0415

    from migration_audit import driver  # noqa: PLC0415

    limit = time.monotonic() + START_LIMIT
    while True:
        try:
            driver.connect(cluster.conninfo(), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > limit:
                raise ServerError(f"no answer within {START_LIMIT:.0f} s: {error}", where=image) from error
            time.sleep(0.2)
        else:
            return
