"""The SQL sides of a project, each built alone on a throw-away server: what people who explore look at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from migration_audit import sources
from migration_audit.audit.compared import Keys
from migration_audit.audit.preflight.catalog_source import load_catalog
from migration_audit.audit.preflight.loading import cluster_for, load
from migration_audit.audit.preflight.prelude import find_server_with_prelude, read_base, shared_with
from migration_audit.audit.preflight.shadows import Shadow, build_shadow
from migration_audit.audit.preflight.sides import Side, read_sides, refuse_failure
from migration_audit.model.errors import UsageError
from migration_audit.model.preflight import OriginMap, ProbeResult
from migration_audit.model.progress import Progress
from migration_audit.model.snapshot import Snapshot
from migration_audit.project import Probe, Project, Source
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
