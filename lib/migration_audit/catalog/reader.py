"""Reads a database's catalog at one instant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from migration_audit.catalog.connection import (
    READINGS,
    STATEMENT_TIMEOUT_MS,
    attempt,
    begin_reading,
    sent_at_once,
    with_connection,
)
from migration_audit.catalog.features import Features, read_chunks, read_features, read_jobs
from migration_audit.catalog.queries import CLUSTER_KINDS, KINDS, TIMESCALEDB_KINDS, load_query
from migration_audit.catalog.rows import RowId, TakenObjects, VanishedError, instance_rows, odd_bytes_error, take_objects
from migration_audit.catalog.second_connection import (
    Cursors,
    Instant,
    Statements,
    export_instant,
    may_use_second,
    read_on_second,
)
from migration_audit.catalog.server_errors import ODD_BYTES, VANISHED, database_error
from migration_audit.model.bulk import many_objects
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import DatabaseError
from migration_audit.model.objects import CatalogObject
from migration_audit.model.redaction import SALT
from migration_audit.model.snapshot import HypertableChunks, NotRead, RolesRead, ServerIdentity, Snapshot, Unmodelled
from migration_audit.model.timescale_jobs import Job, JobStatus

_SET = """
select pg_catalog.set_config('migration_audit.salt', %s, true),
       pg_catalog.set_config('migration_audit.roles', %s, true),
       pg_catalog.set_config('migration_audit.assumed_roles', %s::pg_catalog.text[]::pg_catalog.text, true)
"""

_ON_SECOND = ("constraints", "indexes")
"""What a second connection reads: half of the server's work."""

RowT = TypeVar("RowT")


@dataclass(frozen=True)
class CatalogReading:
    """A snapshot, and which catalog row each of its objects came from."""

    snapshot: Snapshot
    origins: tuple[str, ...]
    """``xmin,cmin`` of each object."""

    @property
    def rows(self) -> Mapping[tuple[str, str], RowId]:
        """``(kind, key)`` to ``(xmin, cmin)``: which statement made an object, if each ran in its own transaction."""
        pairs = (origin.split(",") for origin in self.origins)
        return {
            (obj.kind, obj.key): (int(xmin), int(cmin))
            for obj, (xmin, cmin) in zip(self.snapshot.objects, pairs, strict=True)
        }


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to be read in addition to the database."""

    roles: RolesRead
    assumed_roles: tuple[str, ...]
    second: str | None = None
    """The connection string for a second connection, which a large catalog may be read with."""


def read_snapshot(
    conninfo_or_connection: str | psycopg.Connection[Any],
    *,
    roles: RolesRead = RolesRead.NONE,
    assumed_roles: Iterable[str] = (),
    is_shared: bool = False,
) -> CatalogReading:
    """The catalog of a database at one instant, read by whatever role; CONNECT is all that it needs.

    ``roles`` asks for what lives outside of the database too: roles, their members and settings, privileges on parameters,
    and says whose they are (see ``RolesRead``). ``assumed_roles`` were made for the SQL and not by it: one of them is an
    object only when the SQL has altered it. ``is_shared``: two connections of a connection string may share the work, where
    the catalog is large; they see the same instant.

    A connection that is given stays open, in the transaction in which the catalog was read. When an object is dropped
    by others while it is read, all is read again, three times at most. Raises DatabaseError when the server cannot
    be reached or read, UsageError for a connection whose transaction could write.
    """
    wish = _Wish(roles, tuple(assumed_roles))
    if isinstance(conninfo_or_connection, str):
        wish = replace(wish, second=conninfo_or_connection if is_shared else None)
        return with_connection(conninfo_or_connection, lambda connection: _read_again_if_dropped(connection, wish))
    if conninfo_or_connection.info.transaction_status is TransactionStatus.IDLE:
        return _read_again_if_dropped(conninfo_or_connection, wish)
    try:
        with _server_errors(conninfo_or_connection):
            return _read(conninfo_or_connection, wish)
    except VanishedError as vanished:
        raise _changing(conninfo_or_connection, vanished) from None


def _read_again_if_dropped(connection: psycopg.Connection[Any], wish: _Wish) -> CatalogReading:
    """Read in transactions of our own, until nothing vanishes on the way."""
    for number in range(1, READINGS + 1):
        try:
            with _server_errors(connection):
                begin_reading(connection)
                return _read(connection, wish)
        except VanishedError as vanished:
            _end_transaction(connection)
            if number == READINGS:
                raise _changing(connection, vanished) from None
    raise AssertionError("unreachable")


def _changing(connection: psycopg.Connection[Any], vanished: VanishedError) -> DatabaseError:
    """Why the catalog could not be read in several attempts: it is damaged, or it changes all the time."""
    damage: list[str] = []
    with suppress(psycopg.Error):  # what is damaged, or still changes, may be in the way of this as well
        begin_reading(connection)
        damage = _taken_lines(_ask_for_damage(connection, read_features(connection)))
    _end_transaction(connection)
    if damage:
        return _damaged(connection, damage)
    name = connection.info.dbname if not connection.closed else None
    todo = "DDL was running, or the catalog is damaged; try again while no DDL is running"
    return DatabaseError(f"the catalog changed while it was read: {vanished}", where=name, todo=todo)


@contextmanager
def _server_errors(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Errors of the server as ours, with the transaction ended; those of a concurrent drop as VanishedError."""
    try:
        yield
    except VANISHED as error:
        _end_transaction(connection)
        raise VanishedError(error.diag.message_primary) from error
    except ODD_BYTES as error:
        settings = [SALT, RolesRead.SHARED.value, []]
        raise odd_bytes_error(connection, [*CLUSTER_KINDS, *KINDS], before=(_SET, settings)) from error
    except psycopg.Error as error:
        failed = database_error(error, connection)
        _end_transaction(connection)
        raise failed from error


