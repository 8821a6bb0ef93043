"""Values that may be secret, in facts: which of them differ between the two sources, and nothing else of them.

In memory each is compared by a salted hash (``model/redaction.py``). Files hold no hash, so that there is nothing to try a
dictionary on: what was found different is named, and distinguished again when the facts are read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from migration_audit.model.objects import CatalogObject
from migration_audit.model.redaction import Redacted
from migration_audit.model.snapshot import Snapshot

Hidden = tuple[tuple[str, str, str], ...]
"""Kind and key of an object, and the text in it whose value differs: ``password=(redacted)``."""


def hidden_differences(legacy: object, owner: object) -> Hidden:
    """What both sides have with another value; empty where one of them is not there."""
    if not isinstance(legacy, Snapshot) or not isinstance(owner, Snapshot):
        return ()
    return tuple(
        (kind, key, text)
        for (kind, key), obj in sorted(legacy.by_key.items(), key=lambda pair: pair[0])
        for text in _differing(obj, owner.by_key.get((kind, key)))
    )


def _differing(obj: CatalogObject, other: CatalogObject | None) -> Iterator[str]:
    there = _redacted(other) if other is not None else {}
    yield from sorted(text for text, value in _redacted(obj).items() if text in there and value != there[text])


def _redacted(obj: CatalogObject) -> Mapping[str, Redacted]:
    lists = [value for each in fields(obj) if isinstance(value := getattr(obj, each.name), tuple)]
    return {str(item): item for value in lists for item in value if isinstance(item, Redacted)}


def told_apart(snapshot: Snapshot, hidden: Hidden, side: str) -> Snapshot:
    """The snapshot, in which these texts are of this side alone."""
    by_object: dict[tuple[str, str], set[str]] = {}
    for kind, key, text in hidden:
        by_object.setdefault((kind, key), set()).add(text)
    if not by_object:
        return snapshot
    objects = (_marked(obj, by_object.get((obj.kind, obj.key), ()), side) for obj in snapshot.objects)
    return replace(snapshot, objects=tuple(objects))


def _marked(obj: CatalogObject, texts: Collection[str], side: str) -> CatalogObject:
    if not texts:
        return obj
    changed: dict[str, Any] = {
        each.name: tuple(Redacted(item, side) if item in texts else item for item in value)
        for each in fields(obj)
        if isinstance(value := getattr(obj, each.name), tuple)
    }
    return replace(obj, **changed)
