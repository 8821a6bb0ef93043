"""Which parts of a dump a difference of ours explains.

A part that differs must be explained by a difference about the same object *and the same aspect*: a comment that differs
explains a comment, never a column. What is claimed:

- a missing or unexpected object explains its own part, its owner, comment and privileges (its columns, indexes and so on
  are differences of their own);
- a changed attribute explains the part that pg_dump writes it to (``_ASPECTS``), and where none is listed, the object's
  own definition;
- a changed column or constraint explains the same of tables that inherit it, because a dump says there only what is not
  inherited;
- an index that makes a constraint explains the constraint's text, since that is where pg_dump writes it;
- an identity column explains its sequence, and a hypertable the trigger that TimescaleDB puts on it;
- a kind that is not listed explains the part of its own class and name, and an object that is not modelled the parts of
  its class: it is reported by name, and nothing is called covered while it is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from migration_audit.compare.dump_parts import RELATION, ROUTINE, TYPE, Address
from migration_audit.model.access import DefaultPrivileges
from migration_audit.model.drift import Difference, DiffVerdict
from migration_audit.model.finding import Severity
from migration_audit.model.identifiers import dotted, leading_name, parts_of
from migration_audit.model.objects import CatalogObject, Key
from migration_audit.model.other_servers import Publication
from migration_audit.model.relations import Column, Constraint, Index, Sequence, Table
from migration_audit.model.snapshot import Snapshot
from migration_audit.model.timescale import Hypertable, HypertableTablespaces

_CLASS = {
    "table": "TABLE",
    "view": "VIEW",
    "materialized view": "MATERIALIZED VIEW",
    "sequence": "SEQUENCE",
    "function": ROUTINE,
    "aggregate": ROUTINE,
    "type": TYPE,
    "domain": TYPE,
    "statistics object": "STATISTICS",
    "extended statistics": "STATISTICS",
    "default privileges": "DEFAULT ACL",
    "default acl": "DEFAULT ACL",
    "publication relation": "PUBLICATION TABLE",
    "publication namespace": "PUBLICATION TABLES IN SCHEMA",
    "foreign server": "SERVER",
    "foreign-data wrapper": "FOREIGN DATA WRAPPER",
}
_COLUMN = (
    *("COLUMN", "COLUMN COLLATION", "COLUMN DEFAULT", "COLUMN NOT NULL", "COLUMN IDENTITY", "COLUMN STATISTICS"),
    *("COLUMN STORAGE", "COLUMN COMPRESSION", "COLUMN OPTIONS"),
)
_TABLE = (
    *("TABLE", "COLUMN ORDER", "TABLE OPTIONS", "TABLE INHERITS", "TABLE ATTACH", "PARTITION KEY", "ACCESS METHOD"),
    *("TABLESPACE", "ROW SECURITY", "FORCE ROW SECURITY", "REPLICA IDENTITY"),
)
_PLACE: Mapping[str, tuple[str, ...]] = {"access_method": ("ACCESS METHOD",), "tablespace": ("TABLESPACE",)}
_ASPECTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "table": {
        **_PLACE,
        "column_order": ("COLUMN ORDER",),
        "options": ("TABLE OPTIONS",),
        "partition_key": ("PARTITION KEY",),
        "relation": ("TABLE", "PARTITION KEY", "ACCESS METHOD", "TABLE OPTIONS"),
        "row_security": ("ROW SECURITY",),
        "force_row_security": ("FORCE ROW SECURITY",),
        "replica_identity": ("REPLICA IDENTITY",),
        "partition_bound": ("TABLE ATTACH",),
        "inherits": ("TABLE INHERITS", "TABLE ATTACH"),
    },
    "materialized view": _PLACE,
    "column": {
        "type": ("COLUMN", "COLUMN STORAGE"),  # the default of one type is written of another
        "collation": ("COLUMN COLLATION",),
        "default": ("COLUMN DEFAULT",),
        "generated": ("COLUMN DEFAULT",),
        "not_null": ("COLUMN NOT NULL",),
        "identity_kind": ("COLUMN IDENTITY",),
        "storage": ("COLUMN STORAGE",),
        "compression": ("COLUMN COMPRESSION",),
        "statistics": ("COLUMN STATISTICS",),
        "options": ("COLUMN OPTIONS",),
        "is_local": _COLUMN,
    },
    "index": {
        "attached_to": ("INDEX ATTACH",),
        "clustered": ("CLUSTER",),
        "statistics": ("INDEX STATISTICS",),
        "tablespace": ("TABLESPACE",),
        "valid": ("INDEX", "INDEX ATTACH", "INDEX STATISTICS", "COMMENT ON INDEX", "CLUSTER"),
    },
    "sequence": {"owned_by": ("SEQUENCE OWNED BY",)},
    "trigger": {"enabled": ("TRIGGER STATE",)},
    "rule": {"enabled": ("RULE STATE",)},
}
_ABOUT = {"owner": "OWNER OF", "comment": "COMMENT ON", "privileges": "ACL ON"}
_TYPE_PARTS = ("COMMENT ON DOMAIN CONSTRAINT", "COMMENT ON COLUMN")
_WITH_IT: Mapping[str, tuple[str, ...]] = {
    "table": _TABLE,
    "materialized view": ("ACCESS METHOD", "TABLESPACE"),
    "column": _COLUMN,
    "index": ("INDEX ATTACH", "INDEX STATISTICS", "CLUSTER", "REPLICA IDENTITY", "TABLESPACE"),
    "sequence": ("SEQUENCE OWNED BY",),
    "type": _TYPE_PARTS,
    "domain": _TYPE_PARTS,
    "trigger": ("TRIGGER STATE",),
    "rule": ("RULE STATE",),
    "publication": ("PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA"),
}
_SYSTEM_COLUMNS = ("tableoid", "cmax", "xmax", "cmin", "xmin", "ctid")
"""Their privileges are the table's: the system adds these columns to every table."""

