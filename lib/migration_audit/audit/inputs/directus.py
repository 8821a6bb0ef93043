"""The inputs of the SNAP checks: the snapshot file, who reads it, and the tables that are not Directus's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from migration_audit.artifacts.directus.snapshot import read_directus_snapshot
from migration_audit.artifacts.directus.version import version_of_image, version_of_package
from migration_audit.artifacts.text import check_artifact_inside
from migration_audit.audit.facts.types import DirectusFacts
from migration_audit.audit.inputs.boot import load_post_sql
from migration_audit.directus.command_line import ApplyCall, answers, apply_call, ignored_tables
from migration_audit.model.directus import (
    ColumnChange,
    DirectusLive,
    DirectusRuntime,
    DirectusSnapshot,
    DirectusVersion,
    RawTable,
    TargetVersion,
)
from migration_audit.model.finding import Unavailable, or_unavailable
from migration_audit.model.identifiers import dotted
from migration_audit.model.image import Image, StartOutcome
from migration_audit.model.preflight import OriginMap
from migration_audit.model.relations import Constraint, Table
from migration_audit.model.snapshot import Snapshot
from migration_audit.project import Project, SnapshotSettings
from migration_audit.sources.post_objects import find_column_changes

NO_SNAPSHOT = Unavailable(reason="audit.toml has no [snapshot]", required=False)
_NO_BOOT = "audit.toml has no [boot], so DB_EXCLUDE_TABLES and --ignoreRules are not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Which Directus the deployment runs, and how it calls ``schema apply``."""

    target: TargetVersion
    runtime: DirectusRuntime


def deployment_of(
    project: Project,
    *,
    image: Image | Unavailable | None = None,
    run: StartOutcome | Unavailable | None = None,
    variables: Mapping[str, str] | Unavailable | None = None,
) -> Deployment | Unavailable:
    """What the files say of the deployment of ``[snapshot]``.

    ``image``, ``run`` (what the owner's service starts; None: what the image starts) and ``variables`` (the service's
    environment) come from ``[boot]``, and are None without it.
    """
    if project.snapshot is None:
        return NO_SNAPSHOT
    started = image.start if run is None and isinstance(image, Image) else run
    target = _target(project, project.snapshot, image)
    return Deployment(target=target, runtime=_runtime(started, variables, target.version))


def directus_inputs(
    project: Project,
    deployment: Deployment | Unavailable,
    *,
    owner: Snapshot | Unavailable,
    owner_origins: OriginMap,
    live: Snapshot | Unavailable,
    directus: DirectusLive | Unavailable,
) -> DirectusFacts:
    """What the SNAP checks ask for, by name; each the fact or the reason why it is missing. Raises no AuditError.

    ``owner`` is the snapshot of the owner's shadow and ``live`` the environment's; ``directus`` is what ``read_live`` read
    in addition to it.
    """
    if project.snapshot is None or isinstance(deployment, Unavailable):
        return {
            "directus_snapshot": NO_SNAPSHOT,
            "directus_target": NO_SNAPSHOT,
            "raw_tables": NO_SNAPSHOT,
            "directus_live": NO_SNAPSHOT,
            "directus_runtime": NO_SNAPSHOT,
            "post_changes": NO_SNAPSHOT,
        }
    if isinstance(directus, Unavailable):
        directus = DirectusLive(reason=directus.reason, role=directus_role(project))
    return {
        "directus_snapshot": _file(project.snapshot, project.directory),
        "directus_target": deployment.target,
        "raw_tables": _raw_tables(project, owner, owner_origins, live, deployment.runtime.search_path),
        "directus_live": directus,
        "directus_runtime": deployment.runtime,
        "post_changes": _post_changes(project),
    }


def raw_names(project: Project, owner: Snapshot | Unavailable) -> tuple[tuple[str, str], ...]:
    """Schema and name of each table that the owner's SQL makes, and of both ledgers."""
    tables = owner.of(Table) if isinstance(owner, Snapshot) and project.owner.command is None else ()
    made = [(table.schema, table.name) for table in tables]
    return tuple(dict.fromkeys([*made, *_ledgers(project)]))


def _ledgers(project: Project) -> list[tuple[str, str]]:
    return [(one.schema, one.table) for one in (project.legacy.ledger, project.owner.ledger) if one is not None]


def directus_role(project: Project) -> str | None:
    """The database role with which Directus connects."""
    return (project.snapshot.role if project.snapshot else None) or project.owner.role


def _file(settings: SnapshotSettings, directory: Path) -> DirectusSnapshot | Unavailable:
    def read() -> DirectusSnapshot:
        check_artifact_inside(settings.file, directory)
        return read_directus_snapshot(settings.file, shown=settings.shown)

    return or_unavailable(read)


