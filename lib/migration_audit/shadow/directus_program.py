"""How a real Directus is called in a rehearsal: argument vectors and variables, for each place that it may come from."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from migration_audit.directus.command_line import FILE
from migration_audit.model.command import CommandSource
from migration_audit.model.directus import DirectusRuntime, DirectusVersion
from migration_audit.model.errors import ServerError
from migration_audit.model.progress import Progress
from migration_audit.model.redaction import Redaction
from migration_audit.project import Rehearse, SnapshotSettings
from migration_audit.shadow.command import CommandRun, Target, run_migration_command
from migration_audit.shadow.paths import Account, cache_dir, server_account
from migration_audit.shadow.processes import locked

_IMAGE: Final = "directus/directus"
_IN_CONTAINER: Final = "/tmp/rehearsal"  # noqa: S108  of the container
_ERROR_LEVEL: Final = 50
"""pino's number for ``error``."""
_ENGINE: Final = ("DOCKER_HOST", "DOCKER_CONTEXT", "XDG_RUNTIME_DIR")
"""Where the engine is: for Docker's client, not for the container."""
VARIABLES: Final = (
    *("DB_CLIENT", "DB_HOST", "DB_PORT", "DB_DATABASE", "DB_USER", "DB_PASSWORD", "DB_SEARCH_PATH", "DB_EXCLUDE_TABLES"),
    *("SECRET", "ADMIN_EMAIL", "ADMIN_PASSWORD", "TELEMETRY", "LOG_LEVEL", "LOG_STYLE"),
)
"""All that a rehearsed Directus gets; those of the deployment that decide what an apply looks at are among them."""
_LIMIT: Final = 1800
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A real Directus that can be called."""

    by: str
    """Where it comes from, in words."""
    first: tuple[str, ...]
    """The words in front of Directus's own."""
    directory: str
    """Where it runs; absolute."""
    shown: str
    """The directory, for people."""
    timeout: int
    in_container: bool = False

    def words(self, arguments: tuple[str, ...], file: str) -> tuple[str, ...]:
        """One call as an argument vector; ``file`` is where the snapshot file is."""
        name = file.rpartition("/")[2]
        given = tuple(f"{_IN_CONTAINER}/{name}" if self.in_container and word == FILE else word for word in arguments)
        given = tuple(file if word == FILE else word for word in given)
        if not self.in_container:
            return (*self.first, *given)
        # The server is on loopback. Values of -e are taken from the environment: arguments are for everybody to see.
        mounted = ("-v", f"{file}:{_IN_CONTAINER}/{name}:ro")
        passed = tuple(part for variable in VARIABLES for part in ("-e", variable))
        return ("docker", "run", "--rm", "--init", "--network", "host", *mounted, *passed, *self.first, *given)


def find_program(settings: SnapshotSettings, version: DirectusVersion, *, directory: str, progress: Progress) -> Program:
    """The program of this version; with npm it is installed first. Raises ServerError where that fails.

    ``directory`` is that of audit.toml, in which a command of the user's runs.
    """
    timeout = settings.rehearse_timeout
    if settings.rehearse is Rehearse.NPM:
        home = install_directus(str(version), progress=progress)
        first: tuple[str, ...] = ("node", str(command_line(home)))
        by = f"directus@{version} from npm"
        return Program(by=by, first=first, directory=str(home), shown=f"directus@{version}", timeout=timeout)
    if settings.rehearse is Rehearse.DOCKER:
        image = f"{_IMAGE}:{version}"
        first = ("--entrypoint", "node", image, "/directus/cli.js")
        by = f"the image {image}"
        return Program(by=by, first=first, directory=directory, shown=".", timeout=timeout, in_container=True)
    by = f"{settings.at}: rehearse_command"
    return Program(by=by, first=settings.rehearse_command, directory=directory, shown=".", timeout=timeout)


