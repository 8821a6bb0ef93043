"""Ways to a database other than a plain connection: a pooler, a hot standby, TLS."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from migration_audit.model.errors import ServerError
from migration_audit.shadow.debian import make_relocatable
from migration_audit.shadow.mirror import Apt, find_mirror
from migration_audit.shadow.paths import cache_dir, server_account
from migration_audit.shadow.processes import locked
from migration_audit.shadow.rundir import data_of

NEEDED = r"pgbouncer|libevent|libcares|libpam0g|libssl3|libsystemd0|libldap|libc6|zlib1g|libzstd1|libcap|libaudit"
"""The packages that the program of PgBouncer loads libraries from, of all that its package depends on."""


@contextlib.contextmanager
def folder_of_the_server() -> Iterator[Path]:
    """A short-lived folder that the account of the server owns: a root does not run PostgreSQL or PgBouncer."""
    account = server_account()
    with tempfile.TemporaryDirectory(prefix="way-", dir="/tmp") as made:
        os.chown(made, account.uid, account.gid)
        yield Path(made)


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], conninfo: str, *, folder: Path, environment: dict[str, str] | None = None
) -> Iterator[None]:
    """The program in that folder as the account of the server, until it can be connected to; it is ended afterwards."""
    account = server_account()
    handed = {} if account.is_caller else {"user": account.uid, "group": account.gid, "extra_groups": ()}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder, env=environment, stdin=subprocess.DEVNULL, **handed
        )
        try:
            _until_answered(process, conninfo, log)
            yield
        finally:
            process.terminate()
            process.wait(30)


def _until_answered(process: subprocess.Popen[bytes], conninfo: str, log: Any) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit and process.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(conninfo, connect_timeout=5).close()
            return
    log.seek(0)
    pytest.fail(f"{process.args!r} does not answer:\n{log.read().decode(errors='replace')[-2000:]}")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def standby_of(server: Any, cluster: Any, primary: str) -> Iterator[str]:
    """A hot standby of a primary, and the connection string of the same database there."""
    programs = server.installation
    to = conninfo_to_dict(primary)
    with folder_of_the_server() as folder:
        data = folder / "data"
        made = programs.run(
            "pg_basebackup",
            "-D",
            str(data),
            "-h",
            str(to["host"]),
            "-p",
            str(to["port"]),
            "-U",
            "postgres",
            "-R",
            "-c",
            "fast",
        )
        assert made.returncode == 0, made.stdout
        zones = data_of(cluster.directory) / "zoneinfo"
        if zones.is_symlink():  # of a relocated installation; a base backup leaves links out
            (data / "zoneinfo").symlink_to(zones.readlink())
        options = ["-c", "port=5432", "-c", f"unix_socket_directories={folder}", "-c", "listen_addresses="]
        conninfo = make_conninfo(primary, host=str(folder), port=5432)
        with running(
            [programs.bin / "postgres", "-D", data, *options], conninfo, folder=data, environment=dict(programs.environment)
        ):
            yield conninfo


@contextlib.contextmanager
def pooled(program: Path, upstream: str, *, pool_mode: str, role: str, size: int) -> Iterator[str]:
    """PgBouncer in front of a database, and the connection string through it."""
    to = conninfo_to_dict(upstream)
    port = free_port()
    with folder_of_the_server() as folder:
        (folder / "users").write_text(f'"{role}" ""\n"postgres" ""\n', encoding="utf-8")
        (folder / "bouncer.ini").write_text(
            f"[databases]\n{to['dbname']} = host={to['host']} port={to['port']}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = trust\n"
            f"auth_file = {folder}/users\npool_mode = {pool_mode}\ndefault_pool_size = {size}\n"
            f"max_db_connections = {size}\n",
            encoding="utf-8",
        )
        conninfo = make_conninfo(upstream, host="127.0.0.1", port=port, user=role, sslmode="disable")
        with running([program, folder / "bouncer.ini"], conninfo, folder=folder):
            yield conninfo


@pytest.fixture(scope="session")
def pgbouncer() -> Path:
    """PgBouncer's program: the machine's, else Debian's package in the user's cache; skips where neither can be had."""
    if there := shutil.which("pgbouncer"):
        return Path(there)
    cache = cache_dir(server_account())
    home = cache / "pgbouncer"
    with locked(cache / "pgbouncer.lock", "another installation of PgBouncer", lambda _line: None):
        if not (home / "usr/sbin/pgbouncer").exists():
            try:
                _install(home)
            except ServerError as error:
                pytest.skip(f"PgBouncer cannot be installed: {error}")
    return home / "usr/sbin/pgbouncer"


def _install(home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    with tempfile.TemporaryDirectory() as private:
        apt = Apt(Path(private), "trixie", find_mirror())
        apt.update()
        packages = [each for each in apt.closure(["pgbouncer"]) if re.match(NEEDED, each.name)]
        for file in apt.download(packages):
            subprocess.run(["dpkg-deb", "-x", file, home], check=True)
    make_relocatable(home, home / "usr/sbin")
