"""Facts as JSON and back: every input of a check by its declared type. Equal values give equal bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import cattrs
from cattrs.gen import make_dict_structure_fn

from migration_audit import catalog
from migration_audit.model.codec import strict_converter, structured
from migration_audit.model.finding import Unavailable
from migration_audit.model.objects import CatalogObject
from migration_audit.model.privileges import ProbeRights
from migration_audit.model.snapshot import Snapshot

_UNAVAILABLE = "unavailable"
_NO_REASON = {Unavailable, NoneType}
"""The type of an optional reason: no fact that a reason replaces."""
_CURRENT_NAMES = dict(witness="cross_check", told="notes")  # noqa: C408  these words are for files alone
"""Names of facts and of their fields in signed runs, and what they are called now."""


def encode(value: Any, hint: Any) -> Any:
    """What JSON can hold of a value of the type ``hint``."""
    return converter().unstructure(value, unstructure_as=hint)


def decode(body: Any, hint: Any, *, where: str) -> Any:
    """The value of the type ``hint`` that ``encode`` gave. Raises AuditError, which names ``where``, for anything else."""
    return structured(converter(), body, hint, where=where)


def with_current_names(body: Any) -> Any:
    """A JSON object under its current names; one that has both names of a key is not changed, and is refused later."""
    if not isinstance(body, dict) or any(new in body for old, new in _CURRENT_NAMES.items() if old in body):
        return body
    return {_CURRENT_NAMES.get(name, name): value for name, value in body.items()}


def to_bytes(body: Any) -> bytes:
    """JSON with sorted keys and without spaces: equal values, equal bytes."""
    return (json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n").encode()


@cache
def converter() -> cattrs.Converter:
    """One converter for all facts."""
    made = strict_converter(detailed=False)
    rights = make_dict_structure_fn(ProbeRights, made, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=False)
    made.register_structure_hook(ProbeRights, lambda body, cls: rights(with_current_names(body), cls))
    made.register_structure_hook_func(_is_object, lambda body, _: catalog.parse_object(body))
    made.register_unstructure_hook_func(_is_object, catalog.object_body)
    made.register_structure_hook_func(lambda hint: hint is Snapshot, lambda body, _: catalog.parse_snapshot(body))
    made.register_unstructure_hook_func(lambda hint: hint is Snapshot, catalog.snapshot_body)
    made.register_structure_hook_func(_is_mapping, lambda body, hint: _structure_pairs(body, hint, made))
    made.register_unstructure_hook_factory(_is_mapping, lambda hint: _pairs(hint, made))
    made.register_structure_hook_func(_is_union, lambda body, hint: _structure_union(body, hint, made))
    made.register_unstructure_hook_factory(_is_union, lambda hint: _union(hint, made))
    made.register_unstructure_hook_factory(
        lambda hint: str(get_origin(hint)) == str(frozenset),
        lambda hint: lambda value: sorted((made.unstructure(v, get_args(hint)[0]) for v in value), key=to_bytes),
    )
    return made


def _is_object(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, CatalogObject)


def _is_mapping(hint: Any) -> bool:
    return get_origin(hint) in {Mapping, dict} and get_args(hint)[0] is not str


def _pairs(hint: Any, made: cattrs.Converter) -> Any:
    key, item = get_args(hint)
    return lambda value: sorted(
        ([made.unstructure(k, key), made.unstructure(v, item)] for k, v in value.items()), key=lambda pair: to_bytes(pair[0])
    )


def _structure_pairs(body: Any, hint: Any, made: cattrs.Converter) -> dict[Any, Any]:
    key, item = get_args(hint)
    if not isinstance(body, list):
        raise TypeError("pairs must be a list")
    return {made.structure(k, key): made.structure(v, item) for k, v in body}


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in {Union, UnionType} and Unavailable in get_args(hint) and set(get_args(hint)) != _NO_REASON


def _other(hint: Any) -> Any:
    """What the fact is where it is there: one type, or that or None."""
    others = [each for each in get_args(hint) if each is not Unavailable]
    rest = [each for each in others if each is not NoneType]
    return rest[0] if len(others) == 1 else rest[0] | None


def _union(hint: Any, made: cattrs.Converter) -> Any:
    other = _other(hint)

    def write(value: Any) -> Any:
        if isinstance(value, Unavailable):
            return {_UNAVAILABLE: made.unstructure(value, Unavailable)}
        return made.unstructure(value, other)

    return write


def _structure_union(body: Any, hint: Any, made: cattrs.Converter) -> Any:
    if isinstance(body, dict) and body.keys() == {_UNAVAILABLE}:
        return made.structure(body[_UNAVAILABLE], Unavailable)
    return made.structure(body, _other(hint))
