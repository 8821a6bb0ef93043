"""The package ``deep-diff`` 1.0.2: the differences of two values in its order, which decides what Directus does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from migration_audit.directus.js import MISSING, kind, same

NEW, DELETED, EDITED, ARRAY = "N", "D", "E", "A"
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class DeepDifference:
    """One difference."""

    kind: str
    path: Path
    """Empty where the whole value came or went."""
    lhs: Any = MISSING
    rhs: Any = MISSING
    index: int = -1
    """Of an element that an array has more or less."""


def diff(lhs: Any, rhs: Any) -> tuple[DeepDifference, ...]:
    """All differences, in the order in which deep-diff finds them."""
    return tuple(_diff(lhs, rhs, ()))


def _diff(lhs: Any, rhs: Any, path: Path) -> Iterator[DeepDifference]:
    if lhs is MISSING and rhs is MISSING:
        return
    if lhs is MISSING:
        yield DeepDifference(NEW, path, rhs=rhs)
    elif rhs is MISSING:
        yield DeepDifference(DELETED, path, lhs=lhs)
    elif kind(lhs) != kind(rhs):
        yield DeepDifference(EDITED, path, lhs, rhs)
    elif isinstance(lhs, Mapping):
        for key in lhs:
            yield from _diff(lhs[key], rhs.get(key, MISSING), (*path, key))
        for key in rhs:
            if key not in lhs and key:
                yield DeepDifference(NEW, (*path, key), rhs=rhs[key])
    elif kind(lhs) == "array":
        yield from _array(lhs, rhs, path)
    elif not same(lhs, rhs):
        yield DeepDifference(EDITED, path, lhs, rhs)


def _array(lhs: list[Any], rhs: list[Any], path: Path) -> Iterator[DeepDifference]:
    for index in range(len(rhs) - 1, len(lhs) - 1, -1):
        yield DeepDifference(ARRAY, path, rhs=rhs[index], index=index)
    for index in range(len(lhs) - 1, len(rhs) - 1, -1):
        yield DeepDifference(ARRAY, path, lhs=lhs[index], index=index)
    for index in range(min(len(lhs), len(rhs)) - 1, -1, -1):
        yield from _diff(lhs[index], rhs[index], (*path, index))


def apply_change(target: Any, change: DeepDifference) -> None:
    """Make one change in place, as deep-diff's ``applyChange`` does."""
    *outer, last = change.path
    for position, key in enumerate(outer):
        if isinstance(target, dict) and key not in target:
            target[key] = [] if isinstance(change.path[position + 1], int) else {}
        target = target[key]
    if change.kind == ARRAY:
        items = target.setdefault(last, []) if isinstance(target, dict) else target[last]
        _apply_to_array(items, change)
    elif change.kind == DELETED:
        target.pop(last, None)
    elif isinstance(target, dict) or (isinstance(last, int) and last < len(target)):
        target[last] = change.rhs
    else:
        target.append(change.rhs)


def _apply_to_array(items: list[Any], change: DeepDifference) -> None:
    if change.rhs is MISSING:
        del items[change.index : change.index + 1]
        return
    items.extend([None] * (change.index + 1 - len(items)))
    items[change.index] = change.rhs


def is_nested_meta(change: DeepDifference | None) -> bool:
    """``isNestedMetaUpdate``: a key of ``meta`` came or went."""
    return change is not None and change.kind in {NEW, DELETED} and len(change.path) >= 2 and change.path[0] == "meta"
