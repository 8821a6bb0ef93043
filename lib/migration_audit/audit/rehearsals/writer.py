"""Rehearsals on a server of their own: the writer's first statements, and the fixture of the integration tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

import psycopg

from migration_audit import catalog, shadow, sources
from migration_audit.audit.coverage import compared
from migration_audit.audit.facts.types import RehearsalFacts
from migration_audit.audit.inputs.privileges import scoped_access
from migration_audit.audit.preflight.loading import cluster_for, load
from migration_audit.audit.preflight.owner_alone import NOT_REHEARSED
from migration_audit.audit.preflight.prelude import find_server_with_prelude
from migration_audit.audit.preflight.shadows import Shadow, apply_to
from migration_audit.catalog.access import read_access, read_given
from migration_audit.catalog.rights import LackingRights, read_rights
from migration_audit.compare import Rules, in_scope
from migration_audit.model.boot import Attempt, FixtureShadow, Rehearsal, RehearsalRole, RightsFrom
from migration_audit.model.command import AnySource
from migration_audit.model.drift import Drift
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Outcome, Phase, Unavailable
from migration_audit.model.privileges import Access, StatementNeeds
from migration_audit.model.progress import Progress
from migration_audit.model.snapshot import RolesRead, Snapshot
from migration_audit.model.sql import SqlSource
from migration_audit.project import AuditRule, Probe, Project
from migration_audit.shadow.apply import apply_sources
from migration_audit.shadow.probes import STAND_IN, rehearse
from migration_audit.sources.needs import statement_needs

_NO_PRIVILEGE: Final = "42501"

_NO_PROBE = Unavailable(reason="audit.toml names no [[probe]]", required=False)
_NO_FIXTURE = Unavailable(reason="audit.toml has no [[rule]] with a fixture", required=False)


def rehearsal_inputs(project: Project, *, phase: Phase, progress: Progress) -> RehearsalFacts:
    """What BOOT005 and RET008 ask for: ``rehearsal`` and ``fixture_shadows``, each the fact or why it is not there.

    Nothing is started where audit.toml asks for neither. Both are rehearsed on one cluster, in databases of their own.
    Raises no AuditError.
    """
    fixtures = [rule for rule in project.retirement if rule.check == "RET008"]
    wants_probes = bool(project.probes) and phase is Phase.PREFLIGHT
    inputs: RehearsalFacts = {
        "rehearsal": _NO_PROBE if not project.probes else NOT_REHEARSED,
        "fixture_shadows": _NO_FIXTURE,
    }
    if not (wants_probes or fixtures):
        return inputs
    try:
        built = {rule.what[0]: _fixture(project, rule) for rule in fixtures}
        if not wants_probes and all(isinstance(each, FixtureShadow) for each in built.values()):
            return {**inputs, "fixture_shadows": cast("Mapping[str, FixtureShadow]", built)}
        return _on_server(project, inputs, built, wants_probes=wants_probes, progress=progress)
    except (AuditError, psycopg.Error) as error:
        message = str(error) if isinstance(error, AuditError) else f"the rehearsal stopped early: {str(error).strip()}"
        why = Unavailable(reason=message, outcome=Outcome.ERRORED)
        return {
            "rehearsal": why if wants_probes else inputs["rehearsal"],
            "fixture_shadows": why if fixtures else inputs["fixture_shadows"],
        }


def _on_server(
    project: Project,
    inputs: RehearsalFacts,
    built: Mapping[str, SqlSource | FixtureShadow],
    *,
    wants_probes: bool,
    progress: Progress,
) -> RehearsalFacts:
    owner, grants = load(project, project.owner), _grants(project)
    needed = [owner, *filter(None, (grants, *(each for each in built.values() if isinstance(each, SqlSource))))]
    server = find_server_with_prelude(project, [sources.needed_extensions(source) for source in needed], progress)
    found: RehearsalFacts = {**inputs}
    with cluster_for(server, owner) as cluster:
        conninfo = cluster.create_database("rehearsal")
        prepared = _build(conninfo, owner)
        if built:
            found["fixture_shadows"] = _fixtures(project, cluster, built, prepared)
        if wants_probes:
            found["rehearsal"] = _rehearsal(project, cluster, conninfo, prepared, grants)
    return found


def _grants(project: Project) -> SqlSource | None:
    if project.rehearsal is None:
        return None
    return sources.load_globs(
        "grants",
        project.directory,
        project.rehearsal.grants,
        shown_from=project.directory,
        variables=project.owner.variables,
    )


def _fixture(project: Project, rule: AuditRule) -> SqlSource | FixtureShadow:
    """The fixture's statements, or the reason why they cannot be read."""
    path = rule.what[0]
    if not (project.directory / path).is_file():
        return FixtureShadow(path=path, reason="the file does not exist")
    try:
        return sources.load_source("fixture", [project.directory / path], shown_from=project.directory)
    except AuditError as error:
        return FixtureShadow(path=path, reason=str(error))


def _build(conninfo: str, source: AnySource) -> Shadow:
    """The source, applied and read; without roles, which the databases of this cluster share."""
    return apply_to(conninfo, [source], roles=RolesRead.NONE)


