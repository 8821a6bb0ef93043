"""Sides by name: what each name means, and what was read of it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from migration_audit import catalog
from migration_audit.audit.coverage import Keys
from migration_audit.audit.preflight.sides import SideKind, parse_side, path_exists, read_sides
from migration_audit.model.errors import UsageError
from migration_audit.model.preflight import OriginMap
from migration_audit.model.progress import Progress
from migration_audit.model.snapshot import RolesRead, Snapshot
from migration_audit.project import Environment, Project, resolve

if TYPE_CHECKING:
    import psycopg

ROLES: Final = ("legacy", "owner")
SOURCES: Final = {
    "legacy": ("legacy",),
    "owner": ("owner",),
    "legacy then owner": ("legacy", "owner"),
    "owner then legacy": ("owner", "legacy"),
}
"""The sides of audit.toml that are SQL: the sources that are applied for each, in order."""
FORMS: Final = "a snapshot (.json), a .sql file or a folder of SQL, env:NAME or service:NAME"


class SideOrigin(StrEnum):
    """Where a side comes from, as far as a comparison asks."""

    SQL = "sql"
    """Built on a server of its own."""
    ENVIRONMENT = "environment"
    """A live database."""
    SNAPSHOT = "snapshot"
    """Read some time ago, and saved."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadCatalog:
    """What was read of one side."""

    name: str
    origin: SideOrigin
    snapshot: Snapshot
    origins: OriginMap
    """Where SQL defines each object; empty where no SQL was applied."""
    prelude: Keys = ()
    read_at: datetime
    role: str | None = None
    """``legacy`` or ``owner`` of audit.toml."""

    @property
    def described(self) -> str:
        """Which database it is, in a few words."""
        server = self.snapshot.server
        if self.origin is SideOrigin.SQL:
            return f"SQL on an empty server, PostgreSQL {server.postgres_version.split(' ', 1)[0]}"
        return f"{'snapshot of database' if self.origin is SideOrigin.SNAPSHOT else 'database'} {server.described}"


def names_of(project: Project | None) -> tuple[str, ...]:
    """The names of the sides that a project has, environments last."""
    if project is None:
        return ()
    of_sql = SOURCES if project.legacy.is_applied else ROLES
    return (*of_sql, *(environment.name for environment in project.environments))


def read_side(name: str, project: Project | None, *, progress: Progress) -> ReadCatalog:
    """Read what the name means: a side of the project, else a file, a folder or a database, as ``compare`` takes it.

    A relative path is looked up in the working directory, then next to audit.toml. Raises UsageError for a name that means
    nothing, DatabaseError for a variable that is not set and a database that cannot be read, SqlError, SourceError and
    ServerError for SQL.
    """
    if project is not None and name in names_of(project):
        environments = {environment.name: environment for environment in project.environments}
        return _of_environment(environments[name]) if name in environments else _of_sources(name, project, progress)
    return _of_argument(_path_of(name, project), name, project, progress)


def did_you_mean(given: Iterable[str], known: Sequence[str]) -> str:
    """``did you mean owner? ``, with the known name that is most like each of the given ones; empty where none is."""
    close = [match for name in given for match in difflib.get_close_matches(name, known, n=1)]
    return f"did you mean {', '.join(close)}? " if close else ""


def _of_environment(environment: Environment) -> ReadCatalog:
    limit = environment.statement_timeout * 1000
    snapshot = catalog.with_connection(resolve(environment, os.environ), _read_live, statement_timeout_ms=limit)
    return ReadCatalog(
        name=environment.name, origin=SideOrigin.ENVIRONMENT, snapshot=snapshot, origins={}, read_at=datetime.now(UTC)
    )


def _read_live(connection: psycopg.Connection[Any]) -> Snapshot:
    return catalog.read_snapshot(connection, roles=RolesRead.SHARED).snapshot


def _of_sources(name: str, project: Project, progress: Progress) -> ReadCatalog:
    from migration_audit.audit.preflight.project_sides import read_project_side  # noqa: PLC0415

    found = read_project_side(project, SOURCES[name], progress=progress)
    return ReadCatalog(
        name=name,
        origin=SideOrigin.SQL if found.is_applied else SideOrigin.SNAPSHOT,
        snapshot=found.snapshot,
        origins=found.origins,
        prelude=found.prelude,
        read_at=datetime.now(UTC),
        role=name if name in ROLES else None,
    )


def _of_argument(text: str, name: str, project: Project | None, progress: Progress) -> ReadCatalog:
    from migration_audit.audit.preflight.project_sides import read_on_project_server  # noqa: PLC0415

    side = parse_side(text)
    prelude: Keys = ()
    if project is None:
        (read,) = read_sides((side,), progress=progress)
        snapshot, origins = read.snapshot, read.origins
    else:
        found = read_on_project_server(project, side, progress=progress)
        snapshot, origins, prelude = found.snapshot, found.origins, found.prelude
    kinds = {SideKind.SQL: SideOrigin.SQL, SideKind.LIVE: SideOrigin.ENVIRONMENT, SideKind.SNAPSHOT: SideOrigin.SNAPSHOT}
    return ReadCatalog(
        name=name,
        origin=kinds[side.kind],
        snapshot=snapshot,
        origins=origins,
        prelude=prelude,
        read_at=datetime.now(UTC),
    )


def _path_of(name: str, project: Project | None) -> str:
    """The name as ``parse_side`` takes it; raises UsageError for one that can only be a misspelt side."""
    if any(mark in name for mark in (":", "+")) or path_exists(name):
        return name
    if project is not None and path_exists(str(project.directory / name)):
        return str(project.directory / name)
    known = names_of(project)
    hint = did_you_mean([name], known)
    has = f"audit.toml has: {', '.join(known)}; " if known else "there is no audit.toml here or in a parent folder; "
    raise UsageError(f"unknown side {name}", todo=f"{hint}{has}else a side is {FORMS}")
