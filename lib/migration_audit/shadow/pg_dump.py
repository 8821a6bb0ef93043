"""The dump of a shadow: what ``pg_dump --schema-only`` of the server's own version writes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from migration_audit.model.errors import ServerError
from migration_audit.shadow.interface import ShadowServer
from migration_audit.shadow.local import list_local
from migration_audit.shadow.paths import server_account
from migration_audit.shadow.processes import ask, clean_environment

LIMIT = 100.0
"""Seconds that a dump may take."""

_CHUNKS = """
    select pg_catalog.format('%I.%I', nsp.nspname, rel.relname)
      from (
            select inh.inhrelid as oid
              from _timescaledb_catalog.hypertable as hyp
              join pg_catalog.pg_namespace as own on own.nspname = hyp.schema_name
              join pg_catalog.pg_class as par on par.relnamespace = own.oid and par.relname = hyp.table_name
              join pg_catalog.pg_inherits as inh on inh.inhparent = par.oid
              join pg_catalog.pg_class as chi on chi.oid = inh.inhrelid
              join pg_catalog.pg_namespace as chs on chs.oid = chi.relnamespace and chs.nspname <> '_timescaledb_internal'
             where exists (
                       select
                         from _timescaledb_catalog.chunk as chu
                        cross join lateral pg_catalog.to_jsonb(chu.*) as has (facts)
                        where has.facts ->> 'relid' = chi.oid::pg_catalog.regclass::text
                           or (has.facts ->> 'schema_name', has.facts ->> 'table_name') = (chs.nspname, chi.relname)
                   )
             union
            -- A column since 2.19; from 2.29 on the compressed tables belong to no hypertable.
            select (pg_catalog.to_jsonb(cmp) ->> 'compress_relid')::pg_catalog.regclass
              from _timescaledb_catalog.compression_settings as cmp
           ) as chunk
      join pg_catalog.pg_class as rel on rel.oid = chunk.oid
      join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
     where nsp.nspname <> '_timescaledb_internal'
"""
"""Found by what all versions have: the columns of TimescaleDB's table of chunks changed in 2.26 and in 2.29."""


def find_pg_dump(server: ShadowServer) -> Path:
    """The ``pg_dump`` that can read this server: its own, else one on this machine that is not older.

    Raises ServerError with the reason when none can be used.
    """
    if server.programs is not None:
        own = server.programs / "pg_dump"
        if os.access(own, os.X_OK):
            return own
    needed = _major(server.description)
    found = {path: _major(ask(path, "--version") or "") for path in _candidates()}
    usable = {path: major for path, major in found.items() if major >= needed}
    if not usable:
        seen = ", ".join(f"{path} is of {major}" for path, major in found.items()) or "none is installed"
        raise ServerError(
            f"no pg_dump of PostgreSQL {needed} or newer on this machine ({seen})",
            todo=f"install the client programs of PostgreSQL {needed} and put their folder on PATH",
        )
    # The version next to the server's own writes what the server means, with the fewest words of its own.
    return min(usable, key=lambda path: usable[path])


def dump_schema(pg_dump: Path, conninfo: str) -> str:
    """The dump of a database: schema only, with owners, privileges and comments, without TimescaleDB's chunks.

    Raises ServerError with pg_dump's errors when it fails; its warnings are ignored.
    """
    from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415

    given = {name: str(value) for name, value in conninfo_to_dict(conninfo).items() if value is not None}
    password = given.pop("password", None)
    secret = {} if password is None else {"PGPASSWORD": password}  # an argument could be seen by everybody
    chunks = [f"--exclude-table={name}" for name in _chunks(conninfo)]
    command = [
        *(str(pg_dump), "--schema-only", "--no-sync", "--no-password", "--encoding=UTF8"),
        *("--exclude-schema=_timescaledb_internal", *chunks, f"--dbname={make_conninfo(**given)}"),
    ]
    try:
        done = subprocess.run(
            command, env=clean_environment(**secret), stdin=subprocess.DEVNULL, capture_output=True,
            check=False, timeout=LIMIT,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        todo = "check whether the server is still running (migration-audit server status), and run it again"
        raise ServerError(f"did not end within {LIMIT:.0f} s, and was killed", where=str(pg_dump), todo=todo) from None
    except (OSError, subprocess.SubprocessError) as error:
        # The exception's text would show the whole command.
        raise ServerError(f"cannot be run: {type(error).__name__}", where=str(pg_dump)) from None
    # As text, subprocess would make a line end of a carriage return in a name.
    output, messages = (each.decode("utf-8", errors="replace") for each in (done.stdout, done.stderr))
    if done.returncode != 0:
        errors = [line for line in messages.splitlines() if "error:" in line] or messages.splitlines()
        raise ServerError("; ".join(errors[:3]) or f"ended with status {done.returncode}", where=str(pg_dump))
    return output


def _chunks(conninfo: str) -> list[str]:
    """Chunks may be in any schema; they are data, and what TimescaleDB makes for it."""
    import psycopg  # noqa: PLC0415

    from migration_audit import driver  # noqa: PLC0415

    try:
        with driver.connect(conninfo) as connection:
            there = connection.execute("select pg_catalog.to_regclass('_timescaledb_catalog.chunk') is not null").fetchone()
            if not (there and there[0]):
                return []
            return [name for (name,) in connection.execute(_CHUNKS).fetchall()]
    except psycopg.Error as error:
        raise ServerError(str(error).strip(), where="TimescaleDB's list of chunks") from error


def _candidates() -> Iterator[Path]:
    if on_path := shutil.which("pg_dump"):
        yield Path(on_path)
    for programs in list_local(server_account()):
        if os.access(programs.bin / "pg_dump", os.X_OK):
            yield programs.bin / "pg_dump"


def _major(text: str) -> int:
    """17 of ``PostgreSQL 17.5, …`` and of ``pg_dump (PostgreSQL) 17.5``; 0 where no version is reported."""
    found = re.search(r"PostgreSQL\)? (\d+)", text)
    return int(found[1]) if found else 0
