"""applyDiff: one ``schema apply``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from migration_audit.directus.behaviour import Behaviour
from migration_audit.directus.difference import SnapshotDifference, SnapshotDifferenceEntry, difference
from migration_audit.directus.inspect import InspectedSchema, is_system, read_schema, snapshot_of_state
from migration_audit.directus.js import (
    ARRAY,
    DELETED,
    EDITED,
    NEW,
    DeepDifference,
    JsError,
    apply_change,
    get,
    is_nested_meta,
    js_text,
    opt,
    spread,
    truthy,
)
from migration_audit.directus.postgres import DatabaseState
from migration_audit.directus.services import Services
from migration_audit.directus.statement import DirectusStatement
from migration_audit.model.directus_database import DirectusDatabase, DirectusForeignKey

NO_CHANGES = "No changes to apply."
APPLIED = "Snapshot applied successfully"
DEFAULT_EXCLUDED = frozenset({"spatial_ref_sys", "sysdiagrams"})
"""``DB_EXCLUDE_TABLES`` where it is not set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One line of the dry run, and why it is there."""

    word: str
    """``Create``, ``Update`` or ``Delete``."""
    collection: str
    field: str = ""
    why: str
    """The first difference, by which Directus decides: ``the file's entry lacks meta.note``."""

    def __str__(self) -> str:
        """``Delete devices.model``."""
        return f"{self.word} {self.collection}.{self.field}" if self.field else f"{self.word} {self.collection}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOutcome:
    """What one ``schema apply`` did."""

    code: int
    message: str
    operations: tuple[Operation, ...] = ()
    """What the dry run lists."""
    at: tuple[str, str] = ("", "")
    """Collection and field at which it failed; empty where it did not, or where no entry is to blame."""
    statements: tuple[DirectusStatement, ...] = ()
    """Those that lasted."""
    undone: tuple[DirectusStatement, ...] = ()
    """Those that were rolled back."""
    guesses: tuple[str, ...] = ()
    """What PostgreSQL would refuse with, if the rows are so; empty where the outcome does not depend on them."""


def undecidable(database: DirectusDatabase, file: Any, version: Behaviour, excluded: Collection[str]) -> str | None:
    """Why the model does not say what an apply does here; None where it does."""
    named = {row["collection"] for row in (*database.collections, *database.fields)}
    for section in ("collections", "fields", "relations"):
        if isinstance(entries := opt(file, section), list):
            named |= {js_text(opt(one, "collection")) for one in entries if isinstance(one, Mapping)}
    schemas: dict[str, list[str]] = {}
    for table in database.tables:
        schemas.setdefault(table.name, []).append(table.schema)
    for name, found in schemas.items():
        seen = name in named or is_system(name) or (version.untracked and name not in excluded)
        if len(found) > 1 and seen:
            return f"the table {name} is in {' and '.join(found)}, and Directus treats their columns as one table"
    return None


def apply(
    state: DatabaseState,
    file: Any,
    version: Behaviour,
    *,
    excluded: Collection[str] = DEFAULT_EXCLUDED,
    ignored: Collection[str] = (),
) -> tuple[ApplyOutcome, DatabaseState]:
    """One ``directus schema apply --yes`` of the parsed ``file``, and the database afterwards; ``state`` is not changed."""
    changed = state.copy()
    try:
        current = snapshot_of_state(changed, version, frozenset(excluded))
        found = difference(current, deepcopy(file), version)
        if ignored:
            found = found.without(ignored)
        if not found:
            return ApplyOutcome(code=0, message=NO_CHANGES), state
        operations = tuple(_operations(found))
    except JsError as error:
        return ApplyOutcome(code=1, message=str(error)), state
    run = _Run(changed, version, frozenset(excluded), current, found)
    try:
        run.run()
    except JsError as error:
        undone = tuple(changed.statements)
        done = ApplyOutcome(code=1, message=str(error), operations=operations, at=run.at, undone=undone)
        return replace(done, guesses=tuple(changed.guesses)), state
    statements = tuple(changed.statements)
    done = ApplyOutcome(code=0, message=APPLIED, operations=operations, statements=statements)
    return replace(done, guesses=tuple(changed.guesses)), changed


def _operations(found: SnapshotDifference) -> Iterator[Operation]:
    words = {NEW: "Create", DELETED: "Delete", EDITED: "Update", ARRAY: "Update"}
    for one in (*found.collections, *found.fields, *found.system_fields, *found.relations):
        word = "Update" if one.field and is_nested_meta(one.first) else words[one.first.kind]
        yield Operation(word=word, collection=js_text(one.collection), field=js_text(one.field), why=_why(one.first))


def _why(change: DeepDifference) -> str:
    path = ".".join(map(str, change.path))
    if change.kind == NEW:
        return f"the file contains {path}, which this version does not write" if path else "only the file has it"
    if change.kind == DELETED:
        return f"the file's entry lacks {path}" if path else "the file lacks an entry for it"
    return f"{path} differs in the file"


