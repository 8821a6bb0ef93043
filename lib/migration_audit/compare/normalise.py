"""What is made equal before a comparison: one named function for each reason, never inside equality.

PostgreSQL itself does most of it (both sides are read back from a catalog). What is left:

``common_column_order``   the order of columns is compared among the columns that both tables have; one that only one
                          side has is a difference of its own and must not make every later column one.
``unstated_owner``        in a shadow, whatever the SQL gives no owner belongs to the role that happened to apply it.
                          Against a live database such an owner says nothing, and any owner is taken for equal.
``unstated_by_actual``    the same where the actual side is the shadow, and the expected one somebody's database.
``unstated_database``     the same for what can be said of the database itself: what the SQL does not say of it, whoever made
                          the live database has said.
``one_text``              expressions of which PostgreSQL prints several spellings (see ``spelling``).
``own_columns_in_order``  the place of a column that is only inherited depends on when the parent got it: ``pg_dump`` does
                          not tell it, and a restored dump changes it. Partitions keep an order of their own.
``attached_tablespace``   a tablespace that is attached to a hypertable becomes that of its table: one difference, not two.
``no_default``            a child or partition without the default of its parent is written ``DEFAULT NULL`` by ``pg_dump``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from migration_audit.compare.spelling import one_spelling, one_spelling_of_routine
from migration_audit.model.access import Database
from migration_audit.model.finding import Severity
from migration_audit.model.identifiers import dotted, made_name, parts_of, quoted
from migration_audit.model.objects import CatalogObject
from migration_audit.model.relations import Column, Constraint, Table
from migration_audit.model.routines import Routine
from migration_audit.model.timescale import HypertableTablespaces

Pair = tuple[CatalogObject, CatalogObject]
Objects = Mapping[tuple[str, str], CatalogObject]

_EXPRESSIONS = ("default", "definition", "partition_bound", "partition_key", "using", "check")
"""The fields that hold what the server's deparser printed."""
_OF_WHOEVER_RUNS_IT = ("owner", "privileges", "connection_limit")
"""What whoever runs the server decides about a database; its settings and its comment may be a migration's."""
_UNCHOSEN = re.compile(r".+_not_null\d*")


def rules(
    want: Objects, have: Objects, applied_by: str | None, actual_applied_by: str | None = None
) -> tuple[Callable[[CatalogObject, CatalogObject], Pair], ...]:
    """All of them, for one comparison of these objects; see ``unstated_owner`` and ``unstated_by_actual`` for the roles."""
    return (
        common_column_order,
        own_columns_in_order(want, have),
        attached_tablespace(want, have),
        no_default(want, have),
        one_text,
        unstated_owner(applied_by),
        unstated_database(applied_by),
        unstated_by_actual(actual_applied_by),
    )


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


def unstated_by_actual(applied_by: str | None) -> Callable[[CatalogObject, CatalogObject], Pair]:
    """A normaliser that takes the owner ``applied_by`` on the actual side for "not stated", and who may use the database."""

    def normalise(expected: CatalogObject, actual: CatalogObject) -> Pair:
        if applied_by is None:
            return expected, actual
        if isinstance(expected, Database) and isinstance(actual, Database):
            unstated = {name: getattr(actual, name) for name in _OF_WHOEVER_RUNS_IT}
            return replace(expected, **unstated), actual
        owner = getattr(actual, "owner", None)
        if owner != applied_by or not hasattr(expected, "owner"):
            return expected, actual
        return replace(expected, owner=owner), actual  # type: ignore[call-arg]  # both have the field

    return normalise


def unstated_database(applied_by: str | None) -> Callable[[CatalogObject, CatalogObject], Pair]:
    """A normaliser that takes what the expected side does not say of its database for "not stated"."""

    def normalise(expected: CatalogObject, actual: CatalogObject) -> Pair:
        if applied_by is None or not (isinstance(expected, Database) and isinstance(actual, Database)):
            return expected, actual
        unstated = {name: value for name in Database.compared() if not (value := getattr(expected, name))}
        return expected, replace(actual, **unstated)

    return normalise


def one_text(expected: CatalogObject, actual: CatalogObject) -> Pair:
    """Both as they are, but a text of ``actual`` that says the same in another spelling is spelled as in ``expected``."""
    if expected == actual:
        return expected, actual
    spell = one_spelling_of_routine if isinstance(expected, Routine) else one_spelling
    same: dict[str, Any] = {}
    for name in _EXPRESSIONS:
        left, right = getattr(expected, name, None), getattr(actual, name, None)
        if left != right and left and right and _spelled(left, spell) == _spelled(right, spell):
            same[name] = left
    return expected, replace(actual, **same) if same else actual


