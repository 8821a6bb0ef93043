"""A real Directus on a real server, driven through the scripts of the demo tree."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict

from fix_runners import from_npm
from migration_audit.model.errors import ServerError
from migration_audit.shadow.directus_program import command_line, install_directus

VERSION = "11.17.4"
PM2 = "pm2@6.0.14"
START_LIMIT = 120.0
"""Seconds that a Directus may take until it answers: a busy machine needs most of them."""


WANTED = os.environ.get("MIGRATION_AUDIT_E2E", "")
"""``1``: the tests must run; ``if-possible``: where npm can install Directus; empty: not at all."""


def directus_home() -> Path:
    """The folder with node_modules, as a rehearsal installs it; skips the test where it is only wanted if possible."""
    try:
        return install_directus(VERSION, progress=print)
    except ServerError as error:
        if WANTED == "if-possible":
            pytest.skip(f"Directus cannot be installed here: {error}")
        raise


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One step that ended."""

    code: int
    output: str


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def programs(folder: Path, *, server: Path) -> Path:
    """The folder, with ``directus`` and ``psql`` as the image would have them on its PATH."""
    if not folder.is_dir():
        folder.mkdir()
        _script(folder / "directus", f'exec node "{command_line(directus_home())}" "$@"')
        _script(folder / "psql", f'exec "{server / "psql"}" "$@"')
    return folder


@dataclass(kw_only=True)
class Stack:
    """The owner's folder of the demo tree, with a database for it; every step is the demo's own script or a real program."""

    tree: Path
    """A copy of the demo's ``directus`` folder, to be changed at will."""
    conninfo: str
    programs: Path
    """Where ``psql`` is."""
    more: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=_free_port)

    def variables(self) -> dict[str, str]:
        """What the image's environment would be."""
        found = conninfo_to_dict(self.conninfo)
        state = self.tree.parent / "state"
        state.mkdir(exist_ok=True)
        return {
            "PATH": f"{self._programs()}:{os.environ['PATH']}",
            "HOME": str(state),
            "PM2_HOME": str(state / "pm2"),
            **self._of_compose(),
            "DB_HOST": str(found["host"]),
            "DB_PORT": str(found["port"]),
            "DB_DATABASE": str(found["dbname"]),
            "DB_USER": str(found["user"]),
            "DB_PASSWORD": str(found["password"]),
            "SECRET": "end-to-end-secret-of-more-than-32-characters",
            "ADMIN_PASSWORD": "end-to-end",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "TELEMETRY": "false",
            "LOG_STYLE": "raw",
            **self.more,
        }

    def _of_compose(self) -> dict[str, str]:
        """What the compose file gives the owner's service; what it takes from outside is given by the test."""
        compose = yaml.safe_load((self.tree.parent / "deploy/compose.yaml").read_text("utf-8"))
        given = {name: str(value) for name, value in compose["services"]["directus"]["environment"].items()}
        return {name: value for name, value in given.items() if "${" not in value} | {"ADMIN_EMAIL": "admin@example.com"}

    def _programs(self) -> Path:
        folder = programs(self.tree.parent / "bin", server=self.programs)
        _script(folder / "pm2-runtime", f'exec "{from_npm(PM2) / "node_modules/.bin/pm2-runtime"}" "$@"')
        return folder

    def run(self, *command: str, limit: float = 180) -> Ran:
        """Run one step in the owner's folder; its output and exit code, whatever they are."""
        done = subprocess.run(
            command,
            cwd=self.tree,
            env=self.variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=limit,
            check=False,
        )
        return Ran(code=done.returncode, output=done.stdout)

    @contextmanager
    def booted(self, *command: str):
        """The whole entrypoint, until the server answers; stopped at the end. Gives the output so far as a function."""
        log = self.tree.parent / "boot.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, cwd=self.tree, env=self.variables(), stdout=out, stderr=out, start_new_session=True
            )
            try:
                self._wait(process, log)
                yield lambda: log.read_text("utf-8", errors="replace")
            finally:
                self._stop(process)

    def _wait(self, process: subprocess.Popen[bytes], log: Path) -> None:
        end = time.monotonic() + START_LIMIT
        while time.monotonic() < end:
            health = f"http://127.0.0.1:{self.port}/server/health"
            with suppress(OSError, urllib.error.URLError), urllib.request.urlopen(health, timeout=5) as answer:
                if answer.status == 200:
                    return
            if process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"no healthy server:\n{log.read_text('utf-8', errors='replace')[-4000:]}")

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        for number in (15, 9):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
                return


def _script(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n", "utf-8")
    path.chmod(0o755)
