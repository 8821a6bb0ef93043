"""What is made equal before a comparison: one named function for each reason, never inside equality.

PostgreSQL itself does most of it (both sides are read back from a catalog). What is left:

``common_column_order``   the order of columns is compared among the columns that both tables have; one that only one
                          side has is a difference of its own and must not make every later column one.
``unstated_owner``        in a shadow, whatever the SQL gives no owner belongs to the role that happened to apply it.
                          Against a live database such an owner has no meaning, and any owner counts as equal.
``unstated_by_actual``    the same where the actual side is the shadow, and the expected one a live database.
``unstated_database``     the same for attributes of the database itself: those that the SQL does not set were set when the
                          live database was created.
``one_text``              expressions and options of which PostgreSQL prints several spellings (see ``spelling``).
``own_columns_in_order``  the place of a column that is only inherited depends on when the parent got it: ``pg_dump`` does
                          not write it, and a restored dump changes it. Partitions keep an order of their own.
``attached_tablespace``   a tablespace that is attached to a hypertable becomes that of its table: one difference, not two.
``no_default``            a child or partition without the default of its parent is written ``DEFAULT NULL`` by ``pg_dump``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from migration_audit.compare.spelling import (
    one_spelling,
    one_spelling_of_default,
    one_spelling_of_option,
    one_spelling_of_routine,
)
from migration_audit.model.access import Database
from migration_audit.model.finding import Severity
from migration_audit.model.identifiers import dotted, made_name, quoted
from migration_audit.model.objects import CatalogObject, Key
from migration_audit.model.relations import Column, Constraint, Table
from migration_audit.model.routines import Routine
from migration_audit.model.timescale import HypertableTablespaces

Pair = tuple[CatalogObject, CatalogObject]
Objects = Mapping[Key, CatalogObject]

_EXPRESSIONS = ("default", "definition", "partition_bound", "partition_key", "using", "check")
"""The fields that hold what the server's deparser printed."""
_OF_WHOEVER_RUNS_IT = ("owner", "privileges", "connection_limit")
"""What the administrator of the server decides about a database; its settings and its comment may be a migration's."""
_OF_NUMBERS = re.compile("smallint|integer|bigint|numeric|real|double precision")
_UNCHOSEN = re.compile(r".+_not_null\d*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedSides:
    """Both sides of one comparison, with the role that applied the SQL where a side is a shadow and the other is not."""

    expected: Objects
    actual: Objects
    expected_applied_by: str | None
    actual_applied_by: str | None


def normalised(expected: CatalogObject, actual: CatalogObject, sides: ComparedSides) -> Pair:
    """Two objects of one key after every rule for their class, in order."""
    for cls, rule in _RULES:
        if isinstance(expected, cls) and isinstance(actual, cls):
            expected, actual = rule(expected, actual, sides)
    return expected, actual


def _common_column_order(expected: Table, actual: Table, sides: ComparedSides) -> Pair:
    shared = set(expected.column_order) & set(actual.column_order)
    return _only(expected, shared), _only(actual, shared)


def _only(table: Table, names: set[str]) -> Table:
    return replace(table, column_order=tuple(name for name in table.column_order if name in names))


def _unstated_owner(expected: CatalogObject, actual: CatalogObject, sides: ComparedSides) -> Pair:
    owner = getattr(expected, "owner", None)
    if owner is None or owner != sides.expected_applied_by:
        return expected, actual
    return expected, replace(actual, owner=owner)  # type: ignore[call-arg]  # both have the field


def _unstated_by_actual(expected: CatalogObject, actual: CatalogObject, sides: ComparedSides) -> Pair:
    owner = getattr(actual, "owner", None)
    if owner is None or owner != sides.actual_applied_by:
        return expected, actual
    return replace(expected, owner=owner), actual  # type: ignore[call-arg]  # both have the field


def _unstated_database(expected: Database, actual: Database, sides: ComparedSides) -> Pair:
    if sides.expected_applied_by is not None:
        unstated = {name: value for name in Database.compared() if not (value := getattr(expected, name))}
        actual = replace(actual, **unstated)
    if sides.actual_applied_by is not None:
        expected = replace(expected, **{name: getattr(actual, name) for name in _OF_WHOEVER_RUNS_IT})
    return expected, actual


def _one_text(expected: CatalogObject, actual: CatalogObject, sides: ComparedSides) -> Pair:
    """A text of ``actual`` that says the same in another spelling is spelled as in ``expected``."""
    if expected == actual:
        return expected, actual
    spell: Callable[[str], str] = one_spelling
    if isinstance(expected, Routine):
        spell = one_spelling_of_routine
    elif isinstance(expected, Column) and _OF_NUMBERS.match(expected.type):
        spell = one_spelling_of_default
    same: dict[str, Any] = {}
    for name in (*_EXPRESSIONS, "options"):
        one = one_spelling_of_option if name == "options" else spell
        left, right = getattr(expected, name, None), getattr(actual, name, None)
        if left != right and left and right and _spelled(left, one) == _spelled(right, one):
            same[name] = left
    return expected, replace(actual, **same) if same else actual


def _spelled(value: str | tuple[str, ...], spell: Callable[[str], str]) -> tuple[str, ...]:
    return (spell(value),) if isinstance(value, str) else tuple(map(spell, value))


def _own_columns_in_order(expected: Table, actual: Table, sides: ComparedSides) -> Pair:
    def own(table: Table, objects: Objects) -> set[str]:
        columns = {name: objects.get(("column", f"{table.key}.{quoted(name)}")) for name in table.column_order}
        return {name for name, column in columns.items() if not (isinstance(column, Column) and not column.is_local)}

    inherits = expected.inherits and actual.inherits and not (expected.partition_bound or actual.partition_bound)
    if not inherits or expected.column_order == actual.column_order:
        return expected, actual
    declared = own(expected, sides.expected) | own(actual, sides.actual)
    is_same = _only(expected, declared).column_order == _only(actual, declared).column_order
    return expected, replace(actual, column_order=expected.column_order) if is_same else actual


def _attached_tablespace(expected: Table, actual: Table, sides: ComparedSides) -> Pair:
    def attached(table: Table, objects: Objects) -> tuple[str, ...]:
        found = objects.get((HypertableTablespaces.kind, table.key))
        return found.tablespaces if isinstance(found, HypertableTablespaces) else ()

    if expected.tablespace == actual.tablespace:
        return expected, actual
    left, right = attached(expected, sides.expected), attached(actual, sides.actual)
    is_reported = left != right and expected.tablespace in (None, *left) and actual.tablespace in (None, *right)
    return expected, replace(actual, tablespace=expected.tablespace) if is_reported else actual


def _no_default(expected: Column, actual: Column, sides: ComparedSides) -> Pair:
    def lacks_parents(column: Column, objects: Objects) -> bool:
        table = objects.get(column.belongs_to)
        is_null = column.default is None or column.default == f"NULL::{_without_length(column.type)}"
        return is_null and isinstance(table, Table) and bool(table.inherits)

    # Of a domain, NULL is more than nothing: it replaces another default.
    if (
        expected.default != actual.default
        and lacks_parents(expected, sides.expected)
        and lacks_parents(actual, sides.actual)
    ):
        return expected, replace(actual, default=expected.default)
    return expected, actual


_RULES: tuple[tuple[type[CatalogObject], Callable[[Any, Any, ComparedSides], Pair]], ...] = (
    (Table, _common_column_order),
    (Table, _own_columns_in_order),
    (Table, _attached_tablespace),
    (Column, _no_default),
    (CatalogObject, _one_text),
    (CatalogObject, _unstated_owner),
    (Database, _unstated_database),
    (CatalogObject, _unstated_by_actual),
)


def _without_length(type_name: str) -> str:
    """A type as a cast of NULL to it is printed: ``character varying`` of ``character varying(20)``."""
    bare = re.sub(r"\(\d+(?:,-?\d+)?\)", "", type_name)
    bare = re.sub(r"^interval [a-z ]+", "interval", bare)
    return re.sub(r"^character(?! varying)", "bpchar", bare)


def pair_not_null(expected_side: Objects, actual_side: Objects) -> tuple[Objects, Objects, dict[Key, str]]:
    """Both sides with the NOT NULL constraints of one column under one key; by key, the name that the actual side has.

    PostgreSQL 18 has such constraints, and mostly generates their names. A catalog is read with those that say more than the
    column does: a name of their own, NO INHERIT, NOT VALID, a comment. Where only one side has such a one, the column of the
    other side has a plain one, so that the two are compared as what they are.
    """
    names: dict[Key, str] = {}
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
    """How much it weighs that a NOT NULL constraint of this name has another one: nothing, where PostgreSQL generated it.

    It makes the name of the table and the column as they are called when the constraint is made, and keeps it when they are
    renamed. So a name that ends in ``_not_null`` counts as generated.
    Source: https://www.postgresql.org/docs/18/sql-createtable.html and ChooseConstraintName in PostgreSQL.
    """
    return Severity.INFO if _UNCHOSEN.fullmatch(name) else Severity.BLOCKER


def _by_column(objects: Objects) -> dict[str, Constraint]:
    found = [each for each in objects.values() if isinstance(each, Constraint) and each.type == "not null"]
    return {dotted(each.schema, each.table, each.not_null_column): each for each in found}


def _plain(key: str, objects: Objects, like: Constraint) -> Constraint | None:
    """The constraint that PostgreSQL gives to a NOT NULL column by itself; None where the column may be null."""
    column = objects.get(("column", key))
    if not isinstance(column, Column) or not column.not_null:
        return None
    name = made_name(column.table, column.name, "not_null")
    definition = like.definition.removesuffix(" NOT VALID").removesuffix(" NO INHERIT")
    return replace(like, name=name, definition=definition, validated=True, is_local=column.is_local, comment=None)
