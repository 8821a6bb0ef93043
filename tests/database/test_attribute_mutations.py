"""The comparison is blind to no attribute: each one of each object of a real catalog is changed, and has to be reported.

The table is made of the dataclasses' fields, so that a new attribute is covered at once. Each is changed on either side, to
another value, from nothing and to nothing; what a rule takes for equal is named here with the reason.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest

from database.test_catalog_kinds_pg_dump import cases, sides  # noqa: F401  fixtures
from database.test_timescale_fleet import fleet, whole  # noqa: F401  fixtures
from migration_audit.catalog.queries import CLUSTER_KINDS, KINDS, TIMESCALEDB_KINDS
from migration_audit.compare import compare
from migration_audit.model.drift import Drift
from migration_audit.model.objects import CatalogObject
from migration_audit.model.snapshot import RolesRead, Snapshot
from migration_audit.model.timescale import GranularRefresh, HypertableTablespaces

pytestmark = [pytest.mark.server, pytest.mark.timescale]

CLASSES = {cls.kind: cls for cls in (*KINDS.values(), *CLUSTER_KINDS.values(), *TIMESCALEDB_KINDS.values())}
COMPARED = [(kind, name) for kind, cls in sorted(CLASSES.items()) for name in cls.compared()]

SHOWN_ONLY = {
    "relation": "the kind of the relation: its own object, a table or a view, is missing or unexpected where it is another",
    "unique": "in an index's definition",
    "constraint": "the constraint is an object of its own",
    "signature": "the definition without the name",
    "columns": "the definition, for people",
    "encoding": "in the key of a collation",
}
"""Fields that are not compared, with what says the same."""

NOT_READ = {("role", "password")}
"""Attributes whose None says that the role may not read them: neither equal nor different."""

MADE = (
    HypertableTablespaces(schema="public", table="m", tablespaces=("fast", "slow")),
    GranularRefresh(schema="public", table="m", column="ts", start_offset="7 days", end_offset="1 hour"),
)
"""What neither catalog has: tablespaces are the whole server's, and granular refresh came with TimescaleDB 2.27."""


@pytest.fixture(scope="module")
def any_cluster(cluster: Any) -> Any:
    """The usual server."""
    return cluster


@pytest.fixture(scope="module")
def catalogs(sides: tuple[Snapshot, Snapshot], whole: Snapshot) -> tuple[Snapshot, Snapshot]:  # noqa: F811
    """A catalog with every kind of PostgreSQL, and one with every kind of TimescaleDB's Community edition."""
    return sides[1], replace(whole, roles=RolesRead.OWN, objects=(*whole.objects, *MADE))


def of_kind(catalogs: tuple[Snapshot, Snapshot], kind: str) -> Iterator[tuple[Snapshot, CatalogObject]]:
    for catalog in catalogs:
        for obj in catalog.objects:
            if obj.kind == kind:
                yield catalog, obj


def other_values(obj: CatalogObject, name: str) -> Iterator[Any]:
    """Other values than the object has, of the attribute's type."""
    value = getattr(obj, name)
    kinds = _types(type(obj), name)
    if type(None) in kinds and value is not None:
        yield None
    for kind in kinds - {type(None)}:
        origin = typing.get_origin(kind) or kind
        if origin is bool:
            yield not value
        elif origin is int:
            yield (value or 0) + 1
        elif origin is tuple:
            yield from _other_tuples(value, name)
        else:
            yield f"{value or ''} otherwise"


def _other_tuples(value: tuple[str, ...], name: str) -> Iterator[Any]:
    if name == "column_order":  # a column that one side alone has is a difference of its own
        yield from [value[::-1]] if len(value) > 1 else []
        return
    yield (*value, "zz=otherwise")
    if value:
        yield value[:-1]


def _types(cls: type[CatalogObject], name: str) -> set[Any]:
    hint = typing.get_type_hints(cls)[name]
    return set(typing.get_args(hint)) if isinstance(hint, types.UnionType) else {hint}


def reported(drift: Drift, obj: CatalogObject, name: str) -> bool:
    """Whether the attribute is a difference of this object; of NOT_READ, also whether it is named as not known."""
    found = {(d.kind, d.key, change.name) for d in drift.differences for change in d.fields}
    if (obj.kind, name) in NOT_READ:
        found |= {(n.kind, n.key, n.attribute) for n in drift.not_known}
    return (obj.kind, obj.key, name) in found


def only(catalog: Snapshot, obj: CatalogObject, changed: CatalogObject) -> Snapshot:
    return replace(catalog, objects=tuple(changed if one is obj else one for one in catalog.objects))


@pytest.mark.parametrize(("kind", "name"), COMPARED, ids=lambda value: str(value).replace(" ", "_"))
def test_an_attribute_that_differs_is_reported(catalogs: tuple[Snapshot, Snapshot], kind: str, name: str) -> None:
    found = list(of_kind(catalogs, kind))
    assert found, f"no catalog has {kind}: make one in test_catalog_kinds_pg_dump.py or test_timescale_fleet.py"
    tried = 0
    for catalog, obj in _varied(found, name):
        for value in other_values(obj, name):
            changed = only(catalog, obj, replace(obj, **{name: value}))  # type: ignore[arg-type]
            assert reported(compare(expected=catalog, actual=changed), obj, name), (obj.key, getattr(obj, name), value)
            assert reported(compare(expected=changed, actual=catalog), obj, name), (obj.key, value, getattr(obj, name))
            tried += 1
    assert tried


def _varied(found: list[tuple[Snapshot, CatalogObject]], name: str) -> list[tuple[Snapshot, CatalogObject]]:
    """One object with each value that the attribute has in the catalogs, a few of them."""
    by_value = {repr(getattr(obj, name)): (catalog, obj) for catalog, obj in reversed(found)}
    return list(by_value.values())[:3]


def test_what_is_not_compared_is_named() -> None:
    shown = {each.name for cls in CLASSES.values() for each in fields(cls) if not each.compare}
    assert shown == SHOWN_ONLY.keys()
    assert all({*cls.identity} <= {each.name for each in fields(cls)} for cls in CLASSES.values())
