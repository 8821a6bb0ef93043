"""After the deletion there is one SQL source left: the owner's, applied alone, is what live databases are compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from migration_audit import shadow, sources
from migration_audit.audit.coverage import Keys, without
from migration_audit.audit.facts.types import PreflightFacts
from migration_audit.audit.preflight.loading import (
    cluster_for,
    destructions_of,
    ledger_of,
    load,
    source_facts,
    with_recorded,
)
from migration_audit.audit.preflight.preflight import no_preflight
from migration_audit.audit.preflight.prelude import find_server_with_prelude, read_base, shared_with
from migration_audit.audit.preflight.shadows import NO_SNAPSHOT, Shadow, build_shadow, owner_tables
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Phase, Unavailable
from migration_audit.model.preflight import SourceFacts
from migration_audit.model.snapshot import Snapshot
from migration_audit.project import Project

_GONE = Unavailable(reason="not compared: the legacy SQL no longer exists", required=False)
NOT_REHEARSED = Unavailable(reason=f"rehearsed in the phase {Phase.PREFLIGHT.value}", required=False)
"""Why statements of the writer are not executed."""


def is_legacy_gone(project: Project) -> bool:
    """Whether nothing is left of the legacy migrations where audit.toml says that they are.

    A snapshot or a database is nothing that could be left: after the deletion it is not compared any more.
    """
    legacy = project.legacy
    if legacy.command is not None:
        lacks = any(not sources.command_files(legacy.root, [glob]) for glob in legacy.command.files)
        return lacks or not legacy.command.directory.is_dir()
    if not legacy.is_applied:
        return True
    return not sources.sql_files(legacy.root, legacy.sql)


def run_owner_alone(project: Project, *, progress: Callable[[str], None]) -> PreflightFacts:
    """The owner's SQL on an empty server; every comparison with the legacy SQL is unavailable, with the reason.

    The legacy side is an empty snapshot: it makes nothing any more. Raises no AuditError.
    """
    legacy = SourceFacts(role="legacy", name=project.legacy.name, files=(), duplicates=(), gaps=())
    try:
        owner = load(project, project.owner)
    except AuditError as error:
        return _not_built(error, None, server="no server: the sources could not be read")
    facts = (legacy, source_facts("owner", owner))
    try:
        server = find_server_with_prelude(project, [sources.needed_extensions(owner)], progress)
        with cluster_for(server, owner) as cluster:
            built, conninfo = build_shadow(cluster, "alone", [owner], ledger=ledger_of(owner, project.owner))
            directus = owner_tables(project, conninfo) if built.snapshot else NO_SNAPSHOT
        keys = shared_with(read_base(server), built.snapshot) if built.snapshot else ()
    except AuditError as error:
        return _not_built(error, facts, server="no server")
    facts = (legacy, with_recorded(facts[1], built.recorded))
    return {
        **_facts(_without(built, keys), facts, server=shadow.described(server)),
        "prelude": keys,
        "directus_owner": directus,
        "destructions": destructions_of(owner),
    }


def _without(built: Shadow, keys: Keys) -> Shadow:
    return replace(built, snapshot=without(built.snapshot, keys)) if built.snapshot else built


def _facts(built: Shadow, read: tuple[SourceFacts, ...], *, server: str) -> PreflightFacts:
    owner = built.catalog_of("the owner SQL")
    return {
        **no_preflight(_GONE, server=server, sources_read=read),
        "owner_applied": built.applied,
        "legacy": replace(owner, objects=(), unmodelled=()) if isinstance(owner, Snapshot) else owner,
        "owner": owner,
        "owner_origins": built.origins,
        "probes": NOT_REHEARSED,
    }


def _not_built(error: AuditError, read: tuple[SourceFacts, ...] | None, *, server: str) -> PreflightFacts:
    why = Unavailable.of(error)
    missing = no_preflight(_GONE, server=server, sources_read=None)
    return {
        **missing,
        "sources": read or why,
        "owner_applied": why,
        "legacy": why,
        "owner": why,
        "probes": NOT_REHEARSED,
    }
