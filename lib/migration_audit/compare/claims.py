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
  its class: it is told by name, and nothing is called covered while it is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from migration_audit.compare.dump_text import RELATION, ROUTINE, TYPE, Address, identifiers
from migration_audit.model.drift import Difference, DiffVerdict
from migration_audit.model.objects import CatalogObject, dotted
from migration_audit.model.relations import Column, Constraint, Index, Sequence, Table, View
from migration_audit.model.replication import Publication
from migration_audit.model.snapshot import Snapshot
from migration_audit.model.timescale import Hypertable, HypertableTablespaces

CLASS = {
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
_ASPECTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "table": {
        "column_order": ("COLUMN ORDER",),
        "row_security": ("ROW SECURITY",),
        "force_row_security": ("FORCE ROW SECURITY",),
        "replica_identity": ("REPLICA IDENTITY",),
        "partition_bound": ("TABLE ATTACH",),
        "inherits": ("TABLE", "TABLE ATTACH"),
    },
    "column": {
        "default": ("COLUMN", "COLUMN DEFAULT"),
        "generated": ("COLUMN", "COLUMN DEFAULT"),
        "identity_kind": ("COLUMN IDENTITY",),
        "storage": ("COLUMN SETTING",),
        "compression": ("COLUMN SETTING",),
        "statistics": ("COLUMN SETTING",),
        "options": ("COLUMN SETTING",),
        "is_local": ("COLUMN", "COLUMN DEFAULT", "COLUMN SETTING"),
    },
    "index": {
        "attached_to": ("INDEX ATTACH",),
        "clustered": ("CLUSTER",),
        "statistics": ("INDEX STATISTICS",),
        "valid": ("INDEX", "INDEX ATTACH", "INDEX STATISTICS", "COMMENT ON INDEX", "CLUSTER"),
    },
    "sequence": {"owned_by": ("SEQUENCE OWNED BY",)},
    "trigger": {"enabled": ("TRIGGER STATE",)},
    "rule": {"enabled": ("RULE STATE",)},
}
_ABOUT = ("OWNER OF", "COMMENT ON", "ACL ON")
_TYPE_PARTS = ("COMMENT ON DOMAIN CONSTRAINT", "COMMENT ON COLUMN")
_WITH_IT: Mapping[str, tuple[str, ...]] = {
    "table": (*_ASPECTS["table"], "TABLE ATTACH", "COLUMN ORDER", "ROW SECURITY", "FORCE ROW SECURITY", "REPLICA IDENTITY"),
    "column": ("COLUMN DEFAULT", "COLUMN SETTING", "COLUMN IDENTITY"),
    "index": ("INDEX ATTACH", "INDEX STATISTICS", "CLUSTER", "REPLICA IDENTITY"),
    "sequence": ("SEQUENCE OWNED BY",),
    "type": _TYPE_PARTS,
    "domain": _TYPE_PARTS,
    "trigger": ("TRIGGER STATE",),
    "rule": ("RULE STATE",),
    "publication": ("PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA"),
}
_SYSTEM_COLUMNS = ("tableoid", "cmax", "xmax", "cmin", "xmin", "ctid")
"""Their privileges are the table's: they are no columns that anybody made."""

_UNNAMED = frozenset({"CAST", "DEFAULT ACL", "TRANSFORM", "USER MAPPING", "SECURITY LABEL", "EXTENSION DEPENDENCY"})
"""Classes whose entries a dump does not name as we do: one difference of ours explains any of the class."""

_NAME = {"operator": ("name",), "operator class": ("name",), "operator family": ("name",)}
"""The attributes that a dump names an object by, where they are not its identity."""


