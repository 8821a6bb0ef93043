"""A missing and an unexpected object that are the same but for their name are one object that was renamed.

No catalog records renames: the two are treated as one where only the name differs and no third object is a candidate. A
column also has to have the same place between columns that both tables have. Whatever differs only because it names what was
renamed belongs to the rename. A rename is as much of a difference as the missing object is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from migration_audit.compare.spelling import one_spelling
from migration_audit.model.drift import Difference, DiffVerdict, FieldChange
from migration_audit.model.finding import Severity
from migration_audit.model.identifiers import dotted, parts_of, quoted, sql_name, sql_name_of
from migration_audit.model.objects import CatalogObject, Key, owners
from migration_audit.model.relations import Column, Constraint, Index, Table
from migration_audit.model.relations import Sequence as SequenceObject

Objects = Mapping[Key, CatalogObject]
Shape = tuple[Any, ...]
_NOT_IDENTITY = {"comment", "owner", "privileges"}
"""Attributes about an object that are not part of what it is."""


def renamed_tables(want: Objects, have: Objects) -> dict[str, str]:
    """Keys of tables that only ``have`` has, with the keys that ``want`` has for them."""
    missing = _tables(want, have)
    unexpected = _tables(have, want) if missing else {}
    pairs = ((unexpected.get(shape, []), keys) for shape, keys in missing.items())
    return {old[0]: new[0] for old, new in pairs if len(old) == len(new) == 1}


def _tables(objects: Objects, others: Objects) -> dict[Shape, list[str]]:
    found: dict[Shape, list[str]] = {}
    for (kind, key), obj in objects.items():
        if isinstance(obj, Table) and (kind, key) not in others and obj.column_order:
            columns = [objects.get(("column", f"{key}.{quoted(name)}")) for name in obj.column_order]
            shape = ("table", obj.schema, _attributes(obj), tuple(_attributes(c) for c in columns if isinstance(c, Column)))
            found.setdefault(shape, []).append(key)
    return found


def _attributes(obj: Table | Column) -> Shape:
    own = (getattr(obj, name) for name in type(obj).compared() if name not in _NOT_IDENTITY)
    # The sequence of a serial column is named after the table.
    return tuple("serial" if isinstance(v, str) and v.startswith("nextval(") else v for v in own)


def under_new_names(objects: Objects, tables: Mapping[str, str]) -> Objects:
    """The objects with everything that belongs to these tables as it is once the tables are renamed."""
    if not tables:
        return objects
    moved: dict[Key, CatalogObject] = {}
    for key, obj in objects.items():
        table = next((name for _, name in (key, *owners(obj, objects)) if name in tables), None)
        new = _moved(obj, table, tables[table]) if table else obj
        moved[new.kind, new.key] = new
    return moved


def _moved(obj: CatalogObject, old: str, new: str) -> CatalogObject:
    to = parts_of(new)[-1]
    changes: dict[str, Any] = {}
    for each in fields(obj):
        value = getattr(obj, each.name)
        if (each.name == "table" and value == parts_of(old)[-1]) or (each.name == "name" and isinstance(obj, Table)):
            changes[each.name] = to
        elif each.name not in obj.identity:
            changes[each.name] = _replaced(value, old, new)
    return replace(obj, **changes)


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, tuple):
        return tuple(_replaced(each, old, new) for each in value)
    if not isinstance(value, str):
        return value
    if value == old or value.startswith(f"{old}."):  # the key of the table, or of a column: no SQL, which quotes keywords
        return new + value.removeprefix(old)
    return _with_name(value, {old, sql_name_of(old)}, sql_name_of(new))


def _with_name(text: str, spelled: set[str], new: str) -> str:
    """The text with a name, in any of its spellings, as another; parts of longer names stay."""
    any_of = "|".join(map(re.escape, sorted(spelled, key=len, reverse=True)))
    return re.sub(rf'(?<![\w"$.])(?:{any_of})(?![\w"$])', lambda _: new, text)


def as_renames(found: Sequence[Difference], want: Objects, have: Objects) -> Iterator[Difference]:
    """The differences with each pair of a missing and an unexpected one that are the same as one."""
    missing_kinds = {each.kind for each in found if each.verdict is DiffVerdict.MISSING}
    could_be = {each.kind for each in found if each.verdict is DiffVerdict.UNEXPECTED and each.kind in missing_kinds}
    shapes: dict[Shape, dict[DiffVerdict, list[Difference]]] = {}
    for difference in found:
        if difference.kind not in could_be or difference.verdict is DiffVerdict.CHANGED:
            continue
        if shape := _shape(difference.present_object, want, have):
            shapes.setdefault(shape, {}).setdefault(difference.verdict, []).append(difference)
    renamed: dict[Key, Difference] = {}
    dropped: set[Key] = set()
    for sides in shapes.values():
        missing, unexpected = sides.get(DiffVerdict.MISSING, []), sides.get(DiffVerdict.UNEXPECTED, [])
        if len(missing) == len(unexpected) == 1:
            one, other = missing[0], unexpected[0]
            renamed[one.kind, one.key] = rename_of(one.present_object, other.present_object)
            dropped.add((other.kind, other.key))
    for difference in found:
        key = (difference.kind, difference.key)
        if key in dropped and difference.verdict is DiffVerdict.UNEXPECTED:
            continue
        known = renamed.get(key) if difference.verdict is DiffVerdict.MISSING else None
        yield known or _of_a_rename(difference, renamed.values())


def rename_of(expected: CatalogObject, actual: CatalogObject, severity: Severity = Severity.BLOCKER) -> Difference:
    """The difference between an object and itself under another name."""
    change = FieldChange(
        name="name", expected=getattr(expected, "name", ""), actual=getattr(actual, "name", ""), severity=severity
    )
    return Difference(
        verdict=DiffVerdict.RENAMED,
        kind=expected.kind,
        key=expected.key,
        severity=severity,
        fields=(change,),
        expected=expected,
        actual=actual,
        actual_key=actual.key,
        note=f"the same except for its name: {actual.key}" if severity is Severity.BLOCKER else None,
    )


def _shape(obj: CatalogObject, want: Objects, have: Objects) -> Shape | None:
    """What an object is without its name; None where names are all there is, or too much of it."""
    match obj:
        case Index() if obj.signature:
            return ("index", one_spelling(obj.signature), obj.constraint is None, obj.valid, obj.tablespace)
        case Constraint():
            return ("constraint", obj.schema, obj.table, obj.type, one_spelling(obj.definition), obj.is_local)
        case SequenceObject() if obj.owned_by:
            return ("sequence", obj.schema, *(getattr(obj, name) for name in obj.compared() if name not in _NOT_IDENTITY))
        case Column(relation="table"):
            return _shape_of_column(obj, want, have)
    return None


def _shape_of_column(column: Column, want: Objects, have: Objects) -> Shape | None:
    """A column's attributes and its place: the nearest columns that both tables have, and the position between them."""
    table = ("table", dotted(column.schema, column.table))
    left, right = want.get(table), have.get(table)
    if not (isinstance(left, Table) and isinstance(right, Table)):
        return None
    shared = set(left.column_order) & set(right.column_order)
    runs = [_run(side.column_order, column.name, shared) for side in (left, right) if column.name in side.column_order]
    attributes = tuple(getattr(column, name) for name in column.compared() if name not in _NOT_IDENTITY)
    return ("column", *table, *runs[:1], attributes) if runs else None


