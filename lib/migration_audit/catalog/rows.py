"""From result rows to frozen facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar, get_origin, get_type_hints

from psycopg import Cursor
from psycopg.rows import RowMaker

from migration_audit.model.objects import CatalogObject
from migration_audit.model.redacted import MARK, unmarked

InstanceT = TypeVar("InstanceT")

RowId = tuple[int, int]
"""``xmin`` and ``cmin`` of a catalog row: the transaction, and the command in it, that wrote the row."""

ORIGIN = "origin"
"""Name of the last column of each query: the row's ``xmin,cmin``."""


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """An object with its name, and the catalog row that it comes from."""

    key: tuple[str, str]
    """Kind and key."""
    obj: CatalogObject
    origin: RowId


class VanishedError(Exception):
    """An object was dropped between two looks at the catalog: its row is there, its definition is not."""


class ObjectRowFactory:
    """Makes an ``ObjectRow`` of each row; equal strings of all rows are kept once, as most of them repeat."""

    def __init__(self, cls: type[CatalogObject], keep: dict[str, str]) -> None:
        """``keep`` is shared by the factories of one reading."""
        self._cls = cls
        self._keep = keep

    def __call__(self, cursor: Cursor[Any]) -> RowMaker[ObjectRow]:
        """The maker for this result; raises TypeError if its columns are not the class's fields plus ``origin``."""
        names = [column.name for column in cursor.description or ()]
        if not names:
            return _no_row
        expected = [f.name for f in fields(self._cls)]
        if sorted(names[:-1]) != sorted(expected) or names[-1] != ORIGIN:
            raise TypeError(f"the query of {self._cls.__name__} gives {names}, not {[*expected, ORIGIN]}")
        return self._maker(names[:-1])

    def _maker(self, names: list[str]) -> RowMaker[ObjectRow]:
        """Columns are sorted by what is to be done with them once, and not for each of a hundred thousand values."""
        cls, once = self._cls, self._keep.setdefault
        hints = get_type_hints(cls)
        lists = [i for i, name in enumerate(names) if get_origin(hints[name]) is tuple]
        # Where a query gives a value that may be a secret, it is an option, or a job's setting.
        options = [i for i in lists if names[i] in {"options", "config", "settings"}]
        texts = [i for i, name in enumerate(names) if hints[name] is str]
        optional_texts = [i for i, name in enumerate(names) if hints[name] == str | None]

        def make(values: Sequence[Any]) -> ObjectRow:
            row = list(values)
            for i in texts:
                if (text := row[i]) is None:
                    raise VanishedError(f"a {cls.kind} was dropped")
                row[i] = once(text, text)
            for i in optional_texts:
                if (text := row[i]) is not None:
                    row[i] = once(text, text)
            for i in options:
                if row[i] and MARK in "".join(row[i]):
                    row[i] = [unmarked(item) for item in row[i]]
            for i in lists:
                row[i] = tuple([once(item, item) for item in row[i]])
            if (origin := row.pop()) is None:
                raise VanishedError(f"a {cls.kind} was dropped")
            xmin, _, cmin = origin.partition(",")
            obj = cls(**dict(zip(names, row, strict=True)))
            return ObjectRow((cls.kind, obj.key), obj, (int(xmin), int(cmin)))

        return make


def _no_row(values: Sequence[Any]) -> ObjectRow:
    raise AssertionError("a result without columns cannot have rows")


def instance_rows(cls: type[InstanceT]) -> Callable[[Cursor[Any]], RowMaker[InstanceT]]:
    """Like psycopg's ``class_row``, with tuples for lists, so that the values can be compared and hashed."""

    def factory(cursor: Cursor[Any]) -> RowMaker[InstanceT]:
        names = [column.name for column in cursor.description or ()]

        def make(values: Sequence[Any]) -> InstanceT:
            return cls(**dict(zip(names, map(_frozen, values), strict=True)))

        return make

    return factory


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