def _fixtures(
    project: Project, cluster: shadow.Cluster, built: Mapping[str, SqlSource | FixtureShadow], prepared: Shadow
) -> Mapping[str, FixtureShadow] | Unavailable:
    owner = prepared.catalog_of("the owner's SQL")
    if isinstance(owner, Unavailable):
        return owner
    found = {}
    for number, (path, source) in enumerate(built.items()):
        if isinstance(source, FixtureShadow):
            found[path] = source
            continue
        made = _build(cluster.create_database(f"fixture_{number}"), source)
        drift: Drift | Unavailable | None = None
        if made.snapshot is not None:
            sides = ("the owner's SQL", owner), (path, made.snapshot)
            rules = Rules().override(project.rules)
            drift = compared(expected=sides[0], actual=sides[1], rules=rules, scope_of=project)
        reason = drift.reason if isinstance(drift, Unavailable) else None
        drift = drift if isinstance(drift, Drift) else None
        found[path] = FixtureShadow(path=path, failure=made.applied.failure, drift=drift, reason=reason)
    return found


def _rehearsal(
    project: Project, cluster: shadow.Cluster, conninfo: str, prepared: Shadow, grants: SqlSource | None
) -> Rehearsal | Unavailable:
    snapshot = prepared.catalog_of("the owner's SQL")
    if grants is not None and isinstance(snapshot, Snapshot):
        snapshot = _granted(conninfo, grants)
    if isinstance(snapshot, Unavailable):
        return snapshot
    writer = _writer(project)
    probes = [(probe, statement_needs(probe.sql)) for probe in project.probes]
    roles = list(dict.fromkeys([writer, *(probe.role or writer for probe, _ in probes)]))
    allowed = _allowed(conninfo, roles, grants, is_private=cluster.is_private)
    least = {role for role in roles if allowed[role].source is RightsFrom.NOBODY}
    unknown = [
        f'"{probe.name}": {needs.undecided}'
        for probe, needs in probes
        if needs.undecided and (probe.role or writer) in least
    ]
    if unknown:
        return Unavailable(
            reason="it is not known which rights the probes need; name "
            f"them in [rehearsal]: {some_of(unknown, between='; ')}"
        )
    rehearsed = rehearse(
        conninfo, probes, role=writer, least_rights=least, look=lambda connection: _looked(connection, probes, writer)
    )
    access, lacking = rehearsed.looked
    alone = rehearse(cluster.create_database("rehearsal_alone"), probes, role=writer, look=lambda connection: None)
    found = [replace(allowed[role], rights=rehearsed.grants.get(role, allowed[role].rights)) for role in roles]
    return Rehearsal(
        writer=found[0],
        others=tuple(found[1:]),
        with_owner=tuple(_with_rights(attempt, lacking[attempt.name]) for attempt in rehearsed.attempts),
        without_owner=alone.attempts,
        access=scoped_access(access, in_scope(snapshot, project)[0], project),
    )


def _writer(project: Project) -> str:
    """The project's writer, else the one that all environments share, else a stand-in without any name of theirs."""
    of_environments = {environment.writer_role for environment in project.environments}
    shared = next(iter(of_environments)) if len(of_environments) == 1 else None
    return project.writer_role or shared or STAND_IN


def _allowed(conninfo: str, roles: Iterable[str], grants: SqlSource | None, *, is_private: bool) -> dict[str, RehearsalRole]:
    """Who says what each role may do: audit.toml's files before the owner's SQL, and that before the least rights."""
    if grants is not None:
        files = tuple(file.path for file in grants.files)
        return {role: RehearsalRole(name=role, source=RightsFrom.AUDIT, files=files) for role in roles}
    found = {}
    with catalog.open_connection(conninfo) as connection:
        for role in roles:
            given = read_given(connection, role, with_memberships=is_private)
            source = RightsFrom.OWNER if given.rights or given.makers else RightsFrom.NOBODY
            found[role] = RehearsalRole(name=role, source=source, rights=given.rights, makers=given.makers)
    return found


def _looked(
    connection: psycopg.Connection[Any], probes: Sequence[tuple[Probe, StatementNeeds]], writer: str
) -> tuple[Access, dict[str, LackingRights]]:
    """What the writer may do, and what each probe's role lacks for it."""
    lacking = {probe.name: read_rights(connection, probe.role or writer, [needs])[0] for probe, needs in probes}
    return read_access(connection, writer), lacking


def _with_rights(attempt: Attempt, rights: LackingRights) -> Attempt:
    is_refused = attempt.sqlstate == _NO_PRIVILEGE
    return replace(attempt, lacks=rights.lacks, fixes=rights.fixes) if is_refused else attempt


def _granted(conninfo: str, grants: SqlSource) -> Snapshot | Unavailable:
    """The catalog after the grants, which may change owners."""
    failure = apply_sources(conninfo, [grants]).applied.failure
    if failure is None:
        return catalog.read_snapshot(conninfo).snapshot
    reason = f"the grants of [rehearsal] do not apply: {failure.at}: {failure.message}"
    return Unavailable(reason=reason, outcome=Outcome.ERRORED)