def _end_transaction(connection: psycopg.Connection[Any]) -> None:
    """Roll back where the connection still can; one that the server has ended without our knowing says so later."""
    if not connection.closed:
        with suppress(psycopg.Error):
            connection.rollback()


@many_objects()
def _read(connection: psycopg.Connection[Any], wish: _Wish) -> CatalogReading:
    features = read_features(connection)
    limits: list[str] = []
    instant: Instant | None = None
    if wish.second is not None and may_use_second(connection, features):
        instant, features = _shared_instant(connection, features)
    system_identifier = _read_system_identifier(connection, features, limits)
    objects, origins, unmodelled = _read_objects(connection, features, wish, instant)
    chunks: tuple[HypertableChunks, ...] | NotRead = ()
    jobs: tuple[JobStatus, ...] | NotRead = ()
    if features.has_timescaledb:
        chunks = read_chunks(connection, features)
        jobs = read_jobs(connection)
    snapshot = Snapshot(
        server=_identity(features, system_identifier),
        objects=objects,
        unmodelled=tuple(sorted(unmodelled, key=lambda one: (one.kind, one.identity))),
        chunks=chunks,
        jobs=jobs,
        limits=(*limits, *(_limit(part) for part in (chunks, jobs) if isinstance(part, NotRead))),
        roles=wish.roles,
        assumed_roles=wish.assumed_roles,
    )
    return CatalogReading(snapshot, origins)


def _shared_instant(connection: psycopg.Connection[Any], features: Features) -> tuple[Instant | None, Features]:
    """What a second connection is to see; where the server refuses it, none, and what a transaction of its own sees."""
    try:
        return export_instant(connection), features
    except psycopg.errors.DatabaseError:
        if connection.info.transaction_status is not TransactionStatus.INERROR:
            raise
        connection.rollback()
        begin_reading(connection)
        return None, read_features(connection)


def _limit(part: NotRead) -> str:
    return f"{part.reason[0].upper()}{part.reason[1:]}."


def _read_objects(
    connection: psycopg.Connection[Any], features: Features, wish: _Wish, instant: Instant | None
) -> tuple[tuple[CatalogObject, ...], tuple[str, ...], list[Unmodelled]]:
    """All kinds in two round trips: while the rows of the most numerous are converted, the server reads the others."""
    kinds = KINDS | {kind: TIMESCALEDB_KINDS[kind] for kind in features.timescaledb_kinds}
    if wish.roles is not RolesRead.NONE:
        kinds |= CLUSTER_KINDS
    kinds = {kind: cls for kind, cls in kinds.items() if kind not in features.absent_kinds}
    names = ["unmodelled", "unmodelled_timescaledb"] if features.has_timescaledb else ["unmodelled"]
    before: Statements = [(_SET, [SALT, wish.roles.value, list(wish.assumed_roles)])]
    if features.has_timescaledb:
        before.append((load_query("hidden_relations"), None))
    keep: dict[str, str] = {}

    def ask(name: str) -> psycopg.Cursor[Any]:
        return connection.execute(load_query(features.query_of(name)))

    def take(name: str, cursor: psycopg.Cursor[Any]) -> TakenObjects:
        with cursor:
            return take_objects(cursor, kinds[name], keep)

    with _second_reading(connection, wish, instant, before) as from_second, sent_at_once(connection) as sync:
        for statement, values in before:
            connection.execute(statement, values)
        columns = ask("columns")
        sync()
        others = {name: ask(name) for name in kinds if name != "columns" and (instant is None or name not in _ON_SECOND)}
        unmodelled = [connection.cursor(row_factory=instance_rows(Unmodelled)).execute(load_query(name)) for name in names]
        damage = _ask_for_damage(connection, features)
        found = [take("columns", columns)]
        sync()
        found += [take(name, cursor) for name, cursor in others.items()]
        if lines := _taken_lines(damage):
            raise _damaged(connection, lines)
        there = from_second()
        if there is None:
            there = {name: ask(name) for name in _ON_SECOND}
            sync()
        found += [take(name, cursor) for name, cursor in there.items()]
        return *_in_order(found), [one for cursor in unmodelled for one in _taken(cursor)]


