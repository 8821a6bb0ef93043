"""The first look at a database: which server it is, and what it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from migration_audit.catalog.queries import TIMESCALEDB_KINDS, load_query
from migration_audit.catalog.rows import instance_rows
from migration_audit.model.errors import DatabaseError, UsageError

OLDEST_POSTGRES = 150000


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The row of ``sql/features.sql``."""

    database: str
    postgres_version: str
    postgres_number: int
    read_as: str
    in_recovery: bool
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
    if features.postgres_number < OLDEST_POSTGRES:
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
