"""The queries: one file for each kind, whose output columns are the fields of that kind's class."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from migration_audit.model.objects import CatalogObject
from migration_audit.model.relations import Column, Constraint, Index, MaterializedView, Sequence, Table, View
from migration_audit.model.routines import Extension, Policy, Routine, Schema, Trigger, UserType
from migration_audit.model.timescale import Dimension, Hypertable

KINDS: Final[dict[str, type[CatalogObject]]] = {
    "extensions": Extension,
    "schemas": Schema,
    "types": UserType,
    "functions": Routine,
    "tables": Table,
    "columns": Column,
    "sequences": Sequence,
    "indexes": Index,
    "constraints": Constraint,
    "views": View,
    "materialized_views": MaterializedView,
    "triggers": Trigger,
    "policies": Policy,
}
"""The file of each kind, without its suffix."""

TIMESCALEDB_KINDS: Final[dict[str, type[CatalogObject]]] = {"hypertables": Hypertable, "dimensions": Dimension}
"""The same for what only a database with TimescaleDB has."""


@cache
def load_query(name: str) -> bytes:
    """The text of ``sql/<name>.sql``, as psql would run it."""
    return (files(__package__) / "sql" / f"{name}.sql").read_bytes()
