"""One long-lived cluster for people, which ends when they stop it and not when this process does."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from migration_audit.model.errors import ServerError
from migration_audit.shadow import guard
from migration_audit.shadow.binaries import BinaryServer
from migration_audit.shadow.cluster import launch
from migration_audit.shadow.interface import Progress
from migration_audit.shadow.lock import locked
from migration_audit.shadow.paths import cache_dir, server_account
from migration_audit.shadow.rundir import is_in_use, stop_and_remove
from migration_audit.shadow.select import SERVER_VARIABLE, find_server, provider_name

_RECORD = "started.json"


def start(wanted: str | None = None, *, extensions: Collection[str] = (), progress: Progress) -> str:
    """Start a cluster that stays, and return its connection string; the one that runs already if it is the same server.

    ``wanted`` is as ``find_server`` takes it; where neither it nor the variable names a server, the one that runs is meant,
    whichever it is. Raises ServerError when the server is not made of programs on this machine, does not start, or another
    one runs, and UsageError when there is no such provider.
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
    """Whether the server that runs is the one that this name stands for now."""
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
