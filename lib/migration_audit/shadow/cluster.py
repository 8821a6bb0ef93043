"""Private clusters: made in a directory of their own, watched over by a guard, gone when the caller is."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from migration_audit.model.errors import ServerError
from migration_audit.shadow import guard
from migration_audit.shadow.databases import Databases, conninfo
from migration_audit.shadow.paths import Account
from migration_audit.shadow.rundir import Descriptors, data_of, new_directory, stop_and_remove
from migration_audit.shadow.settings import ISOLATION_VARIABLE, PRIVATE_NAME

SUPERUSER = "postgres"
_ISOLATED: Final[set[tuple[object, ...]]] = set()
"""The servers that this process has started cut off from the machine: they need no trial again, which costs a start."""
START_LIMIT = 60.0
"""Seconds from the first step to a server that takes connections; a busy disk needs some of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to make and start one cluster; ``{data}`` in a step is replaced by its data directory."""

    copy: Sequence[Sequence[str]]
    """Steps that copy a pristine data directory."""
    initdb: Sequence[Sequence[str]]
    """Steps that create one; options can be added to the first."""
    postgres: Path
    account: Account
    environment: Mapping[str, str]
    description: str
    files: Sequence[Path] = ()
    """Folders that its programs need, in addition to the libraries of the system."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a cluster listens: a folder for its socket, or loopback with a password."""

    host: str
    port: int = 5432
    password: str | None = None

    @property
    def options(self) -> list[str]:
        """Command-line options of ``postgres``."""
        tcp = self.password is not None
        chosen = {
            "cluster_name": PRIVATE_NAME,
            "port": self.port,
            "listen_addresses": self.host if tcp else "",
            "unix_socket_directories": "" if tcp else self.host,
            "unix_socket_permissions": "0700",
        }
        return [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]


class PrivateCluster(Databases):
    """A running cluster of our own; ``open_cluster`` starts it."""

    superuser = SUPERUSER

    def __init__(self, directory: Path, endpoint: Endpoint, process: subprocess.Popen[bytes]) -> None:
        """Describe the cluster that runs in the directory under that guard."""
        self.directory = directory
        self.process = process
        self._endpoint = endpoint

    @property
    def not_isolated(self) -> str | None:
        """Why the server sees more of this machine than its own files; None when it does not."""
        return (self.directory / "isolation").read_text(encoding="utf-8") or None

    def conninfo(self, database: str = "postgres", user: str | None = None) -> str:
        """A libpq connection string, for any role: logged in as it on a socket, set by ``role`` over TCP."""
        end = self._endpoint
        where = {"host": end.host, "port": str(end.port), "dbname": database}
        if end.password is None:
            return conninfo(**where, user=user or SUPERUSER)
        return conninfo(**where, user=SUPERUSER, password=end.password, role=user)


@contextlib.contextmanager
def open_cluster(recipe: Recipe, *, fresh: bool = False, tcp: bool | None = None) -> Iterator[PrivateCluster]:
    """Start a cluster and yield it; stop and remove it afterwards, whatever happens.

    ``tcp`` is for programs that know no sockets; by default loopback is used where unix sockets do not work.
    Raises ServerError with the tail of the server's log when it does not start.
    """
    opened_by = os.getpid()
    cluster, held = launch(recipe, fresh=fresh, tcp=tcp)
    try:
        yield cluster
    finally:
        held.close()
        if os.getpid() == opened_by:  # a forked child leaves the block too, and must not take the cluster with it
            _finish(cluster)


def launch(
    recipe: Recipe, *, fresh: bool = False, tcp: bool | None = None, detached: bool = False
) -> tuple[PrivateCluster, Descriptors]:
    """Start a cluster that ends when the descriptors are closed, or by a signal to its guard when detached.

    Raises ServerError, and leaves nothing behind, when it does not start.
    """
    with new_directory(recipe.account) as (directory, held):
        endpoint = _choose_endpoint(directory, tcp=tcp)
        _write_specification(recipe, directory, endpoint, fresh=fresh, detached=detached)
        with (directory / "log").open("ab") as log:
            process = held.start(guard.__file__, str(directory), stdout=subprocess.DEVNULL, stderr=log)
    cluster = PrivateCluster(directory, endpoint, process)
    try:
        _wait_until_ready(cluster, recipe)
    except BaseException:
        process.send_signal(signal.SIGTERM)
        held.close()
        _finish(cluster)
        raise
    if cluster.not_isolated is None:
        _ISOLATED.add(_sandboxed(recipe, endpoint))
    return cluster, held


