"""From result rows to frozen facts; and which bytes in them are not text.

A database with the encoding SQL_ASCII takes any bytes. Names that all databases of a server share (of roles, databases)
are in the encodings in which they were written.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from functools import cache, partial
from itertools import repeat
from typing import Any, Final, TypeVar, get_origin, get_type_hints

import psycopg
from psycopg import Cursor
from psycopg.rows import RowMaker

from migration_audit.catalog.connection import begin_reading
from migration_audit.catalog.queries import load_query
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import DatabaseError
from migration_audit.model.identifiers import quoted
from migration_audit.model.objects import CatalogObject
from migration_audit.model.redaction import MARK, unmarked

InstanceT = TypeVar("InstanceT")

RowId = tuple[int, int]
"""``xmin`` and ``cmin`` of a catalog row: the transaction, and the command in it, that wrote the row."""

_ORIGIN = "origin"
"""Name of the last column of each query: the row's ``xmin,cmin``."""
_AT_ONCE = 4096
_SECRETIVE = frozenset({"options", "config", "settings"})
"""Where a query gives a value that may be a secret, it is an option, or a job's setting."""

Once = Callable[[str, str], str]
_Put = Callable[[Any, Any], None]
_Values = Callable[[Sequence[Any]], Iterable[Any]]


class VanishedError(Exception):
    """An object was dropped between two looks at the catalog: its row is there, its definition is not."""


@dataclass(frozen=True, slots=True)
class TakenObjects:
    """The objects of one kind, in the order of their rows."""

    kind: str
    objects: list[CatalogObject] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    """``xmin,cmin`` of each one's row."""


def take_objects(cursor: Cursor[tuple[Any, ...]], cls: type[CatalogObject], keep: dict[str, str]) -> TakenObjects:
    """An object of each row. ``keep`` is shared by all kinds of one reading: most texts repeat, and are held once.

    Values go into their slots a column of some thousand rows at a time, which takes a third of making each object by itself.
    Raises TypeError if the columns are not the class's fields plus ``origin``, VanishedError for a row that lacks a text.
    """
    rows = cursor.fetchmany(_AT_ONCE)  # of a query that was sent at once with others, only this gets the columns' names
    names = [column.name for column in cursor.description or ()]
    expected = [f.name for f in fields(cls)]
    if sorted(names[:-1]) != sorted(expected) or names[-1:] != [_ORIGIN]:
        raise TypeError(f"the query of {cls.__name__} gives {names}, not {[*expected, _ORIGIN]}")
    taken, once = TakenObjects(cls.kind), keep.setdefault
    fillers = [(getattr(cls, name).__set__, _values_of(cls, name, once)) for name in names[:-1]]
    finish = getattr(cls, "__post_init__", None)
    is_dotted = cls._spelled_key is CatalogObject._spelled_key
    identity = [names.index(name) for name in cls.identity] if is_dotted else []
    put_key: _Put = CatalogObject._key.__set__  # type: ignore[attr-defined]
    while rows:
        columns = list(zip(*rows, strict=True))
        made = list(map(object.__new__, repeat(cls, len(rows))))
        for (put, values), column in zip(fillers, columns[:-1], strict=True):
            _all(put, made, values(column))
        if identity:
            _all(put_key, made, map(".".join, zip(*(map(quoted, columns[place]) for place in identity), strict=True)))
        if finish is not None:
            _all(finish, made)
        taken.objects.extend(made)
        taken.origins.extend(_texts(cls, once, columns[-1]))
        rows = cursor.fetchmany(_AT_ONCE)
    return taken


def _all(function: Callable[..., object], *arguments: Iterable[Any]) -> None:
    deque(map(function, *arguments), maxlen=0)


def _values_of(cls: type[CatalogObject], name: str, once: Once) -> _Values:
    """What makes the values of a field of those of its column."""
    hint = _types_of(cls)[name]  # type: ignore[arg-type]  # mypy takes a class for unhashable
    if hint is str:
        return partial(_texts, cls, once)
    if hint == str | None:
        return lambda column: map(once, column, column)
    if get_origin(hint) is tuple:
        return partial(_lists, once, name in _SECRETIVE)
    return lambda column: column


def _texts(cls: type[CatalogObject], once: Once, column: Sequence[str | None]) -> Iterable[Any]:
    if None in column:
        raise VanishedError(f"a {cls.kind} was dropped")
    return map(once, column, column)  # type: ignore[arg-type]


def _lists(once: Once, may_be_secret: bool, column: Sequence[list[str]]) -> Iterable[tuple[str, ...]]:
    if not any(column):
        return repeat((), len(column))
    if may_be_secret:
        column = [list(map(unmarked, items)) if MARK in "".join(items) else items for items in column]
    return [tuple(map(once, items, items)) for items in column]


@cache
def _types_of(cls: type[CatalogObject]) -> dict[str, Any]:
    return get_type_hints(cls)


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


_MOST: Final = 5
_LONGEST: Final = 80
_CODECS: Final = {"SQL_ASCII": "utf-8", "EUC_JIS_2004": "euc_jis_2004", "UHC": "cp949"}
"""Python's names where they are not PostgreSQL's; WIN1252 is cp1252, and the others are called alike."""


def odd_bytes_error(
    connection: psycopg.Connection[Any], kinds: Iterable[str], *, before: tuple[str, Sequence[Any]]
) -> DatabaseError:
    """What holds them, as an error: ``kinds`` are read again as bytes, after the statement ``before``."""
    database = connection.info.dbname
    encoding = connection.info.parameter_status("server_encoding") or ""
    found: list[str] = []
    if not connection.closed:
        connection.rollback()
        begin_reading(connection)
        connection.execute(*before)
        connection.execute("set local client_encoding to 'SQL_ASCII'")  # bytes as they are
        try:
            found = list(dict.fromkeys(_found_odd(connection, kinds, encoding)))
        finally:
            connection.rollback()
    places = f": {some_of(found, most=_MOST)}" if found else ""
    return DatabaseError(
        f"the catalog contains bytes that are not valid in its encoding, {encoding}{places}",
        where=database,
        todo="rename the object or rewrite the text, in a session with the client_encoding of those bytes",
    )


def _found_odd(connection: psycopg.Connection[Any], kinds: Iterable[str], encoding: str) -> Iterator[str]:
    codec = _CODECS.get(encoding, encoding.replace("WIN", "cp"))
    for kind in kinds:
        cursor = connection.execute(load_query(kind))
        names = [column.name for column in cursor.description or ()]
        for row in cursor:
            odd = [
                (n, text) for n, value in zip(names, row, strict=True) for text in _texts_in(value) if _is_odd(text, codec)
            ]
            yield from (f"{kind.replace('_', ' ')}, {name} {_shown(text)}" for name, text in odd)


def _texts_in(value: Any) -> Iterable[bytes]:
    if isinstance(value, bytes):
        return [value]
    return [text for each in value for text in _texts_in(each)] if isinstance(value, list | tuple) else []


def _is_odd(text: bytes, codec: str) -> bool:
    try:
        text.decode(codec)
    except UnicodeDecodeError:
        return True
    except LookupError:
        return not text.isascii()
    return False


def _shown(text: bytes) -> str:
    shown = text[:_LONGEST].decode("utf-8", errors="backslashreplace")
    return shown if len(text) <= _LONGEST else f"{shown}…"
