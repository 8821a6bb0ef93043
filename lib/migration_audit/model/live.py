"""What one live database holds besides its catalog: ledgers, and rows that prevent what the owner's SQL asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from migration_audit.model.drift import Difference, DiffVerdict, Drift
from migration_audit.model.identifiers import dotted
from migration_audit.model.objects import CatalogObject
from migration_audit.model.relations import Column, Constraint, Index, Table
from migration_audit.model.snapshot import Snapshot


class LedgerState(StrEnum):
    """What became of the attempt to read a ledger."""

    PRESENT = "present"
    """It was read."""
    ABSENT = "absent"
    """The database has no such table: the catalog says so, whatever the role's rights."""
    UNREADABLE = "unreadable"
    """It is there, and the role may not read it, or reading it failed."""
    OTHER_SHAPE = "other shape"
    """It is there, without the columns that it should have, or with rows that have no name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """One runner's ledger in one database."""

    table: str
    """As the project names it: ``schema.table``."""
    state: LedgerState
    columns: tuple[str, ...] = ()
    """The columns that are there, in their order."""
    names: tuple[str, ...] = ()
    """What the column of names holds, row by row."""
    rows: tuple[Mapping[str, str | None], ...] = ()
    """The columns that were read of each row, as text (``bytea`` as hex), in the ledger's own order."""
    reason: str | None = None
    """Why it could not be read, or is not as expected, in one sentence."""


class Demand(StrEnum):
    """What is asked of the rows."""

    UNIQUE = "unique"
    NOT_NULL = "not null"
    VALUE = "value"
    """A column that is missing, NOT NULL and without a default: a table with rows cannot get it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One object of the owner's schema that live rows could refuse."""

    kind: str
    key: str
    demand: Demand
    schema: str
    table: str
    column: str | None = None
    """Of NOT NULL: the column."""
    index: str | None = None
    """Of an index: ``pg_get_indexdef``."""
    constraint: str | None = None
    """Of a constraint: ``pg_get_constraintdef``."""
    only: bool = False
    """Other tables inherit from this one, and their rows do not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """What was counted for one wanted object; never the rows or keys themselves."""

    wanted: Wanted
    columns: str = ""
    """``device_id, ts``: what has to be unique, or not null."""
    keys: int | None = None
    """How many keys are duplicated, or how many rows lack a value; None where it could not be counted."""
    rows: int | None = None
    """How many rows have such keys."""
    is_least: bool = False
    """Not all rows were read: there may be more."""
    reason: str | None = None
    """Why it could not be counted."""
    listing: str | None = None
    """The query with which a person finds the rows."""


def wanted_in(drift: Drift, live: Snapshot) -> tuple[Wanted, ...]:
    """What of the expected side live rows could refuse, by kind and key; nothing of a table that is not there at all."""
    parents = {parent for table in live.of(Table) for parent in table.inherits}
    return tuple(
        wanted
        for difference in drift.differences
        if difference.expected is not None
        for wanted in _wanted(difference, difference.expected, live, parents)
    )


def _wanted(difference: Difference, expected: CatalogObject, live: Snapshot, parents: set[str]) -> Iterator[Wanted]:
    changed = {change.name for change in difference.fields}
    is_missing = difference.verdict is DiffVerdict.MISSING
    match expected:
        case Index(unique=True, constraint=None) if is_missing or changed & {"definition", "valid", "ready"}:
            table, more = expected.table, {"demand": Demand.UNIQUE, "index": expected.definition}
        case Constraint(type="primary key" | "unique") if is_missing or changed & {"definition", "type"}:
            more = {"demand": Demand.UNIQUE, "constraint": expected.definition}
            table = dotted(expected.schema, expected.table)
        case Column(not_null=True) if "not_null" in changed:
            table, more = dotted(expected.schema, expected.table), {"demand": Demand.NOT_NULL, "column": expected.name}
        case Column(not_null=True, default=None, generated=None, identity_kind=None) if is_missing:
            table, more = dotted(expected.schema, expected.table), {"demand": Demand.VALUE, "column": expected.name}
        case _:
            return
    there = live.by_key.get(("table", table))
    if isinstance(there, Table):
        only = there.relation == "table" and table in parents
        yield Wanted(kind=expected.kind, key=expected.key, schema=there.schema, table=there.name, only=only, **more)  # type: ignore[arg-type]
