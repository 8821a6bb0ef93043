"""What is made equal before a comparison: one named function for each reason, never inside equality.

PostgreSQL itself does most of it (both sides are read back from a catalog). What is left:

``common_column_order``   the order of columns is compared among the columns that both tables have; one that only one
                          side has is a difference of its own and must not make every later column one.
``unstated_owner``        in a shadow, whatever the SQL gives no owner belongs to the role that happened to apply it.
                          Against a live database such an owner says nothing, and any owner is taken for equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from migration_audit.model.objects import CatalogObject
from migration_audit.model.relations import Table

Pair = tuple[CatalogObject, CatalogObject]


def common_column_order(expected: CatalogObject, actual: CatalogObject) -> Pair:
    """Both tables with the columns that they share, each in its own order."""
    if not (isinstance(expected, Table) and isinstance(actual, Table)):
        return expected, actual
    shared = set(expected.column_order) & set(actual.column_order)
    return _only(expected, shared), _only(actual, shared)


def _only(table: Table, names: set[str]) -> Table:
    return replace(table, column_order=tuple(name for name in table.column_order if name in names))


def unstated_owner(applied_by: str | None) -> Callable[[CatalogObject, CatalogObject], Pair]:
    """A normaliser that takes the owner ``applied_by`` on the expected side for "not stated"."""

    def normalise(expected: CatalogObject, actual: CatalogObject) -> Pair:
        owner = getattr(expected, "owner", None)
        if applied_by is None or owner != applied_by or not hasattr(actual, "owner"):
            return expected, actual
        return expected, replace(actual, owner=owner)  # type: ignore[call-arg]  # both have the field

    return normalise


def apply_all(normalisers: Iterable[Callable[[CatalogObject, CatalogObject], Pair]], pair: Pair) -> Pair:
    """The pair after every normaliser, in order."""
    for normalise in normalisers:
        pair = normalise(*pair)
    return pair
