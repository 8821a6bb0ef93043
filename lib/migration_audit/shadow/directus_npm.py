"""A real Directus of one exact version from npm, installed once into the cache of servers."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Final

from migration_audit.model.errors import ServerError
from migration_audit.model.redaction import Redaction
from migration_audit.shadow.interface import Progress
from migration_audit.shadow.lock import locked
from migration_audit.shadow.paths import cache_dir, server_account

LIMIT: Final = 1800
"""Seconds for the installation: about 800 MB, a minute on a fast line."""
_SHOWN_LINES: Final = 12
_MARK: Final = ".installed"
_STUB: Final = {
    "package.json": '{"name": "isolated-vm", "version": "5.0.3", "main": "index.js", "private": true}\n',
    "index.js": """\
// Directus imports isolated-vm when its command line starts, and uses it for "Run Script" operations and sandboxed
// extensions only: neither runs in a rehearsal, and compiling it takes minutes.
class Unavailable {
  constructor() {
    throw new Error('isolated-vm is a stub here: script operations do not run in a rehearsal');
  }
}
module.exports = { Isolate: Unavailable, Reference: Unavailable, ExternalCopy: Unavailable };
module.exports.default = module.exports;
""",
}
"""isolated-vm as far as a command line needs it: the package itself is compiled, or fetched by its install script."""
COMMAND: Final = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund")
"""No install script of any package runs: bootstrap and ``schema apply`` need nothing that one would build."""


def directus_folder() -> Path:
    """Where versions are installed, one folder each. Raises ServerError where no cache can be used."""
    return cache_dir(server_account()) / "directus"


def install_directus(version: str, *, progress: Progress, folder: Path | None = None) -> Path:
    """The folder with ``node_modules`` of this version; a later call finds it installed.

    Raises ServerError with npm's last lines when it cannot be installed: no npm, no network, no such version.
    """
    parent = folder or directus_folder()
    parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    home = parent / version
    with locked(parent / f"{version}.lock", f"another installation of directus@{version}", progress):
        if not (home / _MARK).is_file():
            progress(f"npm: installing directus@{version} into {home} (about 800 MB, once)")
            _install(version, home)
    return home


def command_line(home: Path) -> Path:
    """The script behind the package's ``directus``; that wrapper asks the registry for updates first."""
    return home / "node_modules" / "@directus" / "api" / "dist" / "cli" / "run.js"


def _install(version: str, home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    stub = home / "isolated-vm-stub"
    stub.mkdir(parents=True)
    for name, text in _STUB.items():
        (stub / name).write_text(text, encoding="utf-8")
    overrides = {"isolated-vm": "file:./isolated-vm-stub"}
    body = {"name": "directus", "private": True, "dependencies": {"directus": version}, "overrides": overrides}
    (home / "package.json").write_text(json.dumps(body), encoding="utf-8")
    todo = "give this machine access to the npm registry, or rehearse with docker or a command"
    try:
        done = subprocess.run(COMMAND, cwd=home, capture_output=True, text=True, timeout=LIMIT, check=False)
    except FileNotFoundError:
        raise ServerError(f"npm is not on the PATH: directus@{version} cannot be installed", todo=todo) from None
    except subprocess.TimeoutExpired:
        raise ServerError(f"npm install directus@{version} did not end within {LIMIT} s", todo=todo) from None
    if done.returncode or not command_line(home).is_file():
        lines = [line for line in Redaction(()).masked(done.stderr).splitlines() if line.strip()][-_SHOWN_LINES:]
        shown = "".join(f"\n    {line[:400]}" for line in lines) or " it printed nothing"
        raise ServerError(f"npm install directus@{version} failed; its last lines:{shown}", todo=todo)
    (home / _MARK).touch()
