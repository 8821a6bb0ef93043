"""Chooses a server: the one that is named, or the first provider that works and has what the SQL asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path

from migration_audit.model.errors import AuditError, ServerError, UsageError
from migration_audit.model.progress import Progress
from migration_audit.shadow.debian import SUITES, find_debian
from migration_audit.shadow.docker import find_docker
from migration_audit.shadow.interface import ShadowServer
from migration_audit.shadow.local import find_local
from migration_audit.shadow.settings import extension_advice
from migration_audit.shadow.url import URL_VARIABLE, find_url

SERVER_VARIABLE = "MIGRATION_AUDIT_SERVER"
NAMES = ("url", "local", "local:/path/to/bin", "docker", "debian", *(f"debian:{suite}" for suite in SUITES))


def find_server(wanted: str | None = None, *, extensions: Collection[str] = (), progress: Progress) -> ShadowServer:
    """The server named by ``wanted``, else by ``$MIGRATION_AUDIT_SERVER``, else the first that works of
    ``url``, ``local``, ``docker``, ``debian``; it can create all the extensions.

    ``debian`` is installed first if it is not there, which takes some seconds and 105 MB of downloads.

    Raises UsageError for an unknown provider, and ServerError when the named one does not work or lacks an
    extension, or when none works: with the reason for each that was tried.
    """
    wanted = wanted or os.environ.get(SERVER_VARIABLE) or None
    if wanted is not None:
        server = _provider(wanted, extensions)(progress)
        if lacking := sorted(set(extensions) - server.available_extensions().keys()):
            raise _lacks(server, lacking)
        return server
    return _first(extensions, progress)


def _first(extensions: Collection[str], progress: Progress) -> ShadowServer:
    reasons = []
    for name in ("url", "local", "docker", "debian"):
        try:
            server = _provider(name, extensions)(progress)
            lacking = sorted(set(extensions) - server.available_extensions().keys())
        except ServerError as error:
            reasons.append(f"{name}: {error.what}")
            if name == "url" and os.environ.get(URL_VARIABLE):
                progress(f"{error.where}: {error.what}; trying other providers")
            last: AuditError = error
            continue
        if not lacking:
            return server
        last = _lacks(server, lacking)
        reasons.append(f"{name}: {server.description} has no {', '.join(lacking)}")
    raise ServerError("no server can be used\n" + "\n".join(f"    {reason}" for reason in reasons), todo=last.todo) from last


def _provider(name: str, extensions: Collection[str]) -> Callable[[Progress], ShadowServer]:
    if name == "url":
        return lambda _: find_url()
    if name == "docker":
        return find_docker
    if name == "local":
        return lambda progress: find_local(extensions, progress)
    if name.startswith("local:"):
        return lambda progress: find_local(extensions, progress, folder=Path(name.removeprefix("local:")).expanduser())
    suite = name.removeprefix("debian:") if name.startswith("debian:") else SUITES[0]
    if name.startswith("debian") and name in NAMES:
        return lambda progress: find_debian(suite, progress)
    raise UsageError(f"unknown server `{name}`", todo=f"name one of {', '.join(NAMES)}")


def provider_name(wanted: str) -> str:
    """What the server of this name has as its ``provider``: ``local`` for ``local:/path``, ``debian`` for its first suite.

    Raises UsageError for an unknown provider.
    """
    _provider(wanted, ())
    name = wanted.partition(":")[0] if wanted.startswith("local:") else wanted
    return "debian" if name == f"debian:{SUITES[0]}" else name


def _lacks(server: ShadowServer, lacking: list[str]) -> ServerError:
    return ServerError(
        f"{server.description} has no extension {', '.join(lacking)}",
        where=f"server `{server.provider}`",
        todo=extension_advice(lacking, instead_of=server.provider),
    )
