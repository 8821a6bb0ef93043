"""NOT NULL constraints of PostgreSQL 18, whose names PostgreSQL mostly generates.

A catalog is read with those that say more than the column does: a name of their own, NO INHERIT, NOT VALID, a comment. Where
only one side has such a one, the column of the other side has a plain one, so that the two are compared as what they are.

PostgreSQL makes the name of the table and the column as they are called when the constraint is made, and keeps it when
they are renamed. So a name that ends in ``_not_null`` counts as generated: another one is information.
Source: https://www.postgresql.org/docs/18/sql-createtable.html and ChooseConstraintName in PostgreSQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from migration_audit.model.drift import Severity
from migration_audit.model.identifiers import dotted, made_name, parts_of
from migration_audit.model.objects import CatalogObject
from migration_audit.model.relations import Column, Constraint

Objects = Mapping[tuple[str, str], CatalogObject]
_UNCHOSEN = re.compile(r".+_not_null\d*")


def pair_not_null(expected_side: Objects, actual_side: Objects) -> tuple[Objects, Objects, dict[tuple[str, str], str]]:
    """Both sides with the NOT NULL constraints of one column under one key; by key, the name that the actual side has."""
    names: dict[tuple[str, str], str] = {}
    expected, actual = _by_column(expected_side), _by_column(actual_side)
    if not (expected or actual):
        return expected_side, actual_side, names
    want, have = dict(expected_side), dict(actual_side)
    for column in expected.keys() | actual.keys():
        left = expected.get(column) or _plain(column, want, actual[column])
        right = actual.get(column) or _plain(column, have, expected[column])
        if left is None or right is None:
            continue
        have.pop((right.kind, right.key), None)
        want[left.kind, left.key] = left
        have[left.kind, left.key] = replace(right, name=left.name)
        if left.name != right.name:
            names[left.kind, left.key] = right.name
    return want, have, names


def weight_of_name(name: str) -> Severity:
    """How much it weighs that a NOT NULL constraint of this name has another one: nothing, where PostgreSQL generated it."""
    return Severity.INFO if _UNCHOSEN.fullmatch(name) else Severity.BLOCKER


def _by_column(objects: Objects) -> dict[str, Constraint]:
    found = [each for each in objects.values() if isinstance(each, Constraint) and each.type == "not null"]
    return {dotted(each.schema, each.table, _column(each)): each for each in found}


def _column(constraint: Constraint) -> str:
    return parts_of(constraint.definition.removeprefix("NOT NULL "))[0]


def _plain(key: str, objects: Objects, like: Constraint) -> Constraint | None:
    """What a column without a constraint of its own to tell has; nothing where it may be null."""
    column = objects.get(("column", key))
    if not isinstance(column, Column) or not column.not_null:
        return None
    name = made_name(column.table, column.name, "not_null")
    definition = like.definition.removesuffix(" NOT VALID").removesuffix(" NO INHERIT")
    return replace(like, name=name, definition=definition, validated=True, is_local=column.is_local, comment=None)
