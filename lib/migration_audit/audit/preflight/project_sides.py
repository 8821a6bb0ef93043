"""The sides of a project for people who explore: SQL on a throw-away server, a saved snapshot, or a database."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from migration_audit import catalog, sources
from migration_audit.artifacts.text import check_artifact_inside
from migration_audit.audit.coverage import Keys
from migration_audit.audit.preflight.loading import cluster_for, load
from migration_audit.audit.preflight.prelude import find_server_with_prelude, read_base, shared_with
from migration_audit.audit.preflight.shadows import Shadow, build_shadow
from migration_audit.audit.preflight.sides import Side, read_sides, refuse_failure
from migration_audit.model.errors import AuditError, UsageError
from migration_audit.model.finding import Unavailable
from migration_audit.model.preflight import DATABASE, SNAPSHOT, OriginMap, ProbeResult, SourceFacts
from migration_audit.model.progress import Progress
from migration_audit.model.snapshot import RolesRead, Snapshot
from migration_audit.project import Environment, Probe, Project, Source, resolve
from migration_audit.project.locate import shown_path
from migration_audit.shadow import ShadowServer
from migration_audit.shadow.probes import run_probes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSide:
    """What the SQL of one or several sources of a project makes."""

    snapshot: Snapshot
    origins: OriginMap
    prelude: Keys
    """The objects that ``prelude`` in audit.toml makes, and that the SQL left as they were."""
    is_applied: bool
    """False for a legacy schema that is only known from a snapshot or a database."""


def read_project_side(project: Project, roles: Sequence[str], *, progress: Progress) -> ProjectSide:
    """What ``legacy``, ``owner``, or one after the other makes on an empty server.

    Raises SqlError where the SQL does not apply, SourceError and ServerError where it cannot be tried, UsageError where a
    legacy schema without SQL is to be applied before or after the owner's.
    """
    wanted = [_source(project, role) for role in roles]
    if len(wanted) == 1 and not wanted[0].is_applied:
        found = load_catalog(project, wanted[0])
        return ProjectSide(snapshot=found.snapshot, origins={}, prelude=(), is_applied=False)
    shadow, prelude, _ = _build(project, roles, (), progress)
    return ProjectSide(snapshot=refuse_failure(shadow), origins=shadow.origins, prelude=prelude, is_applied=True)


def probe_project_side(
    project: Project, roles: Sequence[str], probes: Sequence[Probe], *, progress: Progress
) -> tuple[ProbeResult, ...]:
    """The result of each statement on what these sources make; raises as ``read_project_side`` does."""
    shadow, _, found = _build(project, roles, probes, progress)
    refuse_failure(shadow)
    return found


def read_on_project_server(project: Project, side: Side, *, progress: Progress) -> ProjectSide:
    """A side that is named by its path or its database, its SQL applied where that of the project is: to the same server.

    Raises as ``read_sides`` does.
    """
    found: list[ShadowServer] = []

    def find(extensions: Collection[str]) -> ShadowServer:
        applied = [load(project, source) for source in (project.legacy, project.owner) if source.is_applied]
        needed = [frozenset(extensions), *map(sources.needed_extensions, applied)]
        found.append(find_server_with_prelude(project, needed, progress))
        return found[0]

    (read,) = read_sides((side,), progress=progress, find=find)
    prelude = shared_with(read_base(found[0]), read.snapshot) if found else ()
    return ProjectSide(snapshot=read.snapshot, origins=read.origins, prelude=prelude, is_applied=side.is_sql)


def _source(project: Project, role: str) -> Source:
    return project.owner if role == "owner" else project.legacy


def _build(
    project: Project, roles: Sequence[str], probes: Sequence[Probe], progress: Progress
) -> tuple[Shadow, Keys, tuple[ProbeResult, ...]]:
    wanted = [_source(project, role) for role in roles]
    if not all(source.is_applied for source in wanted):
        what = "the legacy schema is only known from a snapshot or a database: it cannot be applied"
        raise UsageError(what, where=project.path.name, todo='compare with the side "legacy" alone')
    sequence = [load(project, source) for source in wanted]
    server = find_server_with_prelude(project, list(map(sources.needed_extensions, sequence)), progress)
    with cluster_for(server, *sequence) as cluster:
        built, conninfo = build_shadow(cluster, "side", sequence)
        found = run_probes(conninfo, probes, writer_role=project.writer_role) if probes and built.snapshot else ()
    prelude = shared_with(read_base(server), built.snapshot) if built.snapshot else ()
    return built, prelude, found


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogSource:
    """A schema, and a note on where it was read."""

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
    return _source_of_catalog(source, snapshot, SNAPSHOT, files=((shown, digest),), where=shown)


def _read(source: Source) -> CatalogSource:
    try:
        conninfo = resolve(Environment(name=source.name, dsn_env=source.dsn_env, at=source.at), os.environ)
        # Roles of its server count as far as the owner's SQL makes them too: the others do not count here.
        snapshot = catalog.read_snapshot(conninfo, roles=RolesRead.SHARED).snapshot
    except AuditError as error:
        raise type(error)(error.what, where=f"{source.at} ({error.where})", todo=error.todo) from error
    return _source_of_catalog(source, snapshot, DATABASE, files=(), where=f"variable {source.dsn_env}")


def _source_of_catalog(
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
