"""What ``migration-audit server status`` shows, and ``install``: nothing is downloaded to find out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from migration_audit.model.errors import ServerError, UsageError
from migration_audit.shadow.debian import SUITES, load_installed
from migration_audit.shadow.docker import DEFAULT_IMAGE, docker_unusable
from migration_audit.shadow.interface import Progress, ShadowServer, Status
from migration_audit.shadow.local import list_local, why_not_local
from migration_audit.shadow.mirror import check_machine
from migration_audit.shadow.paths import Account, cache_dir, check_account, server_account
from migration_audit.shadow.running import running
from migration_audit.shadow.select import find_server
from migration_audit.shadow.url import find_url


def install(wanted: str | None = None, *, progress: Progress) -> ShadowServer:
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
