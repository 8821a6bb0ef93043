"""From result rows to frozen facts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cache
from itertools import chain, repeat
from operator import call, itemgetter
from typing import Any, TypeVar, get_origin, get_type_hints

from psycopg import Cursor
from psycopg.rows import RowMaker

from migration_audit.model.objects import CatalogObject
from migration_audit.model.redaction import MARK, unmarked

InstanceT = TypeVar("InstanceT")

RowId = tuple[int, int]
"""``xmin`` and ``cmin`` of a catalog row: the transaction, and the command in it, that wrote the row."""

ORIGIN = "origin"
"""Name of the last column of each query: the row's ``xmin,cmin``."""


class VanishedError(Exception):
    """An object was dropped between two looks at the catalog: its row is there, its definition is not."""


class ObjectRows:
    """A row factory that makes an object of each row, and keeps the row's origin apart, in the order of the rows.

    Equal strings of all rows are kept once, as most of them repeat.
    """

    def __init__(self, cls: type[CatalogObject], keep: dict[str, str]) -> None:
        """``keep`` is shared by the factories of one reading: equal texts of all rows are one object."""
        self.kind = cls.kind
        self.origins: list[str] = []
        """``xmin,cmin`` of each row that was taken."""
        self._cls = cls
        self._keep = keep

    def __call__(self, cursor: Cursor[Any]) -> RowMaker[CatalogObject]:
        """The maker for this result; raises TypeError if its columns are not the class's fields plus ``origin``."""
        names = [column.name for column in cursor.description or ()]
        if not names:
            return _no_row
        expected = [f.name for f in fields(self._cls)]
        if sorted(names[:-1]) != sorted(expected) or names[-1] != ORIGIN:
            raise TypeError(f"the query of {self._cls.__name__} gives {names}, not {[*expected, ORIGIN]}")
        return self._maker(names[:-1])

    def _maker(self, names: list[str]) -> RowMaker[CatalogObject]:
        """Columns are sorted by what is to be done with them once, and not for each of a hundred thousand values."""
        cls, kind, once, add_origin = self._cls, self.kind, self._keep.setdefault, self.origins.append
        hints = _types_of(cls)  # type: ignore[arg-type]  # mypy takes a class for unhashable
        lists = [i for i, name in enumerate(names) if get_origin(hints[name]) is tuple]
        # Where a query gives a value that may be a secret, it is an option, or a job's setting.
        options = [n for n, i in enumerate(lists) if names[i] in {"options", "config", "settings"}]
        texts = [i for i, name in enumerate(names) if hints[name] is str]
        optional_texts = [i for i, name in enumerate(names) if hints[name] == str | None]
        others = [i for i in range(len(names)) if i not in {*lists, *texts, *optional_texts}]
        get_texts, get_optional_texts, get_lists, get_others = map(
            _getter, ([*texts, len(names)], optional_texts, lists, others)
        )
        # Each value goes into its slot: what a frozen dataclass does itself, without a dictionary for each row.
        slots = [getattr(cls, names[i]).__set__ for i in (*texts, *optional_texts, *lists, *others)]
        finish = getattr(cls, "__post_init__", None)

        def known_items(items: tuple[list[str], ...]) -> list[list[str]]:
            found = list(items)
            for n in options:
                if found[n] and MARK in "".join(found[n]):
                    found[n] = [unmarked(item) for item in found[n]]
            return [list(map(once, item, item)) for item in found]

        def make(values: Sequence[Any]) -> CatalogObject:
            if None in (required := get_texts(values)):
                raise VanishedError(f"a {kind} was dropped")
            *known, origin = required
            optional, items = get_optional_texts(values), get_lists(values)
            filled = items if items.count([]) == len(items) else known_items(items)
            obj = object.__new__(cls)
            given = (map(once, known, known), map(once, optional, optional), map(tuple, filled), get_others(values))
            deque(map(call, slots, repeat(obj), chain(*given)), maxlen=0)
            if finish is not None:
                finish(obj)
            add_origin(once(origin, origin))
            return obj

        return make


@cache
def _types_of(cls: type[CatalogObject]) -> dict[str, Any]:
    return get_type_hints(cls)


def _getter(places: list[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """What picks the values at these places, as a tuple also where it is one or none."""
    match places:
        case []:
            return lambda _: ()
        case [place]:
            return lambda values: (values[place],)
    return itemgetter(*places)


def _no_row(values: Sequence[Any]) -> CatalogObject:
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