_UNNAMED = frozenset({"CAST", "TRANSFORM", "USER MAPPING", "SECURITY LABEL", "EXTENSION DEPENDENCY"})
"""Classes whose entries a dump does not name as we do: one difference of ours explains any of the class."""

_NAME = {"operator": ("name",), "operator class": ("name",), "operator family": ("name",)}
"""The attributes that a dump names an object by, where they are not its identity."""


Place = tuple[str, str, str]
"""Schema, name, and the column, constraint or trigger of a table."""


_MISSING = Difference(verdict=DiffVerdict.MISSING, kind="", key="", severity=Severity.BLOCKER)


class Claims:
    """What each difference explains, given both catalogs (for what inherits, and which sequence serves a column)."""

    def __init__(self, *sides: Snapshot) -> None:
        """Take both catalogs."""
        self._heirs: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self._sequences: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self._columns: defaultdict[str, set[str]] = defaultdict(set)
        self._indexes: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self._parts: defaultdict[Key, list[CatalogObject]] = defaultdict(list)
        for side in sides:
            for obj in side.objects:
                if (owner := obj.belongs_to) and owner[0] != "schema":
                    self._parts[owner].append(obj)
            for index in side.of(Index):
                self._indexes[index.table].add((index.schema, index.name))
            for table in side.of(Table):
                self._columns[table.key].update(table.column_order)
                for parent in table.inherits:
                    self._heirs[parent].add((table.schema, table.name))
            for sequence in side.of(Sequence):
                if sequence.owned_by:
                    self._sequences[sequence.owned_by].add((sequence.schema, sequence.name))

    def of(self, difference: Difference) -> Iterator[Address]:
        """The parts of a dump that this difference explains."""
        if difference.verdict is DiffVerdict.RENAMED:
            for obj in filter(None, (difference.expected, difference.actual)):
                yield from self._whole(obj)
        else:
            yield from self._of_one(difference)

    def _whole(self, obj: CatalogObject) -> Iterator[Address]:
        """Everything that a dump has about an object, and about what belongs to it."""
        yield from self._of_one(replace(_MISSING, kind=obj.kind, key=obj.key, expected=obj))
        for part in self._parts.get((obj.kind, obj.key), ()):
            yield from self._whole(part)

    def _of_one(self, difference: Difference) -> Iterator[Address]:
        there = difference.present_object
        aspects = list(_aspects(difference))
        place = _named(there)
        for aspect in aspects:
            yield from _addresses(there, aspect, place)
        if class_of(there.kind) in _UNNAMED:
            yield from (Address(aspect, "", "*") for aspect in aspects)
        if there.kind == "changed privileges":
            *_, inside, name = ["", *leading_name(there.key.partition(" ")[2])[0][:2]]
            yield from (Address(f"ACL ON {kind}", inside, name) for kind in (RELATION, ROUTINE, TYPE, "LANGUAGE", "SCHEMA"))
            yield Address("ACL ON COLUMN", inside, name, "*")
        yield from self._with_it(difference, aspects)

    def _with_it(self, difference: Difference, aspects: list[str]) -> Iterator[Address]:
        match there := difference.present_object:
            case Column():
                yield from self._of_column(there, aspects)
            case Table():
                yield from self._of_table(there, difference, aspects)
            case Constraint():
                if difference.verdict is not DiffVerdict.CHANGED:  # the other side may have its index alone
                    yield from (Address(part, there.schema, there.name) for part in ("INDEX", *_WITH_IT["index"]))
                yield from self._of_constraint(there, aspects)
            case Index():
                yield from _of_index(there, aspects)
            case Hypertable():
                yield Address("TRIGGER", there.schema, there.table, "ts_insert_blocker")
            case HypertableTablespaces():  # the first one becomes the table's own
                yield Address("TABLESPACE", there.schema, there.table)
            case Publication():
                yield from _of_publication(difference)

    def _of_column(self, column: Column, aspects: list[str]) -> Iterator[Address]:
        if "COLUMN IDENTITY" in aspects:
            for where in self._sequences.get(column.key, ()):
                for part in ("SEQUENCE", "SEQUENCE OWNED BY", *(f"{about} {RELATION}" for about in _ABOUT.values())):
                    yield Address(part, *where)
        yield from self._inherited(dotted(column.schema, column.table), column.name, aspects)

    def _of_constraint(self, constraint: Constraint, aspects: list[str]) -> Iterator[Address]:
        table = dotted(constraint.schema, constraint.table)
        if constraint.type == "not null":
            column = constraint.not_null_column
            yield Address("COLUMN NOT NULL", constraint.schema, constraint.table, column)
            yield from self._inherited(table, column, ["COLUMN NOT NULL"])
        yield from self._inherited(table, constraint.name, aspects)

    def _of_table(self, table: Table, difference: Difference, aspects: list[str]) -> Iterator[Address]:
        if "ACL ON RELATION" in aspects:
            yield from (Address("ACL ON COLUMN", table.schema, table.name, name) for name in _SYSTEM_COLUMNS)
        if "TABLE ATTACH" in aspects:  # its indexes become part of the parent's with it
            yield from (Address("INDEX ATTACH", *where) for where in self._indexes.get(table.key, ()))
        if difference.verdict is not DiffVerdict.CHANGED or any(change.name == "of_type" for change in difference.fields):
            for name in table.column_order:  # a dump of a view, or of a typed table, lists none
                yield from (Address(part, table.schema, table.name, name) for part in _COLUMN)
        if isinstance(difference.expected, Table) and isinstance(difference.actual, Table):
            yield from self._of_parents(difference.expected, difference.actual)

    def _of_parents(self, expected: Table, actual: Table) -> Iterator[Address]:
        """A parent's attributes of a column are not written again, a partition's are; triggers come with partitions."""
        parents = set(expected.inherits) ^ set(actual.inherits)
        if bool(expected.partition_bound) is not bool(actual.partition_bound):
            parents |= set(expected.inherits)
            yield Address("TABLE INHERITS", actual.schema, actual.name)
        for name in {name for parent in parents for name in self._columns.get(parent, ())}:
            yield from (Address(part, actual.schema, actual.name, name) for part in _COLUMN)
        if parents:
            yield Address("TRIGGER", actual.schema, actual.name, "*")

    def _inherited(self, table: str, name: str, aspects: list[str]) -> Iterator[Address]:
        pending, seen = [table], {table}
        while pending:
            for schema, heir in self._heirs.get(pending.pop(), ()):
                if (key := dotted(schema, heir)) not in seen:
                    seen.add(key)
                    pending.append(key)
                    yield from (Address(aspect, schema, heir, name) for aspect in aspects if " ON " not in aspect)