@dataclass(slots=True)
class _Run:
    """One transaction."""

    state: DatabaseState
    version: Behaviour
    excluded: frozenset[str]
    current: Mapping[str, list[dict[str, Any]]]
    found: SnapshotDifference
    at: tuple[str, str] = ("", "")
    keys: list[DirectusForeignKey] = field(init=False)
    services: Services = field(init=False)

    def __post_init__(self) -> None:
        self.keys = self.state.seen_keys
        self.services = Services(self.state, self.version, self.excluded)

    def _look(self, entry: SnapshotDifferenceEntry) -> SnapshotDifferenceEntry:
        self.at = (js_text(entry.collection), js_text(entry.field))
        return entry

    def run(self) -> None:
        """All steps in Directus's order; raises JsError at the first that fails."""
        schema = self._schema()
        self._create([entry for entry in self.found.collections if self._is_created_first(entry)], schema)
        for entry in map(self._look, [entry for entry in self.found.collections if entry.first.kind == DELETED]):
            self.services.delete_collection(schema, entry.collection)
        for entry in map(self._look, self.found.collections):
            current = self._of("collections", entry.collection)
            if entry.first.kind in {EDITED, ARRAY} and current is not None:
                self.services.update_collection(entry.collection, _changed(current, entry.changes))
        self._fields()
        self._relations()

    def _schema(self) -> InspectedSchema:
        keys = None if self.version.fresh_foreign_keys else self.keys
        return read_schema(self.state, self.excluded, keys)

    def _of(self, section: str, collection: Any, field: Any = None) -> dict[str, Any] | None:
        return next(
            (
                item
                for item in self.current[section]
                if item["collection"] == collection and (field is None or item["field"] == field)
            ),
            None,
        )

    # Collections

    def _is_created_first(self, entry: SnapshotDifferenceEntry) -> bool:
        if entry.first.kind != NEW:
            return False
        self._look(entry)
        group = opt({"meta": get(entry.first.rhs, "meta")}, "meta", "group")
        if not group:
            return True
        created_here = any(one.first.kind == NEW and one.collection == group for one in self.found.collections)
        return self._of("collections", group) is not None and not created_here

    def _create(self, entries: Sequence[SnapshotDifferenceEntry], schema: InspectedSchema) -> None:
        for entry in map(self._look, entries):
            rhs = entry.first.rhs
            if entry.first.kind != NEW or not truthy(rhs):
                continue
            fields = [self._as_uuid(one.first.rhs) for one in self.found.fields if one.collection == entry.collection]
            self.services.create_collection(schema, {**spread(rhs), "fields": fields})
            self.found.fields = [one for one in self.found.fields if one.collection != entry.collection]
            self._create([one for one in self.found.collections if self._group_of(one) == entry.collection], schema)

    @staticmethod
    def _group_of(entry: SnapshotDifferenceEntry) -> Any:
        return opt(entry.first.rhs, "meta", "group")

    @staticmethod
    def _as_uuid(field: Any) -> Any:
        schema = get(field, "schema")
        if str(opt(schema, "data_type")).lower() not in {"char", "varchar"} or opt(schema, "max_length") != 36:
            return field
        foreign = opt(schema, "foreign_key_table") and opt(schema, "foreign_key_column")
        if not (opt(schema, "is_primary_key") or foreign):
            return field
        return {**field, "type": "uuid", "schema": {**schema, "data_type": "uuid", "max_length": None}}

    # Fields

    def _fields(self) -> None:
        schema = self._schema()
        for entry in map(self._look, self.found.fields):
            nested = is_nested_meta(entry.first)
            if entry.first.kind == NEW and not nested:
                self.services.create_field(schema, entry.collection, entry.first.rhs)
                schema = self._schema() if self.version.fresh_foreign_keys else schema
            if entry.first.kind in {EDITED, ARRAY} or nested:
                current = self._of("fields", entry.collection, entry.field)
                if current is not None:
                    self.services.update_field(schema, entry.collection, _changed(current, entry.changes))
            if entry.first.kind == DELETED and not nested:
                self.services.delete_field(schema, entry.collection, entry.field)
                schema = self._schema() if self.version.fresh_foreign_keys else schema
                self.found.relations = [one for one in self.found.relations if self._is_kept(one, entry)]
        for entry in map(self._look, self.found.system_fields):
            if entry.first.kind == EDITED:
                values = _changed({"collection": entry.collection, "field": entry.field}, entry.changes)
                self.services.update_field(schema, entry.collection, values)

    def _is_kept(self, relation: SnapshotDifferenceEntry, field: SnapshotDifferenceEntry) -> bool:
        if relation.collection != field.collection or relation.field != field.field:
            return True
        return self.version.alias_changes and any(change.kind == NEW for change in relation.changes)

    # Relations

    def _relations(self) -> None:
        schema = self._schema()
        for entry in map(self._look, self.found.relations):
            if entry.first.kind == NEW:
                payload = {**spread(entry.first.rhs), "collection": entry.collection, "field": entry.field}
                self.services.create_relation(schema, payload)
            elif entry.first.kind == DELETED:
                self.services.delete_relation(schema, entry.collection, entry.field)
            else:
                current = self._of("relations", entry.collection, entry.field)
                if current is not None:
                    values = _changed(current, entry.changes)
                    self.services.update_relation(schema, entry.collection, entry.field, values)


def _changed(current: Mapping[str, Any], changes: Sequence[DeepDifference]) -> dict[str, Any]:
    made: dict[str, Any] = deepcopy(dict(current))
    for change in changes:
        apply_change(made, change)
    return made
