"""``[[probe]]``, ``[rehearsal]`` and ``[[hypertable]]``: what the owner's schema must do and be, whatever its SQL says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from migration_audit.model.location import Location
from migration_audit.project import keys
from migration_audit.project.describe import items, setting
from migration_audit.project.locate import Found
from migration_audit.project.names import qualified_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A statement of the writer that must work on the owner's schema."""

    name: str = setting(keys.text("a short name, such as upsert"), example='"upsert"', required=True)
    sql: str = setting(
        keys.long_text("one SQL statement of the writer"),
        example="\"INSERT INTO public.users (id, name) VALUES (1, 'a') ON CONFLICT (id) DO NOTHING\"",
        convert=str.strip,
        required=True,
    )
    role: str | None = setting(keys.role(), "The role that runs it. Left out: the environment's writer.", example='"writer"')
    arbiter: str | None = setting(
        keys.qualified("a unique index as schema.index, such as public.positions_device_ts"),
        "The unique index that ON CONFLICT must use, schema first.",
        example='"public.users_pkey"',
        convert=qualified_key,
    )
    """Its key."""
    at: Location = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalSettings:
    """``[rehearsal]``: the SQL that gives the writer's role its rights when its statements are rehearsed."""

    grants: tuple[str, ...] = setting(
        keys.globs('a list of glob patterns relative to this file, such as ["platform/grants/*.sql"]'),
        "SQL that grants the role its rights, applied after the owner's. Without [rehearsal]: the rights that the owner's "
        "SQL gives the role, or else the fewest that the probes need.",
        example='["platform/grants/*.sql"]',
        required=True,
    )
    at: Location = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HypertablePin:
    """What one dimension of a hypertable must be, whatever the SQL of either source says."""

    table: str = setting(
        keys.qualified("a table as schema.table, such as public.positions"), convert=qualified_key, required=True
    )
    """Its key."""
    column: str = setting(keys.text("the column of the dimension"), required=True)
    chunk_interval: str | None = setting(
        keys.duration('an interval such as "1 day", or a whole number'),
        "By time: an interval; by integer: the number.",
        convert=str,
    )
    partitions: int | None = setting(keys.count("a whole number, at least 1"), "By hash: the number of partitions.")
    at: Location = field(compare=False)


def hypertable_problems(tables: Mapping[str, Any]) -> Iterator[Found]:
    """Dimensions that are cut in no way or in two."""
    for position, value in items(tables, "hypertable"):
        if ("chunk_interval" in value) == ("partitions" in value):
            both = "chunk_interval" in value
            what = f"has {'both chunk_interval and' if both else 'neither chunk_interval nor'} partitions"
            todo = (
                "expected exactly one: a dimension is partitioned by interval or by hash; write one [[hypertable]] for each"
            )
            yield ("hypertable", position), what, todo