def _target(project: Project, settings: SnapshotSettings, image: Image | Unavailable | None) -> TargetVersion:
    if settings.version is not None:
        version = DirectusVersion.parse(settings.version)
        return TargetVersion(version=version, named=f"[snapshot] version {settings.version}", where=str(settings.at))
    if image is None:
        why = "audit.toml has neither [snapshot] version nor [boot] dockerfile"
        return TargetVersion(version=None, named="audit.toml", where=str(settings.at), reason=why)
    if isinstance(image, Unavailable):
        return TargetVersion(version=None, named="the owner's image", reason=image.reason)
    first = image.stages[0].at if image.stages else None
    found = version_of_image(image.base, where=str(first) if first else f"{image.dockerfile}:1")
    if found is not None:
        return found
    folder = image.dockerfile.rpartition("/")[0]
    return version_of_package(project.directory / folder, shown=folder or ".")


def _raw_tables(
    project: Project,
    owner: Snapshot | Unavailable,
    origins: OriginMap,
    live: Snapshot | Unavailable,
    search_path: tuple[str, ...],
) -> tuple[RawTable, ...] | Unavailable:
    if isinstance(owner, Unavailable):
        return owner
    if project.owner.command is not None:
        why = "the owner is a command: it is not known which of its tables Directus manages and which raw SQL creates"
        return Unavailable(reason=why, required=False)
    ledgers = _ledgers(project)
    made: list[RawTable] = []
    for schema, name in raw_names(project, owner):
        key = dotted(schema, name)
        holder = owner if ("table", key) in owner.by_key else live
        origin = origins.get(("table", key))
        made.append(
            RawTable(
                schema=schema,
                name=name,
                key=key,
                is_ledger=(schema, name) in ledgers,
                visible=schema in search_path,
                single_key=_single_key(holder, key),
                columns=_columns(holder, key),
                where=str(origin) if origin else None,
            )
        )
    return tuple(made)


def _single_key(holder: Snapshot | Unavailable, key: str) -> bool | None:
    """Whether the table's primary key is one column; None where the table is not there."""
    if isinstance(holder, Unavailable) or ("table", key) not in holder.by_key:
        return None
    for constraint in holder.of(Constraint):
        if constraint.type == "primary key" and constraint.belongs_to == ("table", key):
            return _is_one_column(constraint.definition)
    return False


def _is_one_column(definition: str) -> bool:
    """``PRIMARY KEY (a)`` against ``PRIMARY KEY (a, b)``; a name in quotes may hold commas."""
    inside = definition[definition.index("(") + 1 :]
    bare = "".join(part for number, part in enumerate(inside.split('"')) if number % 2 == 0)
    return "," not in bare.partition(")")[0]


def _columns(holder: Snapshot | Unavailable, key: str) -> tuple[str, ...]:
    table = None if isinstance(holder, Unavailable) else holder.by_key.get(("table", key))
    return table.column_order if isinstance(table, Table) else ()


def _runtime(
    run: StartOutcome | Unavailable | None,
    variables: Mapping[str, str] | Unavailable | None,
    version: DirectusVersion | None,
) -> DirectusRuntime:
    reasons = [part.reason for part in (run, variables) if isinstance(part, Unavailable)]
    if run is None and variables is None:
        reasons.append(_NO_BOOT)
    known = variables if isinstance(variables, Mapping) else {}
    calls = _calls(run, version)
    return DirectusRuntime(
        search_path=_list(known.get("DB_SEARCH_PATH", "")) or ("public",),
        excluded=frozenset(_list(known.get("DB_EXCLUDE_TABLES", ""))),
        ignored=ignored_tables(calls),
        files=tuple(dict.fromkeys(call.path for call in calls if call.path)),
        asks=any(call.asks for call in calls),
        calls=tuple(call.words for call in calls),
        problem=next((call.problem for call in calls if call.problem), None),
        reason="; ".join(dict.fromkeys(reasons)) or None,
    )


def _calls(run: StartOutcome | Unavailable | None, version: DirectusVersion | None) -> list[ApplyCall]:
    found = []
    commands = run.commands if isinstance(run, StartOutcome) else ()
    for before, command in zip((None, *commands), commands, strict=False):
        call = apply_call(command.words, version)
        if call is not None:
            is_answered = before is not None and before.at == command.at and answers(before.words)
            found.append(replace(call, asks=call.asks and not is_answered))
    return found


def _list(value: str) -> tuple[str, ...]:
    """Directus's lists: ``a,b``, also behind ``array:``. A space next to a comma is part of the name."""
    bare = value.removeprefix("array:").removeprefix("string:")
    return tuple(part for part in bare.split(",") if part)


def _post_changes(project: Project) -> tuple[ColumnChange, ...] | Unavailable:
    boot = project.boot
    if boot is None or not boot.post_sql:
        return Unavailable(reason="audit.toml has no [boot] post_sql", required=False)
    return or_unavailable(lambda: find_column_changes(load_post_sql(project, boot)))
