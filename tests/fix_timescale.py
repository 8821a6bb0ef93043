"""Servers with other versions and editions of TimescaleDB than the one that most tests run on."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
import pytest

from fix_runners import installed, run
from migration_audit.catalog.connection import PIPELINE_VARIABLE
from migration_audit.shadow import find_server, status

NEWEST = "debian:sid"
COMMUNITY = Path(__file__).parent / "community"
"""What npm installs, pinned by its lock file, and the program that serves databases of it."""


@pytest.fixture(scope="session")
def newest_server() -> Any:
    """The newest TimescaleDB that Debian packages; skips the test where it is not installed."""
    row = next((row for row in status() if row.provider == NEWEST), None)
    if row is None or not row.usable or "not installed" in row.detail:
        pytest.skip(f"{NEWEST} cannot be used: {row.detail if row else 'this machine has no Debian packages'}")
    return find_server(NEWEST, progress=pytest.fail)


@pytest.fixture(scope="session")
def newest_cluster(newest_server: Any) -> Iterator[Any]:
    """One running cluster of it for the whole session."""
    with newest_server.cluster() as running:
        yield running


class Community:
    """TimescaleDB's Community edition, as WebAssembly; it is server and cluster at once.

    A database takes one connection at a time, and ends when several queries reach it at once.
    """

    provider = "community"
    description = "PostgreSQL 17.5, TimescaleDB 2.23.0-dev (Community edition) as WebAssembly"
    programs = None
    superuser = "postgres"
    is_private = True

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._ports: dict[str, str] = {}

    @contextmanager
    def cluster(self, **_: bool) -> Iterator[Community]:
        """Databases that end with the block."""
        before = set(self._ports)
        try:
            yield self
        finally:
            for name in self._ports.keys() - before:
                self.drop_database(name)

    def create_database(self, name: str) -> str:
        """The connection string of a new database."""
        self._ports[name] = self._ask("new")
        return self.conninfo(name)

    def conninfo(self, database: str, user: str | None = None) -> str:
        """The password is asked for and not looked at."""
        return (
            f"host=127.0.0.1 port={self._ports[database]} user={user or 'postgres'} password=any dbname=postgres"
            " sslmode=disable gssencmode=disable"
        )

    def drop_database(self, name: str) -> None:
        self._ask(f"drop {self._ports.pop(name)}")

    @contextmanager
    def database(self, *statements: str) -> Iterator[str]:
        """The connection string of a database with TimescaleDB in which the statements ran."""
        with self.cluster():
            conninfo = self.create_database(f"database {len(self._ports)}")
            with psycopg.connect(conninfo, autocommit=True) as connection:
                for statement in ("create extension timescaledb", *statements):
                    connection.execute(statement.encode())
            yield conninfo

    def _ask(self, line: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        print(line, file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline().strip()
        assert answer, "the community edition ended by itself"
        assert not answer.startswith("error"), answer
        return answer


@pytest.fixture(scope="module")
def community() -> Iterator[Community]:
    """TimescaleDB's Community edition; skips the test where npm cannot install it."""
    if shutil.which("npm") is None:
        pytest.skip("TimescaleDB's Community edition comes from npm, and there is no npm here")
    lock = (COMMUNITY / "package-lock.json").read_text()

    def install(made: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(COMMUNITY / name, made)
        # The socket asks for the PGlite without TimescaleDB beside it: legacy-peer-deps leaves that out.
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps", "--prefix", str(made)])

    folder = installed(["timescaledb-community", lock], install)
    shutil.copy(COMMUNITY / "server.mjs", folder)
    process = subprocess.Popen(
        ["node", str(folder / "server.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process, mock.patch.dict(os.environ, {PIPELINE_VARIABLE: "off"}):
        yield Community(process)
        assert process.stdin
        process.stdin.close()
