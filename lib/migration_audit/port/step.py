"""A step while it is made: with what decides its place among the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from migration_audit.model.drift import Difference
from migration_audit.model.identifiers import sql_name
from migration_audit.model.objects import CatalogObject, Key
from migration_audit.model.port import PortStep
from migration_audit.model.relations import Column, Constraint, Index, Sequence, Table
from migration_audit.model.snapshot import Snapshot

Pair = tuple[str, str]

RECREATE = "it must be dropped and created again, with everything that depends on it"


class Rank(IntEnum):
    """The order in which kinds come, where nothing says otherwise."""

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
    makes: frozenset[Pair] = frozenset()
    """``(schema, name)`` of what others may mention."""
    needs: str | None = None
    """The text that is searched for names; None for the step's SQL."""
    place: tuple[str, int] = ("", 0)
    """Among steps of the same rank: the table, and the place in it that its columns and dimensions keep."""

    @property
    def needed_text(self) -> str:
        """Where the names of what it needs are."""
        return self.step.sql if self.needs is None else self.needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Both snapshots, as the makers of steps look things up."""

    expected: Snapshot
    actual: Snapshot
    missing: frozenset[Key]
    columns: dict[str, tuple[Column, ...]] = field(default_factory=dict)
    """Of the expected side, by the key of their relation, in the relation's order."""
    owned: dict[str, Sequence] = field(default_factory=dict)
    """The sequences of the expected side by the column that owns them."""
    parents: frozenset[str] = frozenset()
    """Keys of the tables that others inherit from, on either side."""
    named_not_null: frozenset[Pair] = frozenset()
    """Key of a table and definition of its NOT NULL constraints that have something to say (PostgreSQL 18)."""

    def is_missing(self, kind: str, key: str) -> bool:
        """Whether the actual side lacks it."""
        return (kind, key) in self.missing

    def is_new(self, table: str) -> bool:
        """Whether a relation of this key is made by the port."""
        return any(self.is_missing(kind, table) for kind in ("table", "view", "materialized view", "continuous aggregate"))

    def have_parts(self, owners: set[Key]) -> bool:
        """Whether a constraint or an index of the expected side belongs to one of these."""
        parts = (*self.expected.of(Constraint), *self.expected.of(Index))
        return any(part.belongs_to in owners for part in parts)

    @property
    def applied_by(self) -> str:
        """The role that owns what the expected SQL gives no owner."""
        return self.expected.server.read_as

    @property
    def timescaledb(self) -> str:
        """The schema of TimescaleDB's functions, as SQL with its dot; nothing where it is not known."""
        extension = self.expected.by_key.get(("extension", "timescaledb"))
        return sql_name(str(getattr(extension, "schema", "public"))) + "." if self.expected.server.database else ""


def sides_of(expected: Snapshot, actual: Snapshot) -> Sides:
    """Both sides with what is looked up in them."""
    missing = frozenset(expected.by_key.keys() - actual.by_key.keys())
    columns: dict[str, list[Column]] = {}
    for column in expected.of(Column):
        columns.setdefault(column.belongs_to[1] if column.belongs_to else "", []).append(column)
    ordered = {table: tuple(_in_order(found, expected, table)) for table, found in columns.items()}
    owned = {sequence.owned_by: sequence for sequence in expected.of(Sequence) if sequence.owned_by}
    not_null = frozenset(
        (con.belongs_to[1], con.definition) for con in expected.of(Constraint) if con.type == "not null" and con.belongs_to
    )
    parents = frozenset(parent for side in (expected, actual) for table in side.of(Table) for parent in table.inherits)
    return Sides(
        expected=expected,
        actual=actual,
        missing=missing,
        columns=ordered,
        owned=owned,
        parents=parents,
        named_not_null=not_null,
    )


def _in_order(columns: list[Column], snapshot: Snapshot, table: str) -> list[Column]:
    order = getattr(snapshot.by_key.get(("table", table)), "column_order", ())
    places = {column: place for place, column in enumerate(order)}
    return sorted(columns, key=lambda column: places.get(column.name, len(places)))


def run(
    obj: CatalogObject,
    rank: Rank,
    sql: str,
    *,
    note: str | None = None,
    makes: frozenset[Pair] = frozenset(),
    needs: str | None = None,
    place: tuple[str, int] = ("", 0),
) -> StepDraft:
    """A step of SQL that runs."""
    step = PortStep(about=(obj.kind, obj.key), sql=sql, note=note)
    return StepDraft(step=step, rank=rank, makes=makes, needs=needs, place=place)


def ask(obj: CatalogObject, why: str, sql: str = "") -> StepDraft:
    """A step for a person."""
    return StepDraft(step=PortStep(about=(obj.kind, obj.key), sql=sql, for_person=why), rank=Rank.PERSON)


def differing(difference: Difference, *names: str) -> str:
    """What differs, in lines: ``type: expected integer, actual text``."""
    lines = [
        f"{change.name}: expected {_value(change.expected)}; actual {_value(change.actual)}"
        for change in difference.fields
        if not names or change.name in names
    ]
    return "\n".join(lines)


def _value(value: str | None) -> str:
    return "nothing" if value is None else (value or "(empty)")


Steps = Iterator[StepDraft]
