"""A real Directus of one version in one Node process, and databases for it that are cloned from a template."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from directus.world import DATA, RAW, healthy
from migration_audit.catalog.directus_database import read_directus_database
from migration_audit.model.directus_database import DirectusDatabase, DirectusTable

ROLE = "directus_app"
PASSWORD = "of-the-app"
SECRET = "differential-secret-of-more-than-32-characters"
_numbers = itertools.count(1)


class Real:
    """One version, started; ``close`` ends it."""

    def __init__(self, version: str, modules: Path, conninfo: str, folder: Path) -> None:
        """``modules`` has its node_modules; ``conninfo`` names a superuser of a server that listens by TCP."""
        self.version = version
        self.conninfo = conninfo
        self._modules = modules
        self._prefix = f"dx{os.getpid()}_{version.replace('.', '_')}"
        self._folder = folder
        self._template()
        with (folder / f"{version}.log").open("w") as log:
            self._process = subprocess.Popen(
                ["node", str(Path(__file__).with_name("driver.mjs")), str(modules)],
                env=self._variables(f"{self._prefix}_home"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=folder,
            )
        if "ready" not in self._line():
            raise RuntimeError(f"Directus {version} does not start: see {folder / version}.log")
        self._make_world()
        self._source = self._prefix

    _source = ""
    clean: str | None = None
    """A clone that nobody changed."""
    file: dict[str, Any]
    """What this version writes of its own database."""

    def _make_world(self) -> None:
        name = self.clone(self._prefix)
        done = self.ask(name, healthy())
        if done["code"]:
            raise RuntimeError(f"the healthy file is refused: {done['message']}")
        with self.connect(name, ROLE) as connection:
            connection.execute((DATA + RAW).encode())
        self.file = dict(self.ask(name, healthy(), onlyDiff=True)["current"])

    def _variables(self, database: str) -> dict[str, str]:
        found = conninfo_to_dict(self.conninfo)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "DB_CLIENT": "pg",
            "DB_HOST": str(found["host"]),
            "DB_PORT": str(found["port"]),
            "DB_DATABASE": database,
            "DB_USER": ROLE,
            "DB_PASSWORD": PASSWORD,
            "DB_SEARCH_PATH": "array:public",
            "SECRET": SECRET,
            "ADMIN_EMAIL": "admin@example.com",
            "ADMIN_PASSWORD": "differential",
            "TELEMETRY": "false",
            "LOG_LEVEL": "error",
            "LOG_STYLE": "raw",
        }

    def _template(self) -> None:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            there = connection.execute("select from pg_roles where rolname = %s", [ROLE]).fetchone()
            if there is None:
                connection.execute(f"create role {ROLE} login password '{PASSWORD}'".encode())
        home = f"{self._prefix}_home"
        self._sql(f'drop database if exists "{home}"', f'create database "{home}" owner {ROLE}')
        cli = self._modules / "node_modules/@directus/api/dist/cli/run.js"
        done = subprocess.run(
            ["node", str(cli), "bootstrap"],
            env=self._variables(home),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            cwd=self._folder,
        )
        if done.returncode:
            raise RuntimeError(f"bootstrap of {self.version} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        self._source = f"{self._prefix}_bare"
        self._sql(
            f'drop database if exists "{self._source}"', f'create database "{self._source}" template "{home}" owner {ROLE}'
        )

    def _sql(self, *statements: str) -> None:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def _line(self) -> str:
        if self._process.stdout is None:
            raise RuntimeError("no output")
        for line in self._process.stdout:
            if line.startswith("ANSWER "):
                return line.removeprefix("ANSWER ")
        return ""

    def connect(self, database: str, role: str | None = None) -> psycopg.Connection[Any]:
        """A connection as the superuser, or set to a role."""
        found = make_conninfo(self.conninfo, dbname=database)
        if role is not None:
            found = make_conninfo(found, user=role, password=PASSWORD, options="")
        return psycopg.connect(found, autocommit=True)

    def clone(self, name: str | None = None) -> str:
        """A new clone of the template; clones go with the server, as each DROP DATABASE waits for a checkpoint."""
        name = name or f"{self._prefix}_{next(_numbers)}"
        self._sql(f'create database "{name}" template "{self._source}" owner {ROLE}')
        return name

    def ask(self, database: str, body: Any, **options: Any) -> dict[str, Any]:
        """One ``schema apply`` of the body, as JSON, with ``ignoreRules``, ``excluded`` and ``searchPath``."""
        request = {"database": database, "file": "schema.json", "text": json.dumps(body), **options}
        if self._process.stdin is None:
            raise RuntimeError("no input")
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._line()
        if not line:
            raise RuntimeError(f"Directus {self.version} ended")
        return dict(json.loads(line))

    def read(self, database: str, schemas: Sequence[str] = ("public",), *, rows: bool = False) -> DirectusDatabase:
        """What the model gets; with what the rows of the clone are, where it is asked for."""
        with self.connect(database) as connection:
            found = read_directus_database(connection, schemas=schemas, role=ROLE)
            if not rows:
                return found
            tables = tuple(one if one.name.startswith("directus_") else _with_rows(connection, one) for one in found.tables)
            return replace(found, tables=tables)

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.communicate(timeout=30)  # which closes its pipes


def _with_rows(connection: psycopg.Connection[Any], table: DirectusTable) -> DirectusTable:
    parts = [
        sql.SQL("count(*) > count({c}), count({c}) > count(distinct {c}::text)").format(c=sql.Identifier(column.name))
        for column in table.columns
    ]
    if not parts:
        return table
    query = sql.SQL("select {} from {}").format(sql.SQL(", ").join(parts), sql.Identifier(table.schema, table.name))
    row = connection.execute(query).fetchone() or ()
    columns = (
        replace(column, has_nulls=row[2 * number], has_duplicates=row[2 * number + 1])
        for number, column in enumerate(table.columns)
    )
    return replace(table, columns=tuple(columns))
