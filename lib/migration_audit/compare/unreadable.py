"""What the reading role may not see is neither equal nor a difference: it is not known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from operator import attrgetter
from typing import Any, get_type_hints

from migration_audit.model.access import Role
from migration_audit.model.drift import NotKnown
from migration_audit.model.objects import CatalogObject
from migration_audit.model.redaction import NOT_READABLE

Pair = tuple[CatalogObject, CatalogObject]


def without_unreadable(expected: CatalogObject, actual: CatalogObject) -> tuple[Pair, tuple[NotKnown, ...]]:
    """Both objects as far as both could be read, and what could not."""
    if not (_may_hide(expected) or _may_hide(actual)):
        return (expected, actual), ()
    changes: dict[str, tuple[Any, Any]] = {}
    found: list[NotKnown] = []
    for name in expected.compared():
        left, right = getattr(expected, name), getattr(actual, name)
        if not (isinstance(left, tuple) and isinstance(right, tuple)) or not (_hidden(left) or _hidden(right)):
            continue
        hidden = {*_hidden(left), *_hidden(right)}
        sides = tuple(side for side, value in (("expected", left), ("actual", right)) if _hidden(value))
        if "" in hidden:
            changes[name] = (), ()
        else:
            changes[name] = tuple(tuple(v for v in value if _name(v) not in hidden) for value in (left, right))  # type: ignore[assignment]
        what = (name, *sorted(hidden - {""}))
        found.append(NotKnown(kind=expected.kind, key=expected.key, attribute=" ".join(what), sides=sides))
    if isinstance(expected, Role) and isinstance(actual, Role) and None in {expected.password, actual.password}:
        sides = tuple(side for side, role in (("expected", expected), ("actual", actual)) if role.password is None)
        if len(sides) == 1:
            changes["password"] = None, None
            found.append(NotKnown(kind=expected.kind, key=expected.key, attribute="password", sides=sides))
    if not changes:
        return (expected, actual), ()
    one, other = ({name: values[side] for name, values in changes.items()} for side in (0, 1))
    return (replace(expected, **one), replace(actual, **other)), tuple(found)


def _may_hide(obj: CatalogObject) -> bool:
    """Whether a value may be one that could not be read; False for nearly all."""
    if isinstance(obj, Role):
        return True
    lists = _lists_of(type(obj))(obj)  # type: ignore[arg-type]  # mypy takes a class for unhashable
    return any(lists) and any(NOT_READABLE in "\n".join(values) for values in lists)


@cache
def _lists_of(cls: type[CatalogObject]) -> Callable[[CatalogObject], Sequence[tuple[str, ...]]]:
    """What gets the lists that are compared of an object of this class."""
    hints = get_type_hints(cls)
    match [name for name in cls.compared() if "tuple[" in str(hints[name])]:
        case []:
            return lambda _: ()
        case [name]:
            return lambda obj: (getattr(obj, name),)
        case names:
            return attrgetter(*names)


def _hidden(values: tuple[str, ...]) -> set[str]:
    """The names of the values that could not be read; an empty one for all of them."""
    return set(_hidden_names(values))


def _hidden_names(values: tuple[str, ...]) -> Iterator[str]:
    for value in values:
        if value == NOT_READABLE:
            yield ""
        elif value.endswith(f"={NOT_READABLE}"):
            yield _name(value)


def _name(value: str) -> str:
    return value.partition("=")[0]
