"""A legacy schema that no SQL is known of: a saved snapshot, or a database that is read and never written."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from migration_audit import catalog
from migration_audit.artifacts.text import check_artifact_inside
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Unavailable
from migration_audit.model.preflight import DATABASE, SNAPSHOT, SourceFacts
from migration_audit.model.snapshot import RolesRead, Snapshot
from migration_audit.project import Environment, Project, Source, resolve
from migration_audit.project.locate import shown_path


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogSource:
    """A schema, and what is to be said of where it was read."""

    snapshot: Snapshot
    facts: SourceFacts

    def unavailable(self, what: str) -> Unavailable:
        """Why something that needs SQL is not there: the project has none, so nothing is missing that it promises."""
        return Unavailable(reason=f"{self.facts.name} is only known from a {self.facts.format}: {what}", required=False)


def load_catalog(project: Project, source: Source) -> CatalogSource:
    """Read the snapshot or the database that audit.toml names; raises AuditError where it cannot be read."""
    if source.snapshot is not None:
        check_artifact_inside(source.snapshot, project.directory)
        return _saved(source, source.snapshot, shown_path(source.snapshot, project.directory))
    return _read(source)


def _saved(source: Source, path: Path, shown: str) -> CatalogSource:
    snapshot = catalog.load_snapshot(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return _source(source, snapshot, SNAPSHOT, files=((shown, digest),), where=shown)


def _read(source: Source) -> CatalogSource:
    try:
        conninfo = resolve(Environment(name=source.name, dsn_env=source.dsn_env, at=source.at), os.environ)
        # Roles of its server count as far as the owner's SQL makes them too: the others do not count here.
        snapshot = catalog.read_snapshot(conninfo, roles=RolesRead.SHARED).snapshot
    except AuditError as error:
        raise type(error)(error.what, where=f"{source.at} ({error.where})", todo=error.todo) from error
    return _source(source, snapshot, DATABASE, files=(), where=f"variable {source.dsn_env}")


def _source(
    source: Source, snapshot: Snapshot, kind: str, *, files: tuple[tuple[str, str], ...], where: str
) -> CatalogSource:
    server = snapshot.server
    on = f" on server {server.system_identifier}" if server.system_identifier else ""
    notes = (
        f"{where}: the catalog of database {server.database}{on}, PostgreSQL {server.postgres_version}, {snapshot.digest}",
        *snapshot.limits,
    )
    facts = SourceFacts(role="legacy", name=source.name, files=files, format=kind, notes=notes)
    return CatalogSource(snapshot=snapshot, facts=facts)