def class_of(kind: str) -> str:
    """What a dump calls objects of this kind."""
    return _CLASS.get(kind, kind.upper())


def _named(obj: CatalogObject) -> Place:
    """How a dump names the object."""
    if isinstance(obj, DefaultPrivileges):
        return obj.schema or "", obj.role, obj.objects
    values = {name: str(getattr(obj, name)) for name in _NAME.get(obj.kind, obj.identity)}
    schema = str(getattr(obj, "schema", "")) if "schema" in obj.identity else ""
    values.pop("schema", None)
    if class_of(obj.kind) == ROUTINE:
        return schema, f"{values['name']}({values['arguments'] or ('*' if obj.kind == 'aggregate' else '')})", ""
    if {"table", "name"} <= values.keys():
        return schema, values["table"], values["name"]
    return schema, " ".join(values.values()), ""


def _aspects(difference: Difference) -> Iterator[str]:
    there = difference.present_object
    own = class_of(there.kind)
    about = RELATION if there.kind in {"table", "view", "materialized view", "sequence"} else own
    special = {name: f"{subject} {about}" for name, subject in _ABOUT.items()}
    if difference.verdict is not DiffVerdict.CHANGED:
        yield from (own, *_WITH_IT.get(there.kind, ()), *special.values())
        return
    for change in difference.fields:
        if own == TYPE and change.name == "comment":
            yield from _TYPE_PARTS  # comments on a domain's constraints and a composite type's columns are the type's
        if _is_called_otherwise(difference, change.name):
            yield from special.values()
        if isinstance(there, DefaultPrivileges):
            yield own
        if change.name in special:
            yield special[change.name]
        else:
            yield from _ASPECTS.get(there.kind, {}).get(change.name, (own,))


