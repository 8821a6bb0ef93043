"""Throw-away databases: sources applied to them, and what was made there, read."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import psycopg

from migration_audit import catalog, driver, shadow
from migration_audit.audit.preflight.catalog_writes import catalog_writes_named
from migration_audit.audit.preflight.loading import Recorded, recorded_entries
from migration_audit.audit.preflight.rows import source_rows
from migration_audit.audit.preflight.watch import UndoneWatch
from migration_audit.model.command import AnySource
from migration_audit.model.errors import ServerError
from migration_audit.model.finding import Outcome, Unavailable
from migration_audit.model.outside import Outside
from migration_audit.model.preflight import OriginMap
from migration_audit.model.rows import SourceRows
from migration_audit.model.snapshot import RolesRead, Snapshot
from migration_audit.model.sql import Applied, SqlSource
from migration_audit.model.undone import SourceUndone
from migration_audit.shadow.apply import apply_sources
from migration_audit.shadow.witness import dump_schema, find_pg_dump

if TYPE_CHECKING:
    from migration_audit.model.directus_database import DirectusDatabase
    from migration_audit.project import LedgerSettings, Project

NO_SNAPSHOT: Final = Unavailable(reason="audit.toml has no [snapshot]", required=False)
_NOT_DUMPED = Unavailable(reason="the cross-check was not run", required=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """A throw-away database after a sequence of sources was applied to it."""

    applied: Applied
    snapshot: Snapshot | None
    """None when the SQL failed."""
    origins: OriginMap
    dump: str | Unavailable = _NOT_DUMPED
    """What the cross-check sees of it, where it was asked for."""
    undone: SourceUndone | None = None
    """What the sources create and take away again, where somebody looked on."""
    outside: tuple[Outside, ...] = ()
    """What the sources created or changed outside of their database."""
    recorded: Recorded = ()
    """What the runner recorded in its ledger, where a command brought the ledger along."""
    rows: SourceRows | None = None
    """What the sources leave in tables, likewise."""


def build_shadow(
    cluster: shadow.Cluster,
    database: str,
    sequence: Sequence[AnySource],
    *,
    dumped_by: shadow.ShadowServer | None = None,
    watched_as: str | None = None,
    ledger: LedgerSettings | None = None,
) -> tuple[Shadow, str]:
    """A fresh database with the sources applied to it, and its conninfo; see ``apply_to``."""
    conninfo = cluster.create_database(database)
    roles = roles_of(cluster)
    built = apply_to(conninfo, sequence, roles=roles, dumped_by=dumped_by, watched_as=watched_as, ledger=ledger)
    return built, conninfo


def roles_of(cluster: shadow.Cluster) -> RolesRead:
    """Roles are the SQL's own in a cluster that was made for it alone; in a shared one they cannot be distinguished."""
    return RolesRead.OWN if cluster.is_private else RolesRead.NONE


def apply_to(
    conninfo: str,
    sequence: Sequence[AnySource],
    *,
    roles: RolesRead,
    assumed_before: Sequence[str] = (),
    dumped_by: shadow.ShadowServer | None = None,
    watched_as: str | None = None,
    ledger: LedgerSettings | None = None,
) -> Shadow:
    """The database at ``conninfo`` after the sources were applied to it, read.

    ``assumed_before`` are roles that were taken for granted when something was applied to it earlier. ``dumped_by`` is its
    server, for a shadow that is dumped as well: at the same time, as both only read. ``watched_as`` is the role of the
    sources where it is to be seen what they take away again, and which rows they leave. ``ledger`` is that of a command,
    whose files do not show its entries. Raises AuditError, which names SQL that wrote the system catalog.
    """
    written = [one for source in sequence if isinstance(source, SqlSource) for s in source.statements for one in s.outside]
    with catalog_writes_named(written, where=" + ".join(source.name for source in sequence)):
        texts = [source for source in sequence if isinstance(source, SqlSource)]
        watch = UndoneWatch(watched_as, texts, conninfo) if watched_as and texts else None
        try:
            application = apply_sources(conninfo, sequence, watch=watch)
        finally:
            if watch:
                watch.close()
        undone = watch.found(application.trace) if watch else None
        if application.applied.failure:
            return Shadow(applied=application.applied, snapshot=None, origins={}, undone=undone, outside=application.outside)
        assumed = (*assumed_before, *application.applied.assumed_roles)
        dumps = [] if dumped_by is None else [partial(dump_of, dumped_by, conninfo)]
        with ThreadPoolExecutor(max_workers=1) as beside:
            dumping = [beside.submit(dump) for dump in dumps]
            reading = catalog.read_snapshot(conninfo, roles=roles, assumed_roles=assumed)
        located = {key: application.trace.locate(*row) for key, row in reading.rows.items()}
        origins = {key: location for key, location in located.items() if location is not None}
        dump = dumping[0].result() if dumping else _NOT_DUMPED
        rows = source_rows(conninfo, application.trace.locate) if watched_as else None
        return Shadow(
            applied=application.applied,
            snapshot=reading.snapshot,
            origins=origins,
            dump=dump,
            undone=undone,
            outside=application.outside,
            recorded=recorded_entries(conninfo, ledger) if ledger is not None else (),
            rows=rows,
        )


def owner_tables(project: Project, conninfo: str) -> DirectusDatabase | Unavailable:
    """The tables of a shadow that has the owner's SQL; not of a command, which may be Directus itself."""
    if project.snapshot is None:
        return NO_SNAPSHOT
    if project.owner.command is not None:
        return Unavailable(reason="the owner is a command: it is not known which tables raw SQL creates", required=False)
    try:
        with driver.connect(conninfo, autocommit=True, application_name="migration-audit") as connection:
            return catalog.read_directus_database(connection)
    except psycopg.Error as error:
        return Unavailable(reason=f"the owner's tables cannot be read: {error}", outcome=Outcome.ERRORED)


def dump_of(server: shadow.ShadowServer, conninfo: str) -> str | Unavailable:
    """What the cross-check sees of a shadow, or why it sees nothing."""
    try:
        return dump_schema(find_pg_dump(server), conninfo)
    except ServerError as error:
        # Two methods must agree before "covered" is said: with one alone it is not decided.
        todo = f" ({error.todo})" if error.todo else ""
        where = f"{error.where}: " if error.where else ""
        return Unavailable(reason=f"the cross-check is not available: {where}{error.what}{todo}")
