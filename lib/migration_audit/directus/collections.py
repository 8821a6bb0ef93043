"""What an apply asks of collections: how many Directus 12 allows without a license, and ``item_duplication_fields``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from migration_audit.directus.behaviour import Behaviour
from migration_audit.directus.inspect import InspectedSchema, Relation, is_system, tables_in_database
from migration_audit.directus.js import JsError
from migration_audit.directus.postgres import DatabaseState


def assert_collections(state: DatabaseState, version: Behaviour, excluded: frozenset[str]) -> None:
    """``EntitlementManager.assert``: a collection that is created, or changed and active, counts as one more.

    Raises PgError where there are too many for a database without a license; with one, it is noted as a guess.
    """
    tables = tables_in_database(state)
    active = [
        row["collection"]
        for row in state.collections
        if row.get("status") == "active" and row["collection"] in tables and not is_system(row["collection"])
    ]
    if version.most_collections is None or len([name for name in active if name not in excluded]) < version.most_collections:
        return
    refuses = True if state.given.is_licensed is False else None
    state.guess(refuses, f"collections limit exceeded: {version.most_collections} are allowed without a license")


def related_collections(relations: Iterable[Relation], collection: str) -> frozenset[str]:
    """``getCollectionRelationList``: the collections that can be reached from this one, without it."""
    tree, _ = _trees(relations)
    found: set[str] = set()
    open_ends = [collection]
    while open_ends:
        for name in tree.get(open_ends.pop(), ()):
            if not is_system(name) and name != collection and name not in found:
                found.add(name)
                open_ends.append(name)
    return frozenset(found)


def forget_paths(schema: InspectedSchema, rows: Iterable[dict[str, Any]], collection: str, field: str) -> None:
    """``getCollectionMetaUpdates``: take the paths over ``collection.field`` out of ``rows``, which are changed.

    Raises JsError where the paths of a row are not a list of texts.
    """
    _, nodes = _trees(schema.relations)
    for row in rows:
        paths = row.get("item_duplication_fields")
        if not paths:
            continue
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise JsError("itemDuplicationPaths is not iterable")
        kept = [path for path in paths if _is_kept(path, row["collection"], field, collection, schema, nodes)]
        if len(kept) != len(paths):
            row["item_duplication_fields"] = kept or None


def _is_kept(path: str, root: str, field: str, collection: str, schema: InspectedSchema, nodes: dict[str, str]) -> bool:
    if field not in path:
        return True
    here = root
    parts = path.split(".")
    for position, part in enumerate(parts):
        if here == collection and part == field:
            return False
        there = nodes.get(f"{here}:{part}")
        if there is None and (position != len(parts) - 1 or part not in schema.fields.get(here, {})):
            return False
        here = there or here
    return True


def _trees(relations: Iterable[Relation]) -> tuple[dict[str, set[str]], dict[str, str]]:
    tree: dict[str, set[str]] = {}
    nodes: dict[str, str] = {}
    for one, related in _pairs(relations):
        tree.setdefault(related, set()).add(one.collection)
        meta = one.meta or {}
        if one.one_field:
            nodes[f"{related}:{one.one_field}"] = one.collection
            tree.setdefault(one.collection, set()).add(related)
        many = f"{one.collection}:{one.field}"
        nodes[f"{many}:{related}" if meta.get("one_allowed_collections") is not None else many] = related
    return tree, nodes


def _pairs(relations: Iterable[Relation]) -> Iterator[tuple[Relation, str]]:
    for one in relations:
        meta = one.meta or {}
        if one.related:
            yield one, one.related
        elif meta.get("one_collection_field") and meta.get("one_allowed_collections") is not None:
            for name in meta["one_allowed_collections"]:
                yield one, name
