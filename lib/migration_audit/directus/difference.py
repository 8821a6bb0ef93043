"""getSnapshotDiff: what is between a database and a file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from migration_audit.directus.behaviour import Behaviour
from migration_audit.directus.js import DELETED, EDITED, MISSING, NEW, DeepDifference, JsError, diff, get, opt, pick
from migration_audit.directus.types import SCHEMA_KEYS

_COLLECTION = ("collection", "fields", "meta", "schema.name")
_FIELD = ("collection", "field", "type", "meta", "name", "children")
_COLUMN = tuple(f"schema.{key}" for key in SCHEMA_KEYS)
_RELATION = (
    *("collection", "field", "related_collection", "meta", "schema.table", "schema.column", "schema.foreign_key_table"),
    *("schema.foreign_key_column", "schema.constraint_name", "schema.on_update", "schema.on_delete"),
)
_SYSTEM_FIELD = ("collection", "field", "schema.is_indexed")


@dataclass(slots=True)
class SnapshotDifferenceEntry:
    """What one collection, field or relation differs in."""

    collection: Any
    field: Any
    changes: tuple[DeepDifference, ...]
    related: Any = None

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


def sanitize_collection(item: Any) -> dict[str, Any]:
    """``sanitizeCollection``."""
    return pick(item, _COLLECTION)


def sanitize_field(item: Any, *, whole: bool = True) -> dict[str, Any]:
    """``sanitizeField``; without ``whole``, as for an auto-incremented key, its schema is not compared."""
    return pick(item, (*_FIELD, *(_COLUMN if whole else ())))


def sanitize_relation(item: Any) -> dict[str, Any]:
    """``sanitizeRelation``."""
    return pick(item, _RELATION)


def sanitize_system_field(item: Any) -> dict[str, Any]:
    """``sanitizeSystemField``."""
    return pick(item, _SYSTEM_FIELD)


def difference(current: Mapping[str, list[dict[str, Any]]], file: Any, version: Behaviour) -> SnapshotDifference:
    """What an apply of ``file`` would change of ``current``; raises JsError where Directus crashes on the file."""
    scope, system_scope = _scopes(file, version)
    found = SnapshotDifference(
        [e for e in _collections(current["collections"], file, version) if scope is None or _among(e.collection, scope)],
        [e for e in _fields(current["fields"], file, version) if scope is None or _among(e.collection, scope)],
        [
            e
            for e in (_system_fields(current["systemFields"], file) if version.system_fields else ())
            if system_scope is None or _among(e.collection, system_scope)
        ],
        [e for e in _relations(current["relations"], file, version) if scope is None or _among(e.collection, scope)],
    )
    gone = frozenset(entry.collection for entry in found.collections if entry.first.kind == DELETED)
    found.fields = [entry for entry in found.fields if not _among(entry.collection, gone)]
    found.relations = [entry for entry in found.relations if not _among(entry.collection, gone)]
    return found


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
    current: list[dict[str, Any]],
    after: list[Any],
    keys: tuple[str, ...],
    clean: Callable[..., dict[str, Any]],
    version: Behaviour,
) -> list[SnapshotDifferenceEntry]:
    found = []
    for item in current:
        other = _find(after, *((key, item.get(key)) for key in keys))
        found.append(_entry(item, _item_diff(clean(item), MISSING if other is MISSING else clean(other), version)))
    found += [
        _entry(item, _item_diff(MISSING, clean(item), version))
        for item in after
        if _find(current, *((key, get(item, key)) for key in keys)) is MISSING
    ]
    return [entry for entry in found if entry.changes]


def _entry(item: Any, changes: tuple[DeepDifference, ...]) -> SnapshotDifferenceEntry:
    return SnapshotDifferenceEntry(get(item, "collection"), get(item, "field"), changes, get(item, "related_collection"))


def _collections(current: list[dict[str, Any]], file: Any, version: Behaviour) -> list[SnapshotDifferenceEntry]:
    return _paired(current, _items(file, "collections"), ("collection",), sanitize_collection, version)


def _relations(current: list[dict[str, Any]], file: Any, version: Behaviour) -> list[SnapshotDifferenceEntry]:
    return _paired(current, _items(file, "relations"), ("collection", "field"), sanitize_relation, version)


def _fields(current: list[dict[str, Any]], file: Any, version: Behaviour) -> list[SnapshotDifferenceEntry]:
    after = _items(file, "fields")
    found = []
    for item in current:
        other = _find(after, ("collection", item["collection"]), ("field", item["field"]))
        whole = not (opt(item, "schema", "is_primary_key") and opt(item, "schema", "has_auto_increment"))
        if version.alias_changes and _becomes_another(item, other):
            other = MISSING
        wanted = MISSING if other is MISSING else sanitize_field(other, whole=whole)
        found.append(_entry(item, _item_diff(sanitize_field(item, whole=whole), wanted, version)))
    for item in after:
        here = _find(current, ("collection", get(item, "collection")), ("field", get(item, "field")))
        if here is MISSING or (version.alias_changes and _becomes_another(here, item)):
            found.append(_entry(item, _item_diff(MISSING, sanitize_field(item), version)))
    return [entry for entry in found if entry.changes]


def _becomes_another(current: Any, after: Any) -> bool:
    if after is MISSING:
        return False
    types = (get(current, "type"), get(after, "type"))
    return types[0] != types[1] and "alias" in types


def _system_fields(current: list[dict[str, Any]], file: Any) -> list[SnapshotDifferenceEntry]:
    after = _items(file, "systemFields", optional=True)
    found = []
    for item in current:
        other = _find(after, ("collection", item["collection"]), ("field", item["field"]))
        wanted = sanitize_system_field(_inverted(item) if other is MISSING else other)
        found.append(_entry(item, diff(sanitize_system_field(item), wanted)))
    for item in after:
        if not get(get(item, "schema"), "is_indexed"):
            continue
        if _find(current, ("collection", get(item, "collection")), ("field", get(item, "field"))) is MISSING:
            found.append(_entry(item, diff(_inverted(item), sanitize_system_field(item))))
    return [entry for entry in found if entry.changes]


def _inverted(item: Mapping[str, Any]) -> dict[str, Any]:
    schema = dict(item["schema"])
    if "is_indexed" in schema:
        schema["is_indexed"] = not schema["is_indexed"]
    return {**item, "schema": schema}