def _second_reading(
    connection: psycopg.Connection[Any], wish: _Wish, instant: Instant | None, before: Statements
) -> AbstractContextManager[Callable[[], Cursors | None]]:
    if wish.second is None or instant is None:
        return nullcontext(dict)
    limit_ms = getattr(connection, "limit_ms", None) or STATEMENT_TIMEOUT_MS
    return read_on_second(wish.second, instant, before, {name: load_query(name) for name in _ON_SECOND}, limit_ms=limit_ms)


def _in_order(found: list[TakenObjects]) -> tuple[tuple[CatalogObject, ...], tuple[str, ...]]:
    """The objects by kind and key, and their origins; without unaltered jobs that TimescaleDB created."""
    objects: list[CatalogObject] = []
    origins: list[str] = []
    for taken in sorted(found, key=lambda each: each.kind):
        some = taken.objects
        keys = [obj.key for obj in some]
        places = sorted(range(len(some)), key=keys.__getitem__)
        if taken.kind == Job.kind:
            places = [place for place in places if not _is_unaltered(some[place])]
        objects.extend(map(some.__getitem__, places))
        origins.extend(map(taken.origins.__getitem__, places))
    return tuple(objects), tuple(origins)


def _is_unaltered(obj: CatalogObject) -> bool:
    return isinstance(obj, Job) and obj == obj.unaltered


def _ask_for_damage(connection: psycopg.Connection[Any], features: Features) -> list[psycopg.Cursor[tuple[str]]]:
    names = ["damage", "damage_timescaledb"] if features.has_timescaledb else ["damage"]
    return [connection.execute(load_query(name)) for name in names]


def _taken_lines(cursors: list[psycopg.Cursor[tuple[str]]]) -> list[str]:
    return [line for cursor in cursors for (line,) in _taken(cursor)]


def _damaged(connection: psycopg.Connection[Any], lines: list[str]) -> DatabaseError:
    return DatabaseError(
        f"the catalog is damaged: {some_of(lines)}",
        where=connection.info.dbname,
        todo="first restore what is lost, or remove the row; the audit cannot see what else is lost",
    )


def _taken(cursor: psycopg.Cursor[RowT]) -> list[RowT]:
    """All rows, with the memory of the result given back."""
    rows = cursor.fetchall()
    cursor.close()
    return rows


def _read_system_identifier(connection: psycopg.Connection[Any], features: Features, limits: list[str]) -> str | None:
    """The number that initdb gave the server; None, and a limit, where the role or the platform denies it."""
    if features.may_read_system_identifier:
        try:
            with attempt(connection):  # some platforms offer the function and then refuse
                found = connection.execute("select system_identifier::text from pg_catalog.pg_control_system()")
            row = found.fetchone()
            return str(row[0]) if row else None
        except psycopg.errors.DatabaseError as error:
            if connection.info.transaction_status is not TransactionStatus.INTRANS:
                raise
            reason = error.diag.message_primary
    else:
        reason = f"role {features.read_as} may not execute pg_control_system()"
    limits.append(f"The server's system identifier cannot be read: {reason}.")
    return None


def _identity(features: Features, system_identifier: str | None) -> ServerIdentity:
    return ServerIdentity(
        database=features.database,
        system_identifier=system_identifier,
        postgres_version=features.postgres_version,
        extension_versions=features.extension_versions,
        timescaledb_license=features.timescaledb_license if features.has_timescaledb else None,
        read_as=features.read_as,
        in_recovery=features.in_recovery,
        started_at=features.started_at,
    )
