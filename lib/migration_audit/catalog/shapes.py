"""JSON objects into dataclasses, with every value's type looked at: a file may have been written by anything."""

from __future__ import annotations

from dataclasses import MISSING, fields
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

ShapeT = TypeVar("ShapeT")


def checked(cls: type[ShapeT], body: Any) -> ShapeT:
    """An instance of the dataclass; raises TypeError that names the class and the field which is not as it must be."""
    if not isinstance(body, dict):
        raise TypeError(f"{cls.__name__} is not an object")
    hints, required = _shape(cls)  # type: ignore[arg-type]  # mypy takes a class for unhashable
    if unknown := body.keys() - hints.keys():
        raise TypeError(f"{cls.__name__} has no field {min(unknown)!r}")
    if lacking := required - body.keys():
        raise TypeError(f"{cls.__name__} lacks its field {min(lacking)!r}")
    values = {}
    for name, value in body.items():
        try:
            values[name] = _value(hints[name], value)
        except TypeError:
            raise TypeError(f"{cls.__name__}.{name} cannot be {value!r}") from None
    return cls(**values)


@cache
def _shape(cls: Any) -> tuple[dict[str, Any], frozenset[str]]:
    hints = get_type_hints(cls)
    required = frozenset(f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING)
    return {f.name: hints[f.name] for f in fields(cls)}, required


def _value(hint: Any, value: Any) -> Any:
    if isinstance(hint, UnionType):
        return None if value is None else _value(get_args(hint)[0], value)
    if get_origin(hint) is tuple:
        return _tuple(get_args(hint), value)
    if type(value) is not hint:
        raise TypeError
    return value


def _tuple(items: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if type(value) is not list:
        raise TypeError
    if items[-1] is ...:
        return tuple(_value(items[0], item) for item in value)
    if len(items) != len(value):
        raise TypeError
    return tuple(map(_value, items, value))
