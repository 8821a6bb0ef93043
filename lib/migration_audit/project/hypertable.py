"""``[[hypertable]]``: what a dimension must be, whatever the SQL says."""

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
class HypertablePin:
    """What one dimension of a hypertable must be, whatever the SQL of either source says."""

    table: str = setting(
        keys.qualified("a table as schema.table, such as public.positions", required=True), convert=qualified_key
    )
    """Its key."""
    column: str = setting(keys.text("the column of the dimension", required=True))
    chunk_interval: str | None = setting(
        keys.duration('an interval such as "1 day", or a whole number'),
        "By time: an interval; by integer: the number.",
        convert=str,
    )
    partitions: int | None = setting(
        keys.integer(minimum=1, expected="a whole number, at least 1"), "By hash: the number of partitions.", default=None
    )
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
