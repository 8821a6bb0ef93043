"""Catalog objects for unit tests: everything has a default, a test names only what it is about."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any, get_type_hints

from migration_audit.model.access import Role
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


def _made(cls: type[Any], given: dict[str, Any], **known: Any) -> Any:
    """An object with these fields; every other one has its default, or is False, an empty list or None."""
    hints = get_type_hints(cls)
    lacking = [field.name for field in fields(cls) if field.default is MISSING]
    empty = {name: () if "tuple" in str(hints[name]) else False if hints[name] is bool else None for name in lacking}
    return cls(**{**empty, **known, **given})


def table(name: str = "positions", **given: Any) -> Table:
    return _made(
        Table,
        given,
        schema="public",
        name=name,
        relation="table",
        persistence="permanent",
        access_method="heap",
        replica_identity="default",
        column_order=("device_id", "ts"),
        owner="postgres",
    )


def column(name: str = "device_id", **given: Any) -> Column:
    return _made(
        Column,
        given,
        schema="public",
        table="positions",
        name=name,
        type="text",
        not_null=True,
        storage="extended",
        is_local=True,
        relation="table",
    )


def index(name: str = "positions_device_ts", columns: str = "(device_id, ts)", **given: Any) -> Index:
    unique = given.get("unique", True)
    head = "CREATE UNIQUE INDEX" if unique else "CREATE INDEX"
    on = given.get("table", "public.positions")
    return _made(
        Index,
        given,
        schema="public",
        name=name,
        table=on,
        definition=f"{head} {name} ON {on} USING btree {columns}",
        signature=f"{head} ON {on} USING btree {columns}",
        columns=columns,
        unique=unique,
        valid=True,
        ready=True,
    )


def constraint(name: str = "positions_pkey", **given: Any) -> Constraint:
    return _made(
        Constraint,
        given,
        schema="public",
        table="positions",
        name=name,
        type="primary key",
        definition="PRIMARY KEY (device_id, ts)",
        validated=True,
        is_local=True,
    )


def extension(name: str = "timescaledb", **given: Any) -> Extension:
    return _made(Extension, given, name=name, schema="public", version="2.19.3")


def schema(name: str = "fleet", **given: Any) -> Schema:
    return _made(Schema, given, name=name, owner="postgres")


def routine(name: str = "touch", **given: Any) -> Routine:
    return _made(
        Routine, given, schema="public", name=name, arguments="", definition=f"CREATE FUNCTION {name}()", owner="postgres"
    )


def sequence(name: str = "positions_id_seq", **given: Any) -> Sequence:
    return _made(
        Sequence,
        given,
        schema="public",
        name=name,
        type="bigint",
        start=1,
        increment=1,
        minimum=1,
        maximum=9,
        cache=1,
        persistence="permanent",
        owner="postgres",
    )


def view(name: str = "latest", **given: Any) -> View:
    return _made(View, given, schema="public", name=name, definition=" SELECT 1;", owner="postgres")


def trigger(name: str = "touch", **given: Any) -> Trigger:
    return _made(
        Trigger,
        given,
        schema="public",
        table="positions",
        name=name,
        definition="CREATE TRIGGER …",
        enabled="origin",
        relation="table",
    )


def hypertable(**given: Any) -> Hypertable:
    return _made(Hypertable, given, schema="public", table="positions", dimensions=("ts",))


def dimension(**given: Any) -> Dimension:
    return _made(
        Dimension,
        given,
        schema="public",
        table="positions",
        column="ts",
        column_type="timestamp with time zone",
        type="time",
        chunk_interval="1 day",
    )


def compression(**given: Any) -> CompressionSettings:
    return _made(
        CompressionSettings,
        given,
        schema="public",
        table="positions",
        enabled=True,
        segment_by="device_id",
        order_by="ts DESC",
    )


def aggregate(**given: Any) -> ContinuousAggregate:
    return _made(
        ContinuousAggregate,
        given,
        schema="public",
        name="hourly",
        source="public.positions",
        definition=" SELECT 1",
        columns=("n bigint",),
        materialized_only=True,
        finalized=True,
        chunk_interval="10 days",
        owner="postgres",
    )


def job(**given: Any) -> Job:
    return _made(
        Job,
        given,
        schema="public",
        table="positions",
        procedure="_timescaledb_functions.policy_retention",
        number=1,
        schedule="1 day",
        config=("drop_after=90 days",),
        scheduled=True,
        max_runtime="00:05:00",
        max_retries=-1,
        retry_period="00:05:00",
        owner="postgres",
    )


def job_status(**given: Any) -> JobStatus:
    return _made(
        JobStatus,
        given,
        job_id=1000,
        schema="public",
        table="positions",
        procedure="_timescaledb_functions.policy_retention",
        scheduled=True,
        runs=3,
        failures=0,
        last_run="2026-01-01T00:00:00Z",
        next_run="2026-01-02T00:00:00Z",
    )


def role(name: str = "app", **given: Any) -> Role:
    return _made(Role, given, name=name)
