"""The first look at a database: which server it is, what it has, and what TimescaleDB made of its settings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from migration_audit.catalog.connection import attempt
from migration_audit.catalog.queries import TIMESCALEDB_KINDS, load_query
from migration_audit.catalog.rows import instance_rows
from migration_audit.model.errors import DatabaseError, UsageError
from migration_audit.model.identifiers import dotted
from migration_audit.model.snapshot import HypertableChunks, NotRead
from migration_audit.model.timescale_jobs import JobStatus

_OLDEST_POSTGRES = 150000


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The row of ``sql/features.sql``."""

    database: str
    postgres_version: str
    postgres_number: int
    read_as: str
    in_recovery: bool
    started_at: str
    is_read_only: bool
    is_one_instant: bool
    may_read_system_identifier: bool
    is_large: bool
    """The catalog has some thousand tables: a second connection is worth its while."""
    extension_versions: tuple[tuple[str, str], ...]
    has_timescaledb: bool
    timescaledb_license: str | None
    has_chunk_skipping: bool
    """TimescaleDB 2.16 and later."""
    has_slice_per_chunk: bool
    """TimescaleDB 2.28 and later."""
    has_jobs_in_catalog: bool
    """TimescaleDB 2.25 and later."""
    has_granular_refresh: bool
    """TimescaleDB 2.29 and later."""
    absent_kinds: tuple[str, ...]
    """Kinds of which the catalog has no row: to plan their queries is a third of the server's work for a small database."""

    def query_of(self, kind: str) -> str:
        """The file that reads this kind on this version; the kind itself where every version has the same."""
        return "jobs.in_config" if kind == "jobs" and not self.has_jobs_in_catalog else kind

    @property
    def timescaledb_kinds(self) -> tuple[str, ...]:
        """Those of TimescaleDB's kinds that this database can have; none without the extension."""
        if not self.has_timescaledb:
            return ()
        return tuple(kind for kind in TIMESCALEDB_KINDS if kind != "granular_refresh" or self.has_granular_refresh)


def read_features(connection: psycopg.Connection[Any]) -> Features:
    """What the database has.

    Raises UsageError for a transaction that could write or see two instants, DatabaseError for a server that is too old.
    """
    with connection.cursor(row_factory=instance_rows(Features)) as cursor:
        features = cursor.execute(load_query("features")).fetchone()
    assert features is not None  # noqa: S101  # a query without FROM has one row
    if not (features.is_read_only and features.is_one_instant):
        raise UsageError(
            "a catalog must be read in a read-only transaction with "
            "a single snapshot (REPEATABLE READ), but this one is not",
            where=features.database,
            todo="pass a connection of open_connection(), or one outside of a transaction",
        )
    _refuse_old_server(features)
    return features


def _refuse_old_server(features: Features) -> None:
    if features.postgres_number < _OLDEST_POSTGRES:
        raise DatabaseError(
            f"the server is PostgreSQL {features.postgres_version}; the audit supports 15 and later",
            where=features.database,
        )
    if features.has_timescaledb and not features.has_chunk_skipping:
        version = dict(features.extension_versions)["timescaledb"]
        raise DatabaseError(
            f"the server has TimescaleDB {version}; the audit supports 2.16 and later",
            where=features.database,
            todo="ALTER EXTENSION timescaledb UPDATE, or audit the database without its hypertables elsewhere",
        )


def read_chunks(connection: psycopg.Connection[Any], features: Features) -> tuple[HypertableChunks, ...] | NotRead:
    """The chunks of each hypertable, by name; why they could not be read, where it takes too long or a role may not.

    They are many where a schema is small, so that they may not cost the snapshot.
    """
    name = "chunks" if features.has_slice_per_chunk else "chunks.shared_slices"
    try:
        with attempt(connection):
            found = connection.cursor(row_factory=instance_rows(HypertableChunks)).execute(load_query(name))
            indexes = connection.cursor(row_factory=instance_rows(_Index)).execute(load_query("chunk_indexes"))
            drifted = connection.execute(load_query("chunk_drift"))
        tables = found.fetchall()
        lacking: defaultdict[tuple[str, str], list[_Index]] = defaultdict(list)
        for index in indexes.fetchall():
            lacking[index.schema, index.table].append(index)
        others: defaultdict[tuple[str, str], list[tuple[str, int, str]]] = defaultdict(list)
        for schema, table, what, chunks, example in drifted.fetchall():
            others[schema, table].append((what, chunks, example))
    except psycopg.errors.DatabaseError as error:
        if connection.info.transaction_status is not TransactionStatus.INTRANS:
            raise
        return NotRead(f"the chunks of the hypertables could not be read: {error.diag.message_primary}")
    return tuple(_whole(one, lacking[one.schema, one.table], others[one.schema, one.table]) for one in tables)


def read_jobs(connection: psycopg.Connection[Any]) -> tuple[JobStatus, ...] | NotRead:
    """How each job goes, by number; why that could not be read, where it could not."""
    try:
        with attempt(connection):
            jobs = connection.cursor(row_factory=instance_rows(JobStatus)).execute(load_query("job_status"))
        return tuple(jobs.fetchall())
    except psycopg.errors.DatabaseError as error:
        if connection.info.transaction_status is not TransactionStatus.INTRANS:
            raise
        return NotRead(f"the statistics of jobs could not be read: {error.diag.message_primary}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """A row of ``sql/chunk_indexes.sql``."""

    schema: str
    table: str
    index: str
    is_unique: bool
    is_beyond: bool
    """Chunks have it, and the hypertable does not."""
    chunks: int
    example: str | None


def _whole(one: HypertableChunks, indexes: Sequence[_Index], others: Sequence[tuple[str, int, str]]) -> HypertableChunks:
    lacking = [index for index in indexes if not index.is_beyond]
    beyond = [index for index in indexes if index.is_beyond]
    extra = [(f"{'unique ' * each.is_unique}index {each.index}", each.chunks, each.example or "") for each in beyond]
    return replace(
        one,
        missing_indexes=tuple((dotted(each.schema, each.index), each.chunks) for each in lacking),
        missing_unique=tuple(dotted(each.schema, each.index) for each in lacking if each.is_unique),
        otherwise=(*extra, *others),
    )
