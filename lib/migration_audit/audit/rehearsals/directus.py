"""The rehearsal of Directus: the real version applies the snapshot file, boot by boot, to throw-away databases."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from migration_audit import catalog, driver, sources
from migration_audit.artifacts.text import check_artifact_inside
from migration_audit.audit.facts.pruning import database_without_texts
from migration_audit.audit.inputs.directus import Deployment, directus_role
from migration_audit.audit.preflight.loading import load
from migration_audit.audit.preflight.prelude import find_server_with_prelude
from migration_audit.audit.rehearsals.directus_database import build_structure, copy_rows, hand_over, unlike
from migration_audit.catalog.directus import (
    Migrations,
    altered_between,
    look,
    lost_between,
    made_between,
)
from migration_audit.directus.agreement import changes
from migration_audit.directus.apply import NO_CHANGES
from migration_audit.directus.boots import FRESH, with_tables
from migration_audit.directus.command_line import FILE
from migration_audit.model.directus import DirectusLive, DirectusRuntime, DirectusVersion
from migration_audit.model.directus_database import DirectusDatabase, DirectusRehearsal, RehearsedBoot
from migration_audit.model.errors import AuditError, ServerError
from migration_audit.model.finding import Outcome, Unavailable, first_unavailable
from migration_audit.model.progress import Progress
from migration_audit.model.routines import Extension
from migration_audit.model.snapshot import Snapshot
from migration_audit.project import Project, Rehearse, SnapshotSettings
from migration_audit.shadow.apply import apply_sources
from migration_audit.shadow.command import Target
from migration_audit.shadow.directus_program import Called, Program, call, call_environment, find_program, reported_version
from migration_audit.shadow.paths import runtime_dir, server_account

BOOTS: Final = 2
"""What the first boot hides, the second may show; the model goes one further."""
NOT_ASKED: Final = Unavailable(
    reason="audit.toml has no rehearse in [snapshot], so no real Directus was run", required=False
)
_ROLE: Final = "directus_of_rehearsal"
_SHOWN: Final = 2_000
"""Characters of the output of a boot that fails."""
_LARGEST: Final = 16 << 20
"""Bytes of a snapshot file."""


def rehearse_fresh(
    project: Project, deployment: Deployment | Unavailable, *, progress: Progress
) -> DirectusRehearsal | Unavailable:
    """The boots of a fresh database with the owner's SQL; raises no AuditError."""
    is_asked = project.snapshot is not None and project.snapshot.rehearse is not None
    if project.owner.command is not None and is_asked:
        why = "the owner is a command: its own boot is applied to a shadow already (SQL002)"
        return Unavailable(reason=why, required=False)
    return _or_reason(lambda: _rehearse(project, deployment, None, progress))


def rehearse_live(
    project: Project, deployment: Deployment | Unavailable, copy: EnvironmentCopy | Unavailable, *, progress: Progress
) -> DirectusRehearsal | Unavailable:
    """The next boots of an environment, on a copy of its structure; raises no AuditError."""
    return _or_reason(lambda: _rehearse(project, deployment, copy, progress))


def _or_reason(rehearse: Callable[[], DirectusRehearsal | Unavailable]) -> DirectusRehearsal | Unavailable:
    try:
        return rehearse()
    except (AuditError, psycopg.Error, OSError) as error:
        return Unavailable(reason=f"not rehearsed: {str(error).strip()}", outcome=Outcome.ERRORED)


def _rehearse(
    project: Project,
    deployment: Deployment | Unavailable,
    copy: EnvironmentCopy | Unavailable | None,
    progress: Progress,
) -> DirectusRehearsal | Unavailable:
    settings = project.snapshot
    if settings is None or settings.rehearse is None:
        return NOT_ASKED
    if isinstance(deployment, Unavailable):
        return deployment
    version = deployment.target.version
    why = _why_not(deployment)
    if why is not None or version is None:
        return Unavailable(reason=f"not rehearsed: {why}")
    if isinstance(copy, Unavailable):
        return copy
    program = find_program(settings, version, directory=str(project.directory), progress=progress)
    return _on_server(project, settings, deployment.runtime, program, version, copy, progress)