def _spelled(value: str | tuple[str, ...], spell: Callable[[str], str]) -> tuple[str, ...]:
    return (spell(value),) if isinstance(value, str) else tuple(map(spell, value))


def own_columns_in_order(want: Objects, have: Objects) -> Callable[[CatalogObject, CatalogObject], Pair]:
    """A normaliser that compares the order of those columns which a table that inherits declares itself."""

    def own(table: Table, objects: Objects) -> set[str]:
        columns = {name: objects.get(("column", f"{table.key}.{quoted(name)}")) for name in table.column_order}
        return {name for name, column in columns.items() if not (isinstance(column, Column) and not column.is_local)}

    def normalise(expected: CatalogObject, actual: CatalogObject) -> Pair:
        if not (isinstance(expected, Table) and isinstance(actual, Table)) or expected.column_order == actual.column_order:
            return expected, actual
        if not (expected.inherits and actual.inherits) or expected.partition_bound or actual.partition_bound:
            return expected, actual
        declared = own(expected, want) | own(actual, have)
        is_same = _only(expected, declared).column_order == _only(actual, declared).column_order
        return expected, replace(actual, column_order=expected.column_order) if is_same else actual

    return normalise


def attached_tablespace(want: Objects, have: Objects) -> Callable[[CatalogObject, CatalogObject], Pair]:
    """A normaliser that leaves a table's tablespace to those of its hypertable where these differ already."""

    def attached(table: Table, objects: Objects) -> tuple[str, ...]:
        found = objects.get((HypertableTablespaces.kind, table.key))
        return found.tablespaces if isinstance(found, HypertableTablespaces) else ()

    def normalise(expected: CatalogObject, actual: CatalogObject) -> Pair:
        if not (isinstance(expected, Table) and isinstance(actual, Table)) or expected.tablespace == actual.tablespace:
            return expected, actual
        left, right = attached(expected, want), attached(actual, have)
        is_told = left != right and expected.tablespace in (None, *left) and actual.tablespace in (None, *right)
        return expected, replace(actual, tablespace=expected.tablespace) if is_told else actual

    return normalise


def no_default(want: Objects, have: Objects) -> Callable[[CatalogObject, CatalogObject], Pair]:
    """A normaliser that takes ``NULL::type`` for no default in tables that inherit on both sides."""

    def inherits(column: Column, objects: Objects) -> bool:
        table = objects.get(column.belongs_to or ("", ""))
        return isinstance(table, Table) and bool(table.inherits)

    def normalise(expected: CatalogObject, actual: CatalogObject) -> Pair:
        if not (isinstance(expected, Column) and isinstance(actual, Column)) or expected.default == actual.default:
            return expected, actual
        if _is_null(expected) and _is_null(actual) and inherits(expected, want) and inherits(actual, have):
            return expected, replace(actual, default=expected.default)
        return expected, actual

    return normalise


def _is_null(column: Column) -> bool:
    """No default, or NULL of the column's own type; of a domain, NULL is more than nothing: it replaces another default."""
    return column.default is None or column.default == f"NULL::{_without_length(column.type)}"


def _without_length(type_name: str) -> str:
    """A type as a cast of NULL to it is printed: ``character varying`` of ``character varying(20)``."""
    bare = re.sub(r"\(\d+(?:,-?\d+)?\)", "", type_name)
    bare = re.sub(r"^interval [a-z ]+", "interval", bare)
    return re.sub(r"^character(?! varying)", "bpchar", bare)


def apply_all(normalisers: Iterable[Callable[[CatalogObject, CatalogObject], Pair]], pair: Pair) -> Pair:
    """The pair after every normaliser, in order."""
    for normalise in normalisers:
        pair = normalise(*pair)
    return pair


def pair_not_null(expected_side: Objects, actual_side: Objects) -> tuple[Objects, Objects, dict[tuple[str, str], str]]:
    """Both sides with the NOT NULL constraints of one column under one key; by key, the name that the actual side has.

    PostgreSQL 18 has such constraints, and mostly generates their names. A catalog is read with those that say more than the
    column does: a name of their own, NO INHERIT, NOT VALID, a comment. Where only one side has such a one, the column of the
    other side has a plain one, so that the two are compared as what they are.
    """
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
    """How much it weighs that a NOT NULL constraint of this name has another one: nothing, where PostgreSQL generated it.

    It makes the name of the table and the column as they are called when the constraint is made, and keeps it when they are
    renamed. So a name that ends in ``_not_null`` counts as generated.
    Source: https://www.postgresql.org/docs/18/sql-createtable.html and ChooseConstraintName in PostgreSQL.
    """
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
