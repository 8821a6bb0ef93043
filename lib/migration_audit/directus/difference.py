"""getSnapshotDiff: what is between a database and a file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from migration_audit.directus.behaviour import Behaviour
from migration_audit.directus.js import DELETED, EDITED, MISSING, NEW, DeepDifference, JsError, diff, get, opt, pick
from migration_audit.directus.types import SCHEMA_KEYS

_KEYS = {
    "collections": ("collection", "fields", "meta", "schema.name"),
    "fields": (
        *("collection", "field", "type", "meta", "name", "children"),
        *(f"schema.{key}" for key in SCHEMA_KEYS),
    ),
    "systemFields": ("collection", "field", "schema.is_indexed"),
    "relations": (
        *("collection", "field", "related_collection", "meta", "schema.table", "schema.column"),
        *("schema.foreign_key_table", "schema.foreign_key_column", "schema.constraint_name"),
        *("schema.on_update", "schema.on_delete"),
    ),
}
"""What is compared of the items of each section."""
_Items = list[dict[str, Any]]


@dataclass(slots=True)
class SnapshotDifferenceEntry:
    """What one collection, field or relation differs in."""

    collection: Any
    field: Any
    changes: tuple[DeepDifference, ...]

    @property
    def first(self) -> DeepDifference:
        """The difference by which Directus decides what to do."""
        return self.changes[0]


@dataclass(slots=True)
class SnapshotDifference:
    """All that an apply would do."""

    collections: list[SnapshotDifferenceEntry]
    fields: list[SnapshotDifferenceEntry]
    system_fields: list[SnapshotDifferenceEntry]
    relations: list[SnapshotDifferenceEntry]

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.collections or self.fields or self.system_fields or self.relations)

    def without(self, rules: Iterable[str]) -> SnapshotDifference:
        """``--ignoreRules``."""
        ignored = frozenset(rules)

        def kept(entries: list[SnapshotDifferenceEntry]) -> list[SnapshotDifferenceEntry]:
            return [
                e
                for e in entries
                if not _among(e.collection, ignored) and not (e.field and f"{e.collection}.{e.field}" in ignored)
            ]

        return SnapshotDifference(kept(self.collections), kept(self.fields), kept(self.system_fields), kept(self.relations))


def sanitized(section: str, item: Any, *, whole: bool = True) -> dict[str, Any]:
    """``sanitizeCollection``, ``sanitizeField``, ``sanitizeSystemField``, ``sanitizeRelation``.

    Without ``whole``, as for an auto-incremented key, the schema of a field is left out.
    """
    return pick(item, [key for key in _KEYS[section] if whole or not key.startswith("schema.")])


def difference(current: Mapping[str, _Items], file: Any, version: Behaviour) -> SnapshotDifference:
    """What an apply of ``file`` would change of ``current``; raises JsError where Directus crashes on the file."""
    scope, system_scope = _scopes(file, version)
    collections = _within(scope, _paired("collections", ("collection",), current, file, version))
    fields = _within(scope, _fields(current["fields"], file, version))
    system_fields = _system_fields(current["systemFields"], file) if version.system_fields else []
    relations = _within(scope, _paired("relations", ("collection", "field"), current, file, version))
    gone = frozenset(entry.collection for entry in collections if entry.first.kind == DELETED)
    return SnapshotDifference(
        collections,
        [entry for entry in fields if not _among(entry.collection, gone)],
        _within(system_scope, system_fields),
        [entry for entry in relations if not _among(entry.collection, gone)],
    )


def _within(scope: set[str] | None, entries: list[SnapshotDifferenceEntry]) -> list[SnapshotDifferenceEntry]:
    return entries if scope is None else [entry for entry in entries if _among(entry.collection, scope)]


def _among(name: Any, names: Collection[str]) -> bool:
    return isinstance(name, str) and name in names


def _scopes(file: Any, version: Behaviour) -> tuple[set[str] | None, set[str] | None]:
    if not version.partial or get(file, "version") != 2:
        return None, None

    def names(*sections: str) -> set[str]:
        found = [get(item, "collection") for section in sections for item in _items(file, section, optional=True)]
        return {name for name in found if isinstance(name, str)}

    return names("collections", "fields", "relations"), names("systemFields")


def _items(file: Any, section: str, *, optional: bool = False) -> list[Any]:
    found = get(file, section)
    if optional and (found is None or found is MISSING):
        return []
    if found is None or found is MISSING:
        raise JsError(f"Cannot read properties of {'null' if found is None else 'undefined'} (reading 'filter')")
    if not isinstance(found, list):
        raise JsError(f"{section}.filter is not a function")
    return found


def _find(items: Iterable[Any], *keys: tuple[str, Any]) -> Any:
    """The first item with these values; raises JsError where an item before it is null."""
    for item in items:
        if all(_is(get(item, key), value) for key, value in keys):
            return item
    return MISSING


def _is(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _item_diff(current: Any, after: Any, version: Behaviour) -> tuple[DeepDifference, ...]:
    changes = diff(current, after)
    nested = any(c.kind == NEW or (c.kind == DELETED and c.path[:1] == ("meta",)) for c in changes)
    if not version.whole_meta or not current or not after or not nested:
        return changes
    whole = DeepDifference(EDITED, ("meta",), opt(current, "meta"), opt(after, "meta"))
    return (whole, *(change for change in changes if change.path[:1] != ("meta",)))


def _paired(
    section: str, keys: tuple[str, ...], current: Mapping[str, _Items], file: Any, version: Behaviour
) -> list[SnapshotDifferenceEntry]:
    after, here, found = _items(file, section), current[section], []
    for item in here:
        other = _find(after, *((key, item.get(key)) for key in keys))
        wanted = MISSING if other is MISSING else sanitized(section, other)
        found.append(_entry(item, _item_diff(sanitized(section, item), wanted, version)))
    found += [
        _entry(item, _item_diff(MISSING, sanitized(section, item), version))
        for item in after
        if _find(here, *((key, get(item, key)) for key in keys)) is MISSING
    ]
    return [entry for entry in found if entry.changes]


def _entry(item: Any, changes: tuple[DeepDifference, ...]) -> SnapshotDifferenceEntry:
    return SnapshotDifferenceEntry(get(item, "collection"), get(item, "field"), changes)


def _fields(current: _Items, file: Any, version: Behaviour) -> list[SnapshotDifferenceEntry]:
    after = _items(file, "fields")
    found = []
    for item in current:
        other = _find(after, ("collection", item["collection"]), ("field", item["field"]))
        whole = not (opt(item, "schema", "is_primary_key") and opt(item, "schema", "has_auto_increment"))
        if version.alias_changes and _becomes_another(item, other):
            other = MISSING
        wanted = MISSING if other is MISSING else sanitized("fields", other, whole=whole)
        found.append(_entry(item, _item_diff(sanitized("fields", item, whole=whole), wanted, version)))
    for item in after:
        here = _find(current, ("collection", get(item, "collection")), ("field", get(item, "field")))
        if here is MISSING or (version.alias_changes and _becomes_another(here, item)):
            found.append(_entry(item, _item_diff(MISSING, sanitized("fields", item), version)))
    return [entry for entry in found if entry.changes]


def _becomes_another(current: Any, after: Any) -> bool:
    if after is MISSING:
        return False
    types = (get(current, "type"), get(after, "type"))
    return types[0] != types[1] and "alias" in types


def _system_fields(current: _Items, file: Any) -> list[SnapshotDifferenceEntry]:
    after = _items(file, "systemFields", optional=True)
    found = []
    for item in current:
        other = _find(after, ("collection", item["collection"]), ("field", item["field"]))
        wanted = sanitized("systemFields", _inverted(item) if other is MISSING else other)
        found.append(_entry(item, diff(sanitized("systemFields", item), wanted)))
    for item in after:
        if not get(get(item, "schema"), "is_indexed"):
            continue
        if _find(current, ("collection", get(item, "collection")), ("field", get(item, "field"))) is MISSING:
            found.append(_entry(item, diff(_inverted(item), sanitized("systemFields", item))))
    return [entry for entry in found if entry.changes]


def _inverted(item: Mapping[str, Any]) -> dict[str, Any]:
    schema = dict(item["schema"])
    if "is_indexed" in schema:
        schema["is_indexed"] = not schema["is_indexed"]
    return {**item, "schema": schema}