def _choose_endpoint(directory: Path, *, tcp: bool | None) -> Endpoint:
    """A socket in the cluster's directory, or loopback where ``tcp`` asks for it or sockets do not work there."""
    if tcp is None:
        tcp = not _sockets_work(directory)
    if not tcp:
        return Endpoint(str(directory / "s"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Endpoint("127.0.0.1", free.getsockname()[1], secrets.token_urlsafe(24))


def _sockets_work(directory: Path) -> bool:
    """False on file systems that know no sockets."""
    probe = directory / "s" / "probe"
    try:
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(str(probe))
    except OSError:
        return False
    probe.unlink()
    return True


def _write_specification(recipe: Recipe, directory: Path, endpoint: Endpoint, *, fresh: bool, detached: bool) -> None:
    data, account = str(data_of(directory)), recipe.account
    steps = [list(step) for step in (recipe.initdb if fresh or endpoint.password else recipe.copy)]
    if endpoint.password:
        file = directory / "password"
        file.touch(mode=0o600)
        file.write_text(endpoint.password, encoding="utf-8")
        os.chown(file, account.uid, account.gid)
        steps[0].append(f"--pwfile={file}")
    specification = {
        "account": None if account.is_caller else [account.uid, account.gid],
        "data": data,
        "environment": dict(recipe.environment),
        "steps": [[part.replace("{data}", data) for part in step] for step in steps],
        "server": [str(recipe.postgres), "-D", data, *endpoint.options],
        "sandbox": _sandbox(recipe, directory, endpoint),
        "detached": detached,
    }
    (directory / "spec.json").write_text(json.dumps(specification), encoding="utf-8")


def _sandbox(recipe: Recipe, directory: Path, endpoint: Endpoint) -> dict[str, Any] | None:
    """What the server may see; None where the variable says that it shall see everything."""
    if os.environ.get(ISOLATION_VARIABLE) == "off":
        return None
    root = directory / "root"
    root.mkdir(mode=0o755)
    return {
        "root": str(root),
        "readable": [str(path) for path in recipe.files],
        "writable": [str(data_of(directory)), str(directory / "s")],
        "network": endpoint.password is not None,  # of programs that know no sockets
        "proven": _sandboxed(recipe, endpoint) in _ISOLATED,
    }


def _sandboxed(recipe: Recipe, endpoint: Endpoint) -> tuple[object, ...]:
    """What a trial of the sandbox depends on."""
    return recipe.postgres, recipe.account, tuple(recipe.files), endpoint.password is None


def _wait_until_ready(cluster: PrivateCluster, recipe: Recipe) -> None:
    directory = cluster.directory
    limit = time.monotonic() + START_LIMIT
    while time.monotonic() < limit:
        if _is_ready(directory):
            return
        if (directory / "exit").exists() or cluster.process.poll() is not None:
            break
        time.sleep(0.005)
    raise ServerError(
        f"{recipe.description} did not start: {_why_not_started(cluster)}",
        todo="the indented lines are the end of its log; `migration-audit server status` shows other servers",
    )


def _is_ready(directory: Path) -> bool:
    """Whether the postmaster reports that it is ready, in the file that pg_ctl reads as well."""
    try:
        lines = (data_of(directory) / "postmaster.pid").read_text(encoding="utf-8").split("\n")
    except OSError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def _why_not_started(cluster: PrivateCluster) -> str:
    directory, guard_status = cluster.directory, cluster.process.poll()
    try:
        ended = json.loads((directory / "exit").read_text(encoding="utf-8"))
        what = f"{Path(ended['program']).name} ended with status {ended['status']}"
    except (OSError, ValueError):
        what = f"no answer within {START_LIMIT:.0f} s" if guard_status is None else f"its guard ended: {guard_status}"
    try:
        log = (directory / "log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        log = ""
    return "\n".join([what, *(f"    {line}" for line in log.splitlines()[-15:])])


def _finish(cluster: PrivateCluster) -> None:
    """Wait for the guard to clean up, and do it ourselves if the guard was killed."""
    try:
        cluster.process.wait(timeout=2 * guard.STOP_LIMIT + 5)
    except subprocess.TimeoutExpired:
        cluster.process.kill()
        cluster.process.wait()
    if cluster.directory.exists():
        stop_and_remove(cluster.directory)
