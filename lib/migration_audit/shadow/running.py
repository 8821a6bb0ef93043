"""One long-lived cluster for people, which ends when they stop it and not when this process does."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path

from migration_audit.model.errors import ServerError, UsageError
from migration_audit.model.progress import Progress
from migration_audit.shadow import guard, sandbox
from migration_audit.shadow.binaries import BinaryServer
from migration_audit.shadow.cluster import launch
from migration_audit.shadow.debian import SUITES, load_installed
from migration_audit.shadow.docker import DEFAULT_IMAGE, docker_unusable
from migration_audit.shadow.interface import ShadowServer, Status
from migration_audit.shadow.local import list_local, why_not_local
from migration_audit.shadow.mirror import check_machine
from migration_audit.shadow.paths import Account, cache_dir, check_account, server_account
from migration_audit.shadow.prepared import PreparedServer
from migration_audit.shadow.processes import locked, watcher_environment
from migration_audit.shadow.rundir import is_in_use, stop_and_remove
from migration_audit.shadow.select import SERVER_VARIABLE, find_server, provider_name
from migration_audit.shadow.settings import ISOLATION_VARIABLE
from migration_audit.shadow.url import find_url

_RECORD = "started.json"


def start(wanted: str | None = None, *, extensions: Collection[str] = (), progress: Progress) -> str:
    """Start a cluster that stays, and return its connection string; the one that runs already if it is the same server.

    ``wanted`` is as ``find_server`` takes it; where neither it nor the variable names a server, the one that runs is meant,
    whichever it is. Raises ServerError when the server is not made of programs on this machine, does not start, or another
    one runs, and UsageError for an unknown provider.
    """
    wanted = wanted or os.environ.get(SERVER_VARIABLE) or None
    with _locked_record(progress) as record:
        if running := _load(record):
            if wanted is not None and not _is_server(running, wanted, progress):
                raise ServerError(
                    f"`{running['wanted']}` is running ({running['description']}), but `{wanted}` was requested",
                    where=running["directory"],
                    todo="stop the running one: `migration-audit server stop`",
                )
            progress(f"{running['description']} is running already")
            return running["conninfo"]
        server = find_server(wanted, extensions=extensions, progress=progress)
        if not isinstance(server, BinaryServer):
            raise ServerError(
                f"`{server.provider}` cannot be started and stopped here", todo="use local, debian or debian:sid"
            )
        progress(f"starting {server.description}")
        return _launch(server, wanted, record)


def _is_server(running: Mapping[str, str], wanted: str, progress: Progress) -> bool:
    """Whether the server that runs is the one that this name means now."""
    if running["provider"] != provider_name(wanted):
        return False
    if running["provider"] != "local":
        return True
    programs = find_server(wanted, progress=progress).programs  # `local` is the newest that is installed
    return programs is not None and str(programs.resolve()) == running.get("programs")


def stop(*, progress: Progress) -> bool:
    """Stop and remove the cluster that ``start`` started; False when there is none."""
    with _locked_record(progress) as record:
        running = _load(record)
        record.unlink(missing_ok=True)
        if running is None:
            return False
        directory = Path(running["directory"])
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(running["guard"]), signal.SIGTERM)
        limit = time.monotonic() + 2 * guard.STOP_LIMIT
        while directory.exists() and time.monotonic() < limit:
            time.sleep(0.01)
        if directory.exists():
            stop_and_remove(directory)
        return True


def running() -> dict[str, str] | None:
    """What runs: ``provider``, ``description``, ``conninfo`` and ``directory``; None when nothing does."""
    return _load(cache_dir(server_account()) / _RECORD)


def _launch(server: BinaryServer, wanted: str | None, record: Path) -> str:
    cluster, held = launch(server.recipe(), detached=True)
    held.close()
    cluster.process.returncode = 0  # not waited for: it outlives this process
    what = {
        "wanted": wanted or server.provider,
        "provider": server.provider,
        "description": server.description,
        "programs": str(server.installation.bin.resolve()),
        "conninfo": cluster.conninfo(),
        "directory": str(cluster.directory),
        "guard": str(cluster.process.pid),
    }
    record.touch(mode=0o600)  # over TCP the connection string has a password
    record.write_text(json.dumps(what), encoding="utf-8")
    return what["conninfo"]


def _load(record: Path) -> dict[str, str] | None:
    try:
        found: dict[str, str] = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    # Its guard holds the lock for as long as it lives, and a restarted machine has no such directory in use.
    return found if is_in_use(Path(found["directory"])) else None


@contextlib.contextmanager
def _locked_record(progress: Progress) -> Iterator[Path]:
    cache = cache_dir(server_account())
    with locked(cache / "started.lock", "another start or stop", progress):
        yield cache / _RECORD


def install(wanted: str | None, *, progress: Progress) -> ShadowServer:
    """Make sure that the server is there, ``debian`` unless named; what already exists is kept.

    Raises ServerError when it cannot be installed, or is of a kind that the user installs.
    """
    return find_server(wanted or "debian", progress=progress)


def status() -> list[Status]:
    """One row for each server that could be used, in the order in which they are tried, then the one that runs."""
    account = server_account()
    try:
        check_account(account)
    except ServerError as error:
        own = [Status(provider=name, usable=False, detail=error.what) for name in ("local", "debian")]
        return [_url(), own[0], _docker(), own[1]]
    rows = [_url(), *_local(account), _docker(), *_debian(account)]
    if found := running():
        rows.append(
            Status(
                provider=found["provider"], usable=True, detail=f"running: {found['description']}", path=found["directory"]
            )
        )
    return rows


def _url() -> Status:
    try:
        return Status(provider="url", usable=True, detail=find_url().description)
    except ServerError as error:
        return Status(provider="url", usable=False, detail=error.what)


def _local(account: Account) -> Iterator[Status]:
    found = list_local(account)
    if not found:
        yield Status(provider="local", usable=False, detail="no PostgreSQL server programs are installed")
    for programs in found:
        why = why_not_local(programs)
        yield Status(provider="local", usable=why is None, detail=why or programs.summary, path=str(programs.bin))


def _docker() -> Status:
    why = docker_unusable()
    return Status(provider="docker", usable=why is None, detail=why or f"an engine answers; image {DEFAULT_IMAGE}")


def _debian(account: Account) -> Iterator[Status]:
    try:
        cache = cache_dir(account)
        check_machine()
    except (ServerError, UsageError) as error:
        yield Status(provider="debian", usable=False, detail=error.what, path=error.where)
        return
    for suite in SUITES:
        name = f"debian:{suite}"
        server = load_installed(cache, suite, account)
        if server is None:
            free = shutil.disk_usage(cache).free / 1e9
            detail = f"not installed yet (`migration-audit server install {name}`; {free:.0f} GB are free)"
            yield Status(provider=name, usable=True, detail=detail, path=str(cache))
        else:
            yield Status(provider=name, usable=True, detail=server.description, path=_home(cache, suite))


def _home(cache: Path, suite: str) -> str:
    return str((cache / f"debian-{suite}").resolve())


_LIMIT = 20


def why_not_isolated(server: ShadowServer) -> str | None:
    """Why the servers of shadows see more of this machine than their own files; None when they do not.

    None for a server that is not started here: what it sees is for its operator to know.
    """
    inner = server.server if isinstance(server, PreparedServer) else server
    if not isinstance(inner, BinaryServer):
        return None
    if os.environ.get(ISOLATION_VARIABLE) == "off":
        return f"{ISOLATION_VARIABLE}=off"
    return _asked()


def described(server: ShadowServer) -> str:
    """The server's description, and that it is not cut off from this machine where it is not."""
    why = why_not_isolated(server)
    return server.description if why is None else f"{server.description}, not isolated from this machine ({why})"


@cache
def _asked() -> str | None:
    account = server_account()
    asked = json.dumps(None if account.is_caller else [account.uid, account.gid])
    command = [sys.executable, "-I", "-S", sandbox.__file__, asked]
    try:
        done = subprocess.run(
            command, env=watcher_environment(), capture_output=True, text=True, check=False, timeout=_LIMIT, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"it could not be tested: {error}"
    return done.stdout.strip() or (f"it could not be tested: {done.stderr.strip()[-200:]}" if done.returncode else None)