def call_environment(target: Target, runtime: DirectusRuntime) -> dict[str, str]:
    """The environment of a call. Nothing of it leads to a live database, and no secret of the deployment is in it."""
    found = {
        "DB_CLIENT": "pg",
        "DB_HOST": target.host,
        "DB_PORT": target.port,
        "DB_DATABASE": target.database,
        "DB_USER": target.user,
        "DB_PASSWORD": target.password,
        "DB_SEARCH_PATH": f"array:{','.join(runtime.search_path)}",
        "SECRET": secrets.token_urlsafe(32),
        "ADMIN_EMAIL": "rehearsal@example.com",
        "ADMIN_PASSWORD": secrets.token_urlsafe(16),
        "TELEMETRY": "false",
        "LOG_LEVEL": "info",
        "LOG_STYLE": "raw",
    }
    return found | ({"DB_EXCLUDE_TABLES": ",".join(sorted(runtime.excluded))} if runtime.excluded else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What one call came to."""

    code: int
    message: str
    output: str


def call(
    program: Program, arguments: tuple[str, ...], *, file: str, target: Target, environment: Mapping[str, str]
) -> Called:
    """Call Directus once. Raises ServerError where it did not end by itself: no program, a signal, a time limit."""
    engine = {name: os.environ[name] for name in _ENGINE if name in os.environ} if program.in_container else {}
    given = {**engine, **environment}
    source = CommandSource(
        name="directus",
        command=program.words(arguments, file),
        directory=program.directory,
        shown_directory=program.shown,
        env=tuple((name, value.replace("{", "{{").replace("}", "}}")) for name, value in given.items()),
        timeout=program.timeout,
        paths=(file,),
    )
    # The caller is the one who may talk to the engine; in the container it is the image's own user.
    caller = Account(os.geteuid(), os.getegid()) if program.in_container else None
    ran = run_migration_command(source, target, account=caller)
    if ran.status is None or ran.status < 0:
        reason = (
            ran.failure.message.replace("`timeout`", "`rehearse_timeout`") if ran.failure else "it did not end by itself"
        )
        raise ServerError(f"`directus {' '.join(arguments)}` of {program.by}: {reason}", todo="see [snapshot] rehearse")
    return Called(code=ran.status, message=message_of(ran), output=ran.output)


def reported_version(called: Called) -> str | None:
    """The release that ``--version`` names; None where it names none."""
    found = re.search(r"(?m)^\s*v?(\d+\.\d+\.\d+)\s*$", called.output)
    return found[1] if found and not called.code else None


def message_of(ran: CommandRun) -> str:
    """What Directus says at the end: of its log's lines the last error, else the last one; else the last line at all.

    A refusal of the command line is not a line of its log: ``error: unknown option '--nope'``.
    """
    lines = [line.strip() for line in ran.output.splitlines() if line.strip()]
    logged = [entry for line in lines if (entry := _logged(line)) is not None]
    if ran.status:
        errors = [text for level, text in logged if level >= _ERROR_LEVEL]
        plain = [line for line in lines if re.match(r"(?:\w*Error|error)\b", line)]
        return (errors or plain or lines or ["it printed nothing"])[-1]
    return ([text for _, text in logged] or lines or ["it printed nothing"])[-1]


def _logged(line: str) -> tuple[int, str] | None:
    if not line.startswith("{"):
        return None
    try:
        entry: Any = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("level"), int):
        return None
    error = entry.get("err")
    message = entry.get("msg") or (error.get("message") if isinstance(error, dict) else None)
    return entry["level"], str(message or line)


def install_directus(version: str, *, progress: Progress, folder: Path | None = None) -> Path:
    """The folder with ``node_modules`` of this version; a later call finds it installed.

    Raises ServerError with npm's last lines when it cannot be installed: no npm, no network, no such version.
    """
    parent = folder or cache_dir(server_account()) / "directus"
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
        done = subprocess.run(COMMAND, cwd=home, capture_output=True, text=True, timeout=_LIMIT, check=False)
    except FileNotFoundError:
        raise ServerError(f"npm is not on the PATH: directus@{version} cannot be installed", todo=todo) from None
    except subprocess.TimeoutExpired:
        raise ServerError(f"npm install directus@{version} did not end within {_LIMIT} s", todo=todo) from None
    if done.returncode or not command_line(home).is_file():
        lines = [line for line in Redaction(()).masked(done.stderr).splitlines() if line.strip()][-_SHOWN_LINES:]
        shown = "".join(f"\n    {line[:400]}" for line in lines) or " it printed nothing"
        raise ServerError(f"npm install directus@{version} failed; its last lines:{shown}", todo=todo)
    (home / _MARK).touch()