def _why_not(deployment: Deployment) -> str | None:
    """Why it is unknown what to call; None where it is known."""
    target, runtime = deployment.target, deployment.runtime
    if target.version is None:
        return (
            "the version of Directus to run is not known: "
            f"{target.reason or f'{target.named} does not name an exact release'}"
        )
    if runtime.asks:
        return "schema apply is called without --yes, and it is not known whether it gets an answer"
    if len(runtime.files) > 1:
        return f"the start applies {' and '.join(runtime.files)}, but [snapshot] file names one"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentCopy:
    """What a copy of an environment is made of: what was read of it, and what the owner's SQL alone makes."""

    name: str
    live: Snapshot
    directus: DirectusLive
    database: DirectusDatabase
    migrations: Migrations
    owner: Snapshot | None
    owner_tables: DirectusDatabase | None


def copy_of(
    name: str,
    *,
    live: Snapshot | Unavailable,
    directus: DirectusLive | Unavailable,
    migrations: Migrations | Unavailable,
    owner: Snapshot | Unavailable,
    owner_tables: DirectusDatabase | Unavailable,
) -> EnvironmentCopy | Unavailable:
    """The parts of a copy, or why something that it needs was not read."""
    if isinstance(live, Unavailable) or isinstance(directus, Unavailable) or isinstance(migrations, Unavailable):
        return first_unavailable(live, directus, migrations)
    if directus.database is None:
        return Unavailable(reason=f"not rehearsed: {directus.reason or 'what an apply would find was not read'}")
    return EnvironmentCopy(
        name=name,
        live=live,
        directus=directus,
        database=directus.database,
        migrations=migrations,
        owner=None if isinstance(owner, Unavailable) else owner,
        owner_tables=None if isinstance(owner_tables, Unavailable) else owner_tables,
    )


def _on_server(
    project: Project,
    settings: SnapshotSettings,
    runtime: DirectusRuntime,
    program: Program,
    version: DirectusVersion,
    copy: EnvironmentCopy | None,
    progress: Progress,
) -> DirectusRehearsal | Unavailable:
    owner = load(project, project.owner)
    needed = sources.needed_extensions(owner)
    if copy is not None:
        needed |= {"timescaledb", "postgis"} & {extension.name for extension in copy.live.of(Extension)}
    server = find_server_with_prelude(project, [needed], progress)
    name = copy.name if copy else FRESH
    progress(f"rehearsing {BOOTS} boots of Directus {version} on a copy of {name}")
    with server.cluster(tcp=True) as cluster, tempfile.TemporaryDirectory(dir=runtime_dir(server_account())) as folder:
        if not cluster.is_private:
            why = f"{server.provider}: roles would be created on a shared server"
            raise ServerError(f"a rehearsal needs its own server ({why})", todo="set MIGRATION_AUDIT_SERVER to another one")
        conninfo = cluster.create_database("directus")
        schemas = runtime.search_path
        check_artifact_inside(settings.file, project.directory)
        file = _copied(settings.file, Path(folder))
        wanted: DirectusDatabase | None = None
        missing: tuple[str, ...] = ()
        if copy is None:
            failure = apply_sources(conninfo, [owner]).applied.failure
            if failure is not None:
                return Unavailable(reason=f"not rehearsed: the owner's SQL does not apply: {failure.at}: {failure.message}")
        else:
            wanted, missing = _make(conninfo, copy)
        role = (copy.directus.role if copy else None) or directus_role(project)
        role = _ROLE if role is None or role == cluster.superuser else role
        password = secrets.token_urlsafe(24)
        hand_over(conninfo, role, password, wanted, schemas)
        with driver.connect(conninfo, autocommit=True) as connection:
            made = catalog.read_directus_database(connection, schemas=schemas, role=role)
        differing = unlike(wanted, made) if wanted is not None else ()
        found = conninfo_to_dict(conninfo)
        target = Target(str(found["host"]), str(found["port"]), role, password, str(found["dbname"]), "disable")
        stage = _Stage(program, target, file, conninfo, runtime)
        return stage.rehearsed(version, settings, unlike=_with_reasons(differing, missing))


def _make(conninfo: str, copy: EnvironmentCopy) -> tuple[DirectusDatabase, tuple[str, ...]]:
    """Structure and rows of Directus; what the throw-away database should then be, and what could not be made."""
    missing = build_structure(conninfo, copy.live, copy.owner if copy.owner_tables is not None else None)
    copy_rows(conninfo, copy.directus, copy.migrations)
    return with_tables(copy.database, copy.owner_tables), missing


