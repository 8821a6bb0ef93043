"""Throw-away databases: sources applied to them, and what was made there, read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import psycopg

from migration_audit import catalog, driver, shadow
from migration_audit.audit.preflight.loading import Recorded, recorded_entries
from migration_audit.audit.preflight.rows import source_rows
from migration_audit.audit.preflight.watch import UndoneWatch
from migration_audit.model.command import AnySource
from migration_audit.model.errors import AuditError, ServerError
from migration_audit.model.finding import Outcome, Unavailable
from migration_audit.model.preflight import OriginMap
from migration_audit.model.rows import SourceRows
from migration_audit.model.side_effects import Outside, OutsideKind, SourceUndone
from migration_audit.model.snapshot import RolesRead, Snapshot
from migration_audit.model.sql import Applied, SqlSource
from migration_audit.shadow.apply import MOST_NOTICES, apply_sources
from migration_audit.shadow.failures import server_error
from migration_audit.shadow.pg_dump import dump_schema, find_pg_dump

if TYPE_CHECKING:
    from migration_audit.model.directus_database import DirectusDatabase
    from migration_audit.project import LedgerSettings, Project


NO_SNAPSHOT: Final = Unavailable(reason="audit.toml has no [snapshot]", required=False)
_NOT_DUMPED = Unavailable(reason="the cross-check was not run", required=False)
_TODO = "change the catalog with DDL: rows written into it by hand have unknown effects"


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
    """What the sources create and take away again, where each statement was watched."""
    outside: tuple[Outside, ...] = ()
    """What the sources created or changed outside of their database."""
    recorded: Recorded = ()
    """What the runner recorded in its ledger, where a command brought the ledger along."""
    rows: SourceRows | None = None
    """What the sources leave in tables, likewise."""

    def catalog_of(self, sql: str) -> Snapshot | Unavailable:
        """The snapshot, or why ``sql``, as people call it, does not apply."""
        if self.snapshot is not None:
            return self.snapshot
        failure = self.applied.failure
        at = f": {failure.at}: {failure.message}" if failure else ""
        return Unavailable(reason=f"{sql} does not apply{at}", outcome=Outcome.ERRORED)


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

    ``assumed_before`` are roles that were created for SQL that was applied to it earlier. ``dumped_by`` is its
    server, for a shadow that is dumped as well: at the same time, as both only read. ``watched_as`` is the role of the
    sources where it is to be seen what they take away again, and which rows they leave. ``ledger`` is that of a command,
    whose files do not show its entries. Raises AuditError, which names SQL that wrote the system catalog.
    """
    written = [one for source in sequence if isinstance(source, SqlSource) for s in source.statements for one in s.outside]
    with catalog_writes_named(written, where=" + ".join(source.name for source in sequence)):
        texts = [source for source in sequence if isinstance(source, SqlSource)]
        watch = UndoneWatch(watched_as, texts, conninfo) if watched_as and texts else None
        try:
            application = apply_sources(conninfo, sequence, watch=watch, is_observed=watched_as is not None)
        finally:
            if watch:
                watch.close()
        undone = watch.found(application.trace) if watch else None
        if application.applied.failure:
            return Shadow(applied=application.applied, snapshot=None, origins={}, undone=undone, outside=application.outside)
        assumed = (*assumed_before, *application.applied.assumed_roles)
        with ThreadPoolExecutor(max_workers=1) as thread:
            dumping = thread.submit(_dump_of, dumped_by, conninfo) if dumped_by else None
            reading = catalog.read_snapshot(conninfo, roles=roles, assumed_roles=assumed)
        located = {key: application.trace.locate(*row) for key, row in reading.rows.items()}
        return Shadow(
            applied=application.applied,
            snapshot=reading.snapshot,
            origins={key: location for key, location in located.items() if location is not None},
            dump=dumping.result() if dumping else _NOT_DUMPED,
            undone=undone,
            outside=application.outside,
            recorded=recorded_entries(conninfo, ledger) if ledger is not None else (),
            rows=source_rows(conninfo, application.trace.locate) if watched_as else None,
        )


def followed(alone: Shadow, other: AnySource, built: Shadow | None = None) -> Shadow:
    """A source and then ``other``: ``built`` is what applying ``other`` to a copy of ``alone`` gave, None if that failed."""
    one, two = alone.applied, built.applied if built else Applied(sequence=())
    both = Applied(
        sequence=(*one.sequence, other.name),
        failure=one.failure or two.failure,
        assumed_roles=_joined(one.assumed_roles, two.assumed_roles),
        notices=_joined(one.notices, two.notices)[:MOST_NOTICES],
        notes=_joined(one.notes, two.notes),
        outputs=(*one.outputs, *two.outputs),
    )
    return replace(built, applied=both) if built else Shadow(applied=both, snapshot=None, origins={})


def _joined(one: tuple[str, ...], two: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *two)))


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


def _dump_of(server: shadow.ShadowServer, conninfo: str) -> str | Unavailable:
    """What the cross-check sees of a shadow, or why it sees nothing."""
    try:
        return dump_schema(find_pg_dump(server), conninfo)
    except ServerError as error:
        # "Covered" needs two methods that agree: with one alone it is not decided.
        todo = f" ({error.todo})" if error.todo else ""
        where = f"{error.where}: " if error.where else ""
        return Unavailable(reason=f"the cross-check is not available: {where}{error.what}{todo}")


@contextmanager
def catalog_writes_named(outside: Iterable[Outside], *, where: str) -> Iterator[None]:
    """Raises ServerError with the first of ``outside`` that wrote the catalog, where the block fails.

    Where none is known, an error that only a damaged catalog explains is reported for ``where``; any other is not changed.
    """
    try:
        yield
    except (AuditError, psycopg.Error) as error:
        failed = error
        if isinstance(failed, psycopg.Error):
            failed = server_error(failed, what="a query of the audit itself", where="a shadow")
        found = next((one for one in outside if one.kind is OutsideKind.CATALOG and one.within is None), None)
        if found is None and not _is_damage(error):
            if failed is error:
                raise
            raise failed from error
        what = f"{failed.where}: {failed.what}" if failed.where else failed.what
        if found is None:
            what = f"{what}; SQL that is put together at run time may have written the system catalog"
            raise ServerError(what, where=where, todo=_TODO) from error
        what = f"SQL wrote the system catalog directly ({found.what}), and then this failed: {what}"
        raise ServerError(what, where=str(found.at), todo=_TODO) from error


def _is_damage(error: BaseException | None) -> bool:
    """Whether it is what a server says of a catalog that is damaged, and never of a fresh one."""
    while error is not None:
        if isinstance(error, psycopg.errors.InternalError_) or "the catalog is damaged" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
