"""Catalog objects for unit tests: everything has a default, a test names only what it is about."""

from __future__ import annotations

from typing import Any

from migration_audit.model.objects import CatalogObject
from migration_audit.model.relations import Column, Constraint, Index, Sequence, Table, View
from migration_audit.model.routines import Extension, Routine, Schema, Trigger
from migration_audit.model.snapshot import ServerIdentity, Snapshot
from migration_audit.model.timescale import CompressionSettings, ContinuousAggregate, Dimension, Hypertable
from migration_audit.model.timescale_jobs import Job, JobStatus

SERVER = ServerIdentity(database="trm", system_identifier="7000000000000000001", postgres_version="17.5", read_as="postgres")


def snapshot(*objects: CatalogObject, **others: Any) -> Snapshot:
    """A snapshot of these objects, sorted as the reader sorts them."""
    ordered = tuple(sorted(objects, key=lambda o: (o.kind, o.key)))
    return Snapshot(**{"server": SERVER, "objects": ordered, **others})


def _made(cls: type[Any], defaults: dict[str, Any], given: dict[str, Any]) -> Any:
    return cls(**{**defaults, **given})


def table(name: str = "positions", **given: Any) -> Table:
    return _made(
        Table,
        {
            "schema": "public",
            "name": name,
            "relation": "table",
            "persistence": "permanent",
            "access_method": "heap",
            "tablespace": None,
            "options": (),
            "row_security": False,
            "force_row_security": False,
            "replica_identity": "default",
            "of_type": None,
            "inherits": (),
            "partition_key": None,
            "partition_bound": None,
            "server": None,
            "column_order": ("device_id", "ts"),
            "owner": "postgres",
            "privileges": (),
            "comment": None,
        },
        given,
    )


def column(name: str = "device_id", **given: Any) -> Column:
    return _made(
        Column,
        {
            "schema": "public",
            "table": "positions",
            "name": name,
            "type": "text",
            "not_null": True,
            "default": None,
            "generated": None,
            "identity_kind": None,
            "collation": None,
            "storage": "extended",
            "compression": None,
            "statistics": None,
            "options": (),
            "is_local": True,
            "privileges": (),
            "comment": None,
            "relation": "table",
        },
        given,
    )


def index(name: str = "positions_device_ts", columns: str = "(device_id, ts)", **given: Any) -> Index:
    unique = given.get("unique", True)
    head = "CREATE UNIQUE INDEX" if unique else "CREATE INDEX"
    on = given.get("table", "public.positions")
    return _made(
        Index,
        {
            "schema": "public",
            "name": name,
            "table": on,
            "definition": f"{head} {name} ON {on} USING btree {columns}",
            "signature": f"{head} ON {on} USING btree {columns}",
            "columns": columns,
            "unique": unique,
            "tablespace": None,
            "valid": True,
            "ready": True,
            "clustered": False,
            "statistics": (),
            "comment": None,
        },
        given,
    )


def constraint(name: str = "positions_pkey", **given: Any) -> Constraint:
    return _made(
        Constraint,
        {
            "schema": "public",
            "table": "positions",
            "name": name,
            "type": "primary key",
            "definition": "PRIMARY KEY (device_id, ts)",
            "deferrable": False,
            "deferred": False,
            "validated": True,
            "is_local": True,
            "comment": None,
        },
        given,
    )


def extension(name: str = "timescaledb", **given: Any) -> Extension:
    return _made(Extension, {"name": name, "schema": "public", "version": "2.19.3", "comment": None}, given)


def schema(name: str = "fleet", **given: Any) -> Schema:
    return _made(Schema, {"name": name, "owner": "postgres", "privileges": (), "comment": None}, given)


def routine(name: str = "touch", **given: Any) -> Routine:
    return _made(
        Routine,
        {
            "schema": "public",
            "name": name,
            "arguments": "",
            "definition": f"CREATE FUNCTION {name}()",
            "owner": "postgres",
            "privileges": (),
            "comment": None,
        },
        given,
    )


def sequence(name: str = "positions_id_seq", **given: Any) -> Sequence:
    return _made(
        Sequence,
        {
            "schema": "public",
            "name": name,
            "type": "bigint",
            "start": 1,
            "increment": 1,
            "minimum": 1,
            "maximum": 9,
            "cache": 1,
            "cycle": False,
            "persistence": "permanent",
            "owned_by": None,
            "owner": "postgres",
            "privileges": (),
            "comment": None,
        },
        given,
    )


def view(name: str = "latest", **given: Any) -> View:
    return _made(
        View,
        {
            "schema": "public",
            "name": name,
            "definition": " SELECT 1;",
            "options": (),
            "owner": "postgres",
            "privileges": (),
            "comment": None,
        },
        given,
    )


def trigger(name: str = "touch", **given: Any) -> Trigger:
    return _made(
        Trigger,
        {
            "schema": "public",
            "table": "positions",
            "name": name,
            "definition": "CREATE TRIGGER …",
            "enabled": "origin",
            "comment": None,
            "relation": "table",
        },
        given,
    )


def hypertable(**given: Any) -> Hypertable:
    return _made(
        Hypertable,
        {"schema": "public", "table": "positions", "dimensions": ("ts",), "associated_schema": None},
        given,
    )


def dimension(**given: Any) -> Dimension:
    return _made(
        Dimension,
        {
            "schema": "public",
            "table": "positions",
            "column": "ts",
            "column_type": "timestamp with time zone",
            "type": "time",
            "chunk_interval": "1 day",
            "partitions": None,
            "partitioning_function": None,
            "integer_now_function": None,
        },
        given,
    )


def compression(**given: Any) -> CompressionSettings:
    return _made(
        CompressionSettings,
        {
            "schema": "public",
            "table": "positions",
            "enabled": True,
            "direct_compress": False,
            "segment_by": "device_id",
            "order_by": "ts DESC",
            "compress_interval": None,
            "sparse_indexes": (),
        },
        given,
    )


def aggregate(**given: Any) -> ContinuousAggregate:
    return _made(
        ContinuousAggregate,
        {
            "schema": "public",
            "name": "hourly",
            "source": "public.positions",
            "definition": " SELECT 1",
            "columns": ("n bigint",),
            "materialized_only": True,
            "finalized": True,
            "granular_refresh": False,
            "chunk_interval": "10 days",
            "chunk_schema": None,
            "indexes": (),
            "owner": "postgres",
            "privileges": (),
            "comment": None,
        },
        given,
    )


def job(**given: Any) -> Job:
    return _made(
        Job,
        {
            "schema": "public",
            "table": "positions",
            "procedure": "_timescaledb_functions.policy_retention",
            "number": 1,
            "name": None,
            "schedule": "1 day",
            "fixed_schedule": False,
            "starts_at": None,
            "timezone": None,
            "config": ("drop_after=90 days",),
            "scheduled": True,
            "max_runtime": "00:05:00",
            "max_retries": -1,
            "retry_period": "00:05:00",
            "check_function": None,
            "owner": "postgres",
        },
        given,
    )


def job_status(**given: Any) -> JobStatus:
    return _made(
        JobStatus,
        {
            "job_id": 1000,
            "schema": "public",
            "table": "positions",
            "procedure": "_timescaledb_functions.policy_retention",
            "scheduled": True,
            "runs": 3,
            "failures": 0,
            "last_run_failed": False,
            "last_run": "2026-01-01T00:00:00Z",
            "next_run": "2026-01-02T00:00:00Z",
            "is_overdue": False,
        },
        given,
    )