def _is_called_otherwise(difference: Difference, name: str) -> bool:
    """Whether a change of this attribute changes what statements about the object call it: ``TYPE t``, ``f(a integer)``."""
    if class_of(difference.present_object.kind) == ROUTINE and name == "definition":
        return _signature(difference.expected) != _signature(difference.actual)
    return name == "category"


def _signature(routine: CatalogObject | None) -> str:
    """What a dump names a routine by: its name and its arguments with their names and modes."""
    definition = getattr(routine, "definition", "")
    return definition[0] if isinstance(definition, tuple) else definition.partition("\n")[0]


def _addresses(obj: CatalogObject, aspect: str, place: Place) -> Iterator[Address]:
    schema, name, _ = place
    yield Address(aspect, *place)
    if aspect == "ACL ON SERVER":
        yield Address("ACL ON FOREIGN SERVER", schema, name)
    if class_of(obj.kind) == ROUTINE and " ON " in aspect:
        yield Address(aspect, schema, getattr(obj, "name", name))
    if aspect in _TYPE_PARTS and class_of(obj.kind) == TYPE:
        yield Address(aspect, schema, name, "*")


def _of_index(index: Index, aspects: list[str]) -> Iterator[Address]:
    table = parts_of(index.table)[-1]
    for aspect in aspects:
        if aspect in {"CLUSTER", "REPLICA IDENTITY"}:
            yield Address(aspect, index.schema, table)
        elif aspect == "INDEX" and index.constraint:
            yield Address("CONSTRAINT", index.schema, table, index.constraint)


def _of_publication(difference: Difference) -> Iterator[Address]:
    for side in (difference.expected, difference.actual):
        if isinstance(side, Publication):
            for schema in side.schemas:
                yield Address("PUBLICATION TABLES IN SCHEMA", schema, f"{side.name} {schema}")