class Claims:
    """What each difference explains, given both catalogs (for what inherits, and which sequence serves a column)."""

    def __init__(self, *sides: Snapshot) -> None:
        """Take both catalogs."""
        self._heirs: dict[str, set[tuple[str, str]]] = {}
        self._sequences: dict[str, set[tuple[str, str]]] = {}
        self._columns: dict[str, set[str]] = {}
        self._indexes: dict[str, set[tuple[str, str]]] = {}
        for side in sides:
            for index in side.of(Index):
                self._indexes.setdefault(index.table, set()).add((index.schema, index.name))
            for table in side.of(Table):
                self._columns.setdefault(table.key, set()).update(table.column_order)
                for parent in table.inherits:
                    self._heirs.setdefault(parent, set()).add((table.schema, table.name))
            for sequence in side.of(Sequence):
                if sequence.owned_by:
                    self._sequences.setdefault(sequence.owned_by, set()).add((sequence.schema, sequence.name))

    def of(self, difference: Difference) -> Iterator[Address]:
        """The parts of a dump that this difference explains."""
        there = difference.there
        aspects = list(_aspects(difference))
        schema, name = _named(there)
        yield from _addresses(there, schema, name, aspects)
        if _class(there) in _UNNAMED:
            yield from ((aspect, "", "*") for aspect in aspects)
        if there.kind == "changed privileges":
            *_, inside, name = ["", *identifiers(there.key.partition("(")[0])]
            yield from ((f"ACL ON {kind}", inside, name) for kind in (RELATION, ROUTINE, TYPE, "LANGUAGE", "SCHEMA"))
        yield from self._with_it(difference, aspects)

    def _with_it(self, difference: Difference, aspects: list[str]) -> Iterator[Address]:
        match there := difference.there:
            case Column():
                yield from self._of_column(there, aspects)
            case Table():
                yield from self._of_table(there, difference, aspects)
            case Constraint():
                if difference.verdict is not DiffVerdict.CHANGED:  # the other side may have its index alone
                    yield from (("INDEX", there.schema, there.name), ("INDEX ATTACH", there.schema, there.name))
                yield from self._of_constraint(there, aspects)
            case View():
                if "VIEW" in aspects:  # one that needs a primary key, or itself, is written twice: a dummy, and this
                    yield "RULE", there.schema, f"{there.name} _RETURN"
            case Index():
                yield from _of_index(there, aspects)
            case Hypertable():
                yield "TRIGGER", there.schema, f"{there.table} ts_insert_blocker"
            case HypertableTablespaces():  # the first one becomes the table's own
                yield "TABLE", there.schema, there.table
            case Publication():
                yield from _of_publication(difference)

    def _of_column(self, column: Column, aspects: list[str]) -> Iterator[Address]:
        if "COLUMN IDENTITY" in aspects:
            for where in self._sequences.get(column.key, ()):
                for part in ("SEQUENCE", "SEQUENCE OWNED BY", *(f"{about} {RELATION}" for about in _ABOUT)):
                    yield part, *where
        yield from self._inherited(dotted(column.schema, column.table), column.name, aspects)

    def _of_constraint(self, constraint: Constraint, aspects: list[str]) -> Iterator[Address]:
        table = dotted(constraint.schema, constraint.table)
        if constraint.definition.startswith("NOT NULL "):
            column = identifiers(constraint.definition[9:])[0]
            yield ("COLUMN", constraint.schema, f"{constraint.table} {column}")
            yield from self._inherited(table, column, ["COLUMN"])
        yield from self._inherited(table, constraint.name, aspects)

    def _of_table(self, table: Table, difference: Difference, aspects: list[str]) -> Iterator[Address]:
        if "ACL ON RELATION" in aspects:
            yield from (("ACL ON COLUMN", table.schema, f"{table.name} {name}") for name in _SYSTEM_COLUMNS)
        if "TABLE ATTACH" in aspects:  # its indexes become part of the parent's with it
            yield from (("INDEX ATTACH", *where) for where in self._indexes.get(table.key, ()))
        if difference.verdict is not DiffVerdict.CHANGED or any(change.name == "of_type" for change in difference.fields):
            for name in table.column_order:  # a dump of a view, or of a typed table, lists none
                yield from ((part, table.schema, f"{table.name} {name}") for part in ("COLUMN", *_WITH_IT["column"]))
        if isinstance(difference.expected, Table) and isinstance(difference.actual, Table):
            yield from self._of_parents(difference.expected, difference.actual)

    def _of_parents(self, expected: Table, actual: Table) -> Iterator[Address]:
        """What a parent says of a column is not said again, but of a partition it is; triggers come with partitions."""
        parents = set(expected.inherits) ^ set(actual.inherits)
        if bool(expected.partition_bound) is not bool(actual.partition_bound):
            parents |= set(expected.inherits)
            yield "TABLE", actual.schema, actual.name
        for name in {name for parent in parents for name in self._columns.get(parent, ())}:
            yield from ((part, actual.schema, f"{actual.name} {name}") for part in ("COLUMN", *_WITH_IT["column"]))
        if parents:
            yield "TRIGGER", actual.schema, f"{actual.name} *"

    def _inherited(self, table: str, name: str, aspects: list[str]) -> Iterator[Address]:
        pending, seen = [table], {table}
        while pending:
            for schema, heir in self._heirs.get(pending.pop(), ()):
                if (key := dotted(schema, heir)) not in seen:
                    seen.add(key)
                    pending.append(key)
                    yield from ((aspect, schema, f"{heir} {name}") for aspect in aspects if " ON " not in aspect)


