"""The targets of a fleet, wherever they are listed: files, queries, services."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg

from migration_audit import catalog
from migration_audit.audit.preflight.sides import path_exists
from migration_audit.catalog.server_errors import database_error
from migration_audit.fleet.references import Services, conninfo_of, read_services, services_like
from migration_audit.fleet.targets import FleetTarget, check_targets, make_target, parse_reference, parse_targets
from migration_audit.model.errors import DatabaseError, UsageError

_SERVICES = "service:"


def find_targets(named: Sequence[str], queries: Sequence[tuple[str, str]]) -> tuple[FleetTarget, ...]:
    """The targets of files and ``service:`` patterns, and those of queries: a reference and SQL each.

    Raises UsageError for a password and for what cannot be read, DatabaseError for a query that fails, and AuditError where
    there is no target.
    """
    services = read_services(os.environ)
    return check_targets([*_of_files(named, services), *_of_queries(queries)])


def _of_files(named: Sequence[str], services: Services) -> Iterator[tuple[FleetTarget, str]]:
    for each in named:
        if each.startswith(_SERVICES) and not path_exists(each):
            pattern, where = each.removeprefix(_SERVICES), f"--targets {each}"
            yield from ((target, where) for target in services_like(pattern, services, where=where))
            continue
        for line in parse_targets(_read(Path(each)), each):
            if line.pattern is not None:
                yield from ((target, line.where) for target in services_like(line.pattern, services, where=line.where))
            elif line.target is not None:
                yield line.target, line.where


def _read(path: Path) -> str:
    todo = "name a targets file, or service:PATTERN"
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path), todo=todo) from None
    except UnicodeDecodeError:
        raise UsageError("is not UTF-8", where=str(path), todo=todo) from None


def _of_queries(queries: Sequence[tuple[str, str]]) -> Iterator[tuple[FleetTarget, str]]:
    for reference, sql in queries:
        where = f"--from-query {reference}"
        parts = parse_reference(reference, where="--from-query")
        asked = FleetTarget(name=where, reference=reference)
        for number, row in enumerate(_rows(asked, sql), start=1):
            yield _target_of(row, reference, is_url=parts.url is not None, where=f"{where}, row {number}"), where


def _rows(asked: FleetTarget, sql: str) -> list[tuple[Any, ...]]:
    def read(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
        try:
            cursor = connection.execute(sql.encode())
            if cursor.description is None:
                raise UsageError("the query returns no rows", where=asked.name, todo="write a SELECT")
            return cursor.fetchall()
        except psycopg.Error as error:
            failed = database_error(error, connection)
            what = failed.what.replace("the catalog cannot be read", "the query failed")
            todo = "its search_path is empty and it may only read: write schema.table"
            raise DatabaseError(what, where=asked.name, todo=todo) from None

    return catalog.with_connection(conninfo_of(asked, os.environ), read)


def _target_of(row: tuple[Any, ...], asked: str, *, is_url: bool, where: str) -> FleetTarget:
    """One column: a database of the same server. Two: the name of a target, and its reference."""
    if len(row) not in {1, 2} or not all(isinstance(value, str) for value in row):
        todo = "select the name of a database, or a name and a reference (env:VARIABLE/DATABASE), as text"
        raise UsageError("is not a target", where=where, todo=todo)
    if len(row) == 2:
        return make_target(row[0], row[1], where=where)
    if is_url:
        todo = "name the server with env:VARIABLE or service:SERVICE"
        raise UsageError("a database of a URL has no reference", where=where, todo=todo)
    base = asked.partition("/")[0]
    return make_target(row[0], f"{base}/{row[0]}", where=where)
