"""Frozen dataclasses as JSON and back, by their declared types: nothing is guessed, converted or left out.

cattrs does the work, since it takes plain dataclasses as they are (msgspec wants tagged classes of its own for unions).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin

import cattrs

from migration_audit.model.errors import AuditError

T = TypeVar("T")
TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


def strict_converter(*, detailed: bool = True) -> cattrs.Converter:
    """A converter that refuses keys which a class does not have, and values of another type.

    ``detailed`` errors name the field, and cost time.
    """
    made = cattrs.Converter(forbid_extra_keys=True, detailed_validation=detailed, prefer_attrib_converters=False)
    for kind in (str, int, bool):
        made.register_structure_hook(kind, _exactly)
    made.register_structure_hook_func(_is_plain_union, _one_of)
    made.register_structure_hook(datetime, lambda text, _: _time(text))
    made.register_unstructure_hook(datetime, lambda value: value.astimezone(UTC).strftime(TIME))
    made.register_structure_hook(date, lambda text, _: date.fromisoformat(_exactly(text, str)))
    made.register_unstructure_hook(date, date.isoformat)
    made.register_structure_hook_factory(_is_tuple, lambda hint: _tuple_reader(made, hint))
    made.register_unstructure_hook_factory(_is_tuple, lambda hint: _tuple_writer(made, hint))
    return made


def structured(converter: cattrs.Converter, body: Any, hint: type[T], *, where: str) -> T:
    """The value of the type ``hint``. Raises AuditError, which names ``where``, for anything else."""
    try:
        found: T = converter.structure(body, hint)
    except RecursionError:
        raise AuditError("is nested too deeply", where=where, todo="run the audit again") from None
    except Exception as error:
        reasons = cattrs.transform_error(error) if isinstance(error, cattrs.BaseValidationError) else [str(error)]
        todo = "it was written by another version of migration-audit, or was changed: run the audit again"
        raise AuditError(f"cannot be read: {'; '.join(reasons[:3])}", where=where, todo=todo) from error
    return found


def _exactly(value: Any, kind: type) -> Any:
    """JSON's own types are taken as they are: no text becomes a number."""
    if issubclass(kind, StrEnum):  # the hook of a type is that of its subclasses too
        return kind(_exactly(value, str))
    if type(value) is not kind:
        raise TypeError(f"{value!r:.60} is not of type {kind.__name__}")
    return value


def _is_plain_union(hint: Any) -> bool:
    return get_origin(hint) in {Union, UnionType} and set(get_args(hint)) <= {str, int, bool, NoneType}


def _one_of(value: Any, hint: Any) -> Any:
    if type(value) not in get_args(hint):
        raise TypeError(f"{value!r:.60} is not of type {hint}")
    return value


def _is_tuple(hint: Any) -> bool:
    """A tuple of any length with elements of one type."""
    return get_origin(hint) is tuple and len(get_args(hint)) == 2 and get_args(hint)[1] is Ellipsis


def _tuple_reader(made: cattrs.Converter, hint: Any) -> Callable[[Any, Any], tuple[Any, ...]]:
    item = get_args(hint)[0]
    read = made.get_structure_hook(item)

    def structure(body: Any, _: Any) -> tuple[Any, ...]:
        if not isinstance(body, list):
            raise TypeError(f"{body!r:.60} is not a list")
        return tuple(read(each, item) for each in body)

    return structure


def _tuple_writer(made: cattrs.Converter, hint: Any) -> Callable[[Any], list[Any]]:
    write = made.get_unstructure_hook(get_args(hint)[0])
    return lambda value: [write(each) for each in value]


def _time(text: Any) -> datetime:
    """A time in UTC, to the second, in the one form that evidence has."""
    found = datetime.strptime(_exactly(text, str), TIME).replace(tzinfo=UTC)
    if found.strftime(TIME) != text:
        raise ValueError(f"{text!r:.60} is not a time such as 2026-11-23T11:45:00Z")
    return found


CONVERTER: Final = strict_converter()
"""For files of which an error names the field."""
