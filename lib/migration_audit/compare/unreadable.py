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
_SIDES = ("expected", "actual")


def without_unreadable(expected: CatalogObject, actual: CatalogObject) -> tuple[Pair, list[NotKnown]]:
    """Both objects as far as both could be read, and what could not."""
    not_known: list[NotKnown] = []
    if may_hide(expected) or may_hide(actual):
        for attribute, shown, sides, (left, right) in (*_in_lists(expected, actual), *_password(expected, actual)):
            not_known.append(NotKnown(kind=expected.kind, key=expected.key, attribute=shown, sides=sides))
            expected, actual = replace(expected, **{attribute: left}), replace(actual, **{attribute: right})
    return (expected, actual), not_known


_Unreadable = tuple[str, str, tuple[str, ...], tuple[Any, Any]]
"""An attribute; it and the names of its values that could not be read; on which sides; what is left of it on each."""


def _in_lists(expected: CatalogObject, actual: CatalogObject) -> Iterator[_Unreadable]:
    for attribute in expected.compared():
        values = getattr(expected, attribute), getattr(actual, attribute)
        if not all(isinstance(value, tuple) for value in values):
            continue
        by_side = [_hidden(value) for value in values]
        names = set[str]().union(*by_side)
        if names:
            left, right = (tuple(v for v in value if _name(v) not in names and "" not in names) for value in values)
            sides = tuple(side for side, hidden in zip(_SIDES, by_side, strict=True) if hidden)
            yield attribute, " ".join((attribute, *sorted(names - {""}))), sides, (left, right)


def _password(expected: CatalogObject, actual: CatalogObject) -> Iterator[_Unreadable]:
    """A password that one side alone could read."""
    if isinstance(expected, Role) and isinstance(actual, Role):
        sides = tuple(side for side, role in zip(_SIDES, (expected, actual), strict=True) if role.password is None)
        if len(sides) == 1:
            yield "password", "password", sides, (None, None)


def may_hide(obj: CatalogObject) -> bool:
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
    hidden = (value for value in values if value == NOT_READABLE or value.endswith(f"={NOT_READABLE}"))
    return {"" if value == NOT_READABLE else _name(value) for value in hidden}


def _name(value: str) -> str:
    return value.partition("=")[0]