def _run(order: tuple[str, ...], name: str, shared: set[str]) -> Shape:
    at = order.index(name)
    before = next((n for n in range(at - 1, -1, -1) if order[n] in shared), -1)
    after = next((n for n in range(at + 1, len(order)) if order[n] in shared), len(order))
    ends = (order[n] if 0 <= n < len(order) else None for n in (before, after))
    return (*ends, at - before, after - before)


def _of_a_rename(difference: Difference, renamed: Iterator[Difference] | Any) -> Difference:
    """The difference with the rename that it comes of, where it is nothing but another name in a text."""
    if difference.verdict is not DiffVerdict.CHANGED:
        return difference
    for one in renamed:
        changed = [change.name for change in difference.fields if change.name not in _NOT_IDENTITY]
        if (
            len(changed) == len(difference.fields)
            and _is_about(difference.present_object, one)
            and all(_says_the_same(difference, name, one) for name in changed)
        ):
            return replace(difference, part_of=(one.kind, one.key))
    return difference


def _is_about(obj: CatalogObject, one: Difference) -> bool:
    """Of a column only what is on its table, since bare names in other places may be others'."""
    if not isinstance(one.present_object, Column):
        return True
    table = dotted(one.present_object.schema, one.present_object.table)
    if isinstance(obj, Table | Index):
        return table == (obj.key if isinstance(obj, Table) else obj.table)
    if isinstance(obj, SequenceObject):
        return (obj.owned_by or "").startswith(f"{table}.")
    schema, name = (getattr(obj, part, None) for part in ("schema", "table"))  # default privileges may be of no schema
    return schema is not None and name is not None and table == dotted(schema, name)


def _says_the_same(difference: Difference, name: str, one: Difference) -> bool:
    left, right = getattr(difference.expected, name), getattr(difference.actual, name)
    old, new = one.actual, one.expected
    if old is None or new is None:
        return False
    if isinstance(old, Column) and isinstance(new, Column):
        return bool(left == _with_column(right, old.name, new.name))
    return bool(left == _replaced(right, old.key, new.key))


def _with_column(value: Any, old: str, new: str) -> Any:
    if isinstance(value, tuple):
        return tuple(_with_column(each, old, new) for each in value)
    if not isinstance(value, str):
        return value
    if value == old:
        return new
    return _with_name(value, {quoted(old), sql_name(old)}, sql_name(new))
