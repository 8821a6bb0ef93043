"""A step while it is made: with what decides its place among the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property

from migration_audit.model.drift import FieldChange
from migration_audit.model.identifiers import sql_name
from migration_audit.model.objects import CatalogObject, Key
from migration_audit.model.port import PortStep
from migration_audit.model.relations import Column, Constraint, Index, Sequence, Table
from migration_audit.model.snapshot import Snapshot

Pair = tuple[str, str]
Changes = Mapping[str, FieldChange]
"""What differs between two objects, by attribute."""

RECREATE = "it must be dropped and created again, with everything that depends on it"


class Rank(IntEnum):
    """The order of the steps, unless one needs another."""

    ROLE = 10
    SCHEMA = 20
    RENAME = 22
    EXTENSION = 25
    LANGUAGE = 28
    COLLATION = 30
    TYPE = 35
    SEQUENCE = 40
    ROUTINE = 45
    OPERATOR = 48
    SEARCH = 50
    SEARCH_CONFIGURATION = 51
    SERVER = 52
    TABLE = 60
    COLUMN = 62
    HYPERTABLE = 64
    DIMENSION = 65
    ATTRIBUTE = 68
    KEY = 70
    INDEX = 72
    ATTACH = 74
    ATTACH_INDEX = 75
    REFERENCE = 76
    VIEW = 78
    ON_VIEW = 79
    SETTING = 80
    OWNED_BY = 81
    TRIGGER = 82
    RULE = 83
    POLICY = 84
    STATISTICS = 85
    JOB = 86
    PUBLICATION = 88
    OWNER = 90
    DEFAULT_PRIVILEGES = 91
    PRIVILEGES = 92
    COMMENT = 94
    EVENT_TRIGGER = 96
    PERSON = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDraft:
    """A step, its rank, what it makes, and the text that says what it needs."""

    step: PortStep
    rank: Rank
    makes: Pair | None = None
    """``(schema, name)`` of what others may mention."""
    needs: str | None = None
    """The text that is searched for names; None for the step's SQL."""
    place: tuple[str, int] = ("", 0)
    """Among steps of the same rank: the table, and the place in it that its columns and dimensions keep."""
    is_all: bool = False
    """Whether no step for owner, privileges and comment follows, as a person creates the object or they are set already."""

    @property
    def needed_text(self) -> str:
        """Where the names of what it needs are."""
        return self.step.sql if self.needs is None else self.needs


Steps = Iterator[StepDraft]


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Both snapshots, as the makers of steps look things up."""

    expected: Snapshot
    actual: Snapshot

    @cached_property
    def missing(self) -> frozenset[Key]:
        """What the actual side lacks."""
        return frozenset(self.expected.by_key.keys() - self.actual.by_key.keys())

    @cached_property
    def columns(self) -> dict[str, tuple[Column, ...]]:
        """Of the expected side, by the key of their relation, in the relation's order."""
        found: dict[str, list[Column]] = {}
        for column in self.expected.of(Column):
            found.setdefault(column.belongs_to[1], []).append(column)
        return {table: tuple(self._in_order(columns, table)) for table, columns in found.items()}

    def _in_order(self, columns: list[Column], table: str) -> list[Column]:
        order = getattr(self.expected.by_key.get(("table", table)), "column_order", ())
        places = {column: place for place, column in enumerate(order)}
        return sorted(columns, key=lambda column: places.get(column.name, len(places)))

    @cached_property
    def owned(self) -> dict[str, Sequence]:
        """The sequences of the expected side by the column that owns them."""
        return {sequence.owned_by: sequence for sequence in self.expected.of(Sequence) if sequence.owned_by}

    @cached_property
    def parents(self) -> frozenset[str]:
        """Keys of the tables that others inherit from, on either side."""
        tables = (table for side in (self.expected, self.actual) for table in side.of(Table))
        return frozenset(parent for table in tables for parent in table.inherits)

    @cached_property
    def named_not_null(self) -> frozenset[Pair]:
        """Key of a table and definition of its NOT NULL constraints that have something to say (PostgreSQL 18)."""
        constraints = self.expected.of(Constraint)
        return frozenset((one.belongs_to[1], one.definition) for one in constraints if one.type == "not null")

    def is_new(self, table: str) -> bool:
        """Whether a relation of this key is made by the port."""
        kinds = ("table", "view", "materialized view", "continuous aggregate")
        return any((kind, table) in self.missing for kind in kinds)

    def has_parts(self, table: Table) -> bool:
        """Whether a constraint or an index of the expected side belongs to the table."""
        parts = (*self.expected.of(Constraint), *self.expected.of(Index))
        return any(part.belongs_to == (table.kind, table.key) for part in parts)

    def expected_table(self, key: Key) -> Table | None:
        """The expected side's table of this kind and key; None for a view, or a table that does not exist."""
        found = self.expected.by_key.get(key)
        return found if isinstance(found, Table) else None

    @property
    def applied_by(self) -> str:
        """The role that owns what the expected SQL gives no owner."""
        return self.expected.server.read_as

    def timescaledb(self, function: str, *arguments: str) -> str:
        """A statement that calls a function of TimescaleDB, with its schema where that is known."""
        extension = self.expected.by_key.get(("extension", "timescaledb"))
        schema = sql_name(str(getattr(extension, "schema", "public"))) + "." if self.expected.server.database else ""
        return f"SELECT {schema}{function}({', '.join(arguments)});"


def run(
    obj: CatalogObject,
    rank: Rank,
    sql: str,
    *,
    note: str | None = None,
    makes: Pair | None = None,
    needs: str | None = None,
    place: tuple[str, int] = ("", 0),
) -> StepDraft:
    """A step of SQL that runs."""
    step = PortStep(about=(obj.kind, obj.key), sql=sql, note=note)
    return StepDraft(step=step, rank=rank, makes=makes, needs=needs, place=place)


def ask(obj: CatalogObject, why: str, sql: str = "") -> StepDraft:
    """A step for a person."""
    return StepDraft(step=PortStep(about=(obj.kind, obj.key), sql=sql, for_person=why), rank=Rank.PERSON)


def ask_about(obj: CatalogObject, changes: Changes, why: str, *names: str, sql: str = "") -> StepDraft:
    """A step for a person, with what differs in these attributes; in all of them where none is named."""
    return ask(obj, f"{why}\n{differing(changes, *names)}", sql)


def leave(obj: CatalogObject, why: str, sql: str = "") -> StepDraft:
    """A step for a person who creates the object, with its owner, privileges and comment."""
    return replace(ask(obj, why, sql), is_all=True)


def differing(changes: Changes, *names: str) -> str:
    """What differs, in lines: ``type: expected integer; actual text``; values of several lines below each other."""
    return "\n".join(_difference(change) for change in changes.values() if not names or change.name in names)


def _difference(change: FieldChange) -> str:
    expected, actual = _value(change.expected), _value(change.actual)
    if "\n" in expected + actual:
        return f"{change.name}, expected:\n{expected}\n{change.name}, actual:\n{actual}"
    return f"{change.name}: expected {expected}; actual {actual}"


def _value(value: str | None) -> str:
    return "nothing" if value is None else (value or "(empty)")
