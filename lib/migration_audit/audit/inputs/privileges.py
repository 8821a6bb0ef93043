"""Who may do what in one live database, and which rows prevent constraints: read in a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import psycopg

from migration_audit import catalog
from migration_audit.audit.facts.types import RightsFacts
from migration_audit.catalog.access import read_access
from migration_audit.catalog.duplicates import count_obstacles
from migration_audit.catalog.rights import read_rights
from migration_audit.compare import in_scope
from migration_audit.model.drift import Drift
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Unavailable
from migration_audit.model.live import wanted_in
from migration_audit.model.objects import CatalogObject
from migration_audit.model.privileges import Access, Granted, Owned, ProbeRights
from migration_audit.model.snapshot import Snapshot
from migration_audit.project import Environment, Probe, Project
from migration_audit.sources.needs import statement_needs

_NO_WRITER = Unavailable(reason="audit.toml names no writer_role", required=False)


def without_rights(why: Unavailable) -> RightsFacts:
    """The same reason for every part."""
    return {"obstacles": why, "writer_access": why, "probe_rights": why}


def read_rights_and_rows(
    project: Project, environment: Environment, conninfo: str, *, live: Snapshot, drift: Drift | Unavailable
) -> RightsFacts:
    """What the writer's role may do in this database, and what live rows refuse of the owner's schema.

    Each statement takes at most the environment's ``statement_timeout``. Raises no AuditError.
    """
    try:
        limit = environment.statement_timeout * 1000
        with catalog.open_connection(conninfo, statement_timeout_ms=limit) as connection:
            return {
                "writer_access": _access(connection, project, environment, live),
                "probe_rights": _probe_rights(connection, project.probes, environment.writer_role),
                "obstacles": drift
                if isinstance(drift, Unavailable)
                else count_obstacles(connection, wanted_in(drift, live)),
            }
    except AuditError as error:
        return without_rights(Unavailable.of(error))


def _access(
    connection: psycopg.Connection[Any], project: Project, environment: Environment, live: Snapshot
) -> Access | Unavailable:
    if environment.writer_role is None:
        return _NO_WRITER
    return scoped_access(read_access(connection, environment.writer_role), in_scope(live, project)[0], project)


def scoped_access(access: Access, scoped: Snapshot, project: Project) -> Access:
    """The access with the owners of a snapshot's objects; what is not in scope is reported as ``elsewhere``.

    ``scoped`` is the snapshot of the same database without what is out of scope.
    """
    reachable = {role.name for role in access.roles}
    inside = {obj.key for obj in scoped.objects if obj.kind in {"table", "view", "materialized view"}}
    schemas = {obj.key for obj in scoped.objects if obj.kind == "schema"}

    def is_inside(each: Granted | Owned) -> bool:
        if each.kind == "schema":
            return each.object in schemas
        return each.kind != "table" or each.object in inside

    owned = [o for o in access.owned if is_inside(o)] + list(_owned(scoped.objects, reachable))
    elsewhere = [f"owns schema {o.object}, out of scope" for o in access.owned if not is_inside(o)]
    elsewhere += [
        f"may create objects in schema {g.object}, out of scope"
        for g in access.granted
        if g.kind == "schema" and not is_inside(g)
    ]
    return replace(
        access,
        granted=tuple(g for g in access.granted if is_inside(g)),
        owned=tuple(owned),
        elsewhere=tuple(elsewhere),
    )


def _owned(objects: Iterable[CatalogObject], reachable: set[str]) -> Iterable[Owned]:
    for obj in objects:
        owner = getattr(obj, "owner", None)
        # The owners of the database and of schemas were read apart; what a column made is its table's owner's.
        is_apart = obj.kind in {"database", "schema"} or (obj.belongs_to is not None and obj.belongs_to[0] == "column")
        if owner in reachable and not is_apart:
            yield Owned(kind=obj.kind, object=obj.key, owner=owner)


def _probe_rights(
    connection: psycopg.Connection[Any], probes: Iterable[Probe], writer_role: str | None
) -> tuple[ProbeRights, ...] | Unavailable:
    asked = [(probe, probe.role or writer_role, statement_needs(probe.sql)) for probe in probes]
    found: dict[int, ProbeRights] = {}
    for role in dict.fromkeys(role for _, role, _ in asked):
        if role is None:
            return _NO_WRITER
        own = [number for number, (_, each, _) in enumerate(asked) if each == role]
        for number, rights in zip(own, read_rights(connection, role, [asked[n][2] for n in own]), strict=True):
            probe = asked[number][0]
            found[number] = ProbeRights(
                name=probe.name,
                role=role,
                lacks=rights.lacks,
                undecided=rights.undecided,
                notes=rights.notes,
                fixes=rights.fixes,
                where=str(probe.at),
            )
    return tuple(found[number] for number in sorted(found))