def _class(obj: CatalogObject) -> str:
    return CLASS.get(obj.kind, obj.kind.upper())


def _named(obj: CatalogObject) -> tuple[str, str]:
    """Schema and name as a dump's comments write them, without quotes."""
    values = {name: str(getattr(obj, name)) for name in _NAME.get(obj.kind, obj.identity)}
    schema = str(getattr(obj, "schema", "")) if "schema" in obj.identity else ""
    values.pop("schema", None)
    if _class(obj) == ROUTINE:
        return schema, f"{values['name']}({values['arguments'] or ('*' if obj.kind == 'aggregate' else '')})"
    return schema, " ".join(values.values())


def _about(obj: CatalogObject) -> tuple[str, str, str]:
    """Class and names under which comment, owner and privileges stand."""
    kind = RELATION if obj.kind in {"table", "view", "materialized view", "sequence"} else _class(obj)
    schema, name = _named(obj)
    return kind, schema, name


def _aspects(difference: Difference) -> Iterator[str]:
    there = difference.there
    own, (about, _, _) = _class(there), _about(there)
    special: Mapping[str, Any] = {
        name: (f"{said} {about}",) for name, said in zip(("owner", "comment", "privileges"), _ABOUT, strict=True)
    }
    if difference.verdict is not DiffVerdict.CHANGED:
        yield from (own, *_WITH_IT.get(there.kind, ()), *(aspects[0] for aspects in special.values()))
        return
    for change in difference.fields:
        if own == TYPE and change.name == "comment":
            yield from _TYPE_PARTS  # comments on a domain's constraints and a composite type's columns are the type's
        if _is_called_otherwise(difference, change.name):
            yield from (aspects[0] for aspects in special.values())
        yield from special.get(change.name) or _ASPECTS.get(there.kind, {}).get(change.name, (own,))


def _is_called_otherwise(difference: Difference, name: str) -> bool:
    """Whether a change of this attribute changes what statements about the object call it: ``TYPE t``, ``f(a integer)``."""
    if _class(difference.there) == ROUTINE and name == "definition":
        return _signature(difference.expected) != _signature(difference.actual)
    return name == "category"


def _signature(routine: CatalogObject | None) -> str:
    """What a dump names a routine by: its name and its arguments with their names and modes."""
    definition = getattr(routine, "definition", "")
    return definition[0] if isinstance(definition, tuple) else definition.partition("\n")[0]


def _addresses(obj: CatalogObject, schema: str, name: str, aspects: list[str]) -> Iterator[Address]:
    for aspect in aspects:
        yield aspect, schema, name
        if aspect == "ACL ON SERVER":
            yield "ACL ON FOREIGN SERVER", schema, name
        if _class(obj) == ROUTINE and " ON " in aspect:
            yield aspect, schema, name.partition("(")[0]
        if aspect in _TYPE_PARTS and _class(obj) == TYPE:
            yield aspect, schema, f"{name} *"


def _of_index(index: Index, aspects: list[str]) -> Iterator[Address]:
    table = identifiers(index.table)[-1]
    for aspect in aspects:
        if aspect in {"CLUSTER", "REPLICA IDENTITY"}:
            yield aspect, index.schema, table
        elif aspect == "INDEX" and index.constraint:
            yield "CONSTRAINT", index.schema, f"{table} {index.constraint}"


def _of_publication(difference: Difference) -> Iterator[Address]:
    for side in (difference.expected, difference.actual):
        if isinstance(side, Publication):
            yield from (("PUBLICATION TABLES IN SCHEMA", schema, f"{side.name} {schema}") for schema in side.schemas)