def _with_reasons(differing: tuple[str, ...], missing: tuple[str, ...]) -> tuple[str, ...]:
    """What differs, and behind it what the server refused, by which a reader may know why."""
    return (*differing, *(f"not made: {each}" for each in missing)) if differing else ()


def _copied(file: Path, folder: Path) -> str:
    """The snapshot file where the account of commands can read it."""
    content = file.read_bytes()
    if len(content) > _LARGEST:
        raise AuditError("has more than 16 MiB", where=str(file), todo="Directus snapshots are smaller than that")
    folder.chmod(0o755)
    copy = folder / file.name
    copy.write_bytes(content)
    copy.chmod(0o644)
    return str(copy)


def _answered(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words with ``--yes`` where something in front of the call answers: ``yes | directus schema apply``."""
    confirms = any(word == "--yes" or (word.startswith("-") and not word.startswith("--") and "y" in word) for word in words)
    return words if confirms else ("--yes", *words)


class _Stage:
    """One throw-away database, and the Directus that works on it."""

    def __init__(self, program: Program, target: Target, file: str, conninfo: str, runtime: DirectusRuntime) -> None:
        self._program = program
        self._target = target
        self._file = file
        self._conninfo = conninfo
        self._runtime = runtime
        self._environment = call_environment(target, runtime)

    def rehearsed(
        self, version: DirectusVersion, settings: SnapshotSettings, *, unlike: tuple[str, ...]
    ) -> DirectusRehearsal:
        """Its bootstrap and the boots. Raises ServerError where bootstrap fails, or another version answers."""
        if settings.rehearse is not Rehearse.NPM:  # npm's package was asked for by its exact version
            self._check_version(version)
        done = self._call(("bootstrap",))
        if done.code:
            raise ServerError(
                f"`directus bootstrap` of {self._program.by} ends with exit code {done.code}: {done.message}",
                todo="it may fail on the copy alone, which has no rows: start this version on a real copy of the database",
            )
        calls = tuple(map(_answered, self._runtime.calls)) or (("--yes", FILE),)
        before = self._read()
        boots = [self._boot(calls) for _ in range(BOOTS)]
        notes = () if self._runtime.calls else ("no boot of audit.toml calls schema apply: it was called with --yes",)
        return DirectusRehearsal(
            version=str(version),
            by=self._program.by,
            calls=tuple(" ".join(("schema apply", *words)).replace(FILE, "FILE") for words in calls),
            before=before,
            boots=tuple(boots),
            unlike=unlike,
            notes=notes,
        )

    def _check_version(self, version: DirectusVersion) -> None:
        reported = reported_version(self._call(("--version",)))
        if reported != str(version):
            raise ServerError(
                f"{self._program.by} reports Directus {reported or 'of no version'}, but the owner's image runs {version}",
                todo="set [snapshot] rehearse to use that version",
            )

    def _call(self, arguments: tuple[str, ...]) -> Called:
        return call(self._program, arguments, file=self._file, target=self._target, environment=self._environment)

    def _read(self) -> DirectusDatabase:
        with driver.connect(self._conninfo, autocommit=True) as connection:
            found = catalog.read_directus_database(connection, schemas=self._runtime.search_path, role=self._target.user)
        return database_without_texts(found)

    def _boot(self, calls: tuple[tuple[str, ...], ...]) -> RehearsedBoot:
        seen, known = look(self._conninfo), self._read()
        done = Called(code=0, message=NO_CHANGES, output="")
        reported = []
        for words in calls:
            done = self._call(("schema", "apply", *words))
            reported.append(done.message)
            if done.code:
                break
        message = next((each for each in reported if each != NO_CHANGES), NO_CHANGES) if not done.code else done.message
        now, after = look(self._conninfo), self._read()
        return RehearsedBoot(
            code=done.code,
            message=message[:_SHOWN],
            output=done.output[-_SHOWN:] if done.code else "",
            lost=lost_between(seen, now),
            altered=altered_between(seen.snapshot, now.snapshot),
            made=made_between(seen.snapshot, now.snapshot),
            changes=changes(known, after),
        )
