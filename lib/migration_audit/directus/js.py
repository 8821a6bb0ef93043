"""The parts of JavaScript and lodash that decide what Directus sees: missing is not null, and 1 is not true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

NEW, DELETED, EDITED, ARRAY = "N", "D", "E", "A"
Path = tuple[str | int, ...]


class _Missing:
    """JavaScript's ``undefined``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()


class JsError(Exception):
    """What Directus's own code throws: the apply ends with exit code 1."""


def kind(value: Any) -> str:
    """The type by which deep-diff distinguishes values."""
    if value is MISSING:
        return "undefined"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list | tuple) else "object"


def truthy(value: Any) -> bool:
    """``Boolean(value)``: an empty array or object is true."""
    return isinstance(value, Mapping | list) or bool(value)


def absent(value: Any) -> bool:
    """``value == null``: null or undefined."""
    return value is None or value is MISSING


def same(one: Any, other: Any) -> bool:
    """``===`` of two values that are neither arrays nor objects."""
    return kind(one) == kind(other) and bool(one == other)


def equal(one: Any, other: Any) -> bool:
    """lodash's ``isEqual``."""
    if kind(one) != kind(other):
        return False
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if kind(one) == "array":
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def get(value: Any, key: str) -> Any:
    """``value.key``; raises JsError as JavaScript does for a property of null or undefined."""
    if absent(value):
        raise JsError(f"Cannot read properties of {'null' if value is None else 'undefined'} (reading '{key}')")
    return value.get(key, MISSING) if isinstance(value, Mapping) else MISSING


def opt(value: Any, *path: str) -> Any:
    """``value?.a?.b``."""
    for key in path:
        if not isinstance(value, Mapping):
            return MISSING
        value = value.get(key, MISSING)
    return value


def pick(value: Any, paths: Sequence[str]) -> dict[str, Any]:
    """lodash's ``pick``: only the paths that are there, in the order of the paths."""
    found: dict[str, Any] = {}
    if not isinstance(value, Mapping):
        return found
    for path in paths:
        outer, _, inner = path.partition(".")
        if not inner:
            if outer in value:
                found[outer] = value[outer]
        elif isinstance(value.get(outer), Mapping) and inner in value[outer]:
            found.setdefault(outer, {})[inner] = value[outer][inner]
    return found


def spread(value: Any) -> dict[str, Any]:
    """``{...value}``."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, str | list):
        return {str(position): item for position, item in enumerate(value)}
    return {}


def js_text(value: Any) -> str:
    """``String(value)``, as arrays join their parts."""
    if value is None or value is MISSING:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    if isinstance(value, list):
        return ",".join(map(js_text, value))
    return "[object Object]" if isinstance(value, Mapping) else str(value)


def number(value: str) -> int | float | None:
    """``Number(value)``; None for NaN."""
    bare = value.strip()
    if not bare:
        return 0
    try:
        if bare[:2].lower() in {"0x", "0o", "0b"}:
            return int(bare, 0)
        if any(letter not in "0123456789.eE+-" for letter in bare):
            return None
        found = float(bare)
    except ValueError:
        return None
    return int(found) if found.is_integer() else found


def sort_deep(value: Any) -> Any:
    """getSnapshot's ``sortDeep``: the keys of every object sorted, as texts of the pairs ``key,value``."""
    if isinstance(value, Mapping):
        return {key: sort_deep(value[key]) for key in sorted(value, key=lambda key: f"{key},")}
    return [sort_deep(item) for item in value] if isinstance(value, list | tuple) else value


def specials(value: Any) -> list[Any]:
    """``toArray(special)``."""
    if isinstance(value, str):
        return value.split(",")
    return list(value) if isinstance(value, list | tuple) else [value]


def simple_hash(value: str) -> str:
    """``getSimpleHash`` of ``@directus/utils``."""
    found = 0
    for letter in value:
        found = (31 * found + ord(letter)) & 0xFFFFFFFF
        found = found - (1 << 32) if found >= 1 << 31 else found
    return f"{abs(found):x}"


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
