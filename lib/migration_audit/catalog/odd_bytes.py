"""Finds the names and texts of a catalog whose bytes are no text.

A database with the encoding SQL_ASCII takes any bytes. Names that all databases of a server share (of roles, databases)
are in the encodings in which they were written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import psycopg

from migration_audit.catalog.connection import begin_reading
from migration_audit.catalog.queries import load_query
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import DatabaseError

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
            found = list(dict.fromkeys(_found(connection, kinds, encoding)))
        finally:
            connection.rollback()
    places = f": {some_of(found, most=_MOST)}" if found else ""
    return DatabaseError(
        f"the catalog contains bytes that are not valid in its encoding, {encoding}{places}",
        where=database,
        todo="rename the object or rewrite the text, in a session with the client_encoding of those bytes",
    )


def _found(connection: psycopg.Connection[Any], kinds: Iterable[str], encoding: str) -> Iterator[str]:
    codec = _CODECS.get(encoding, encoding.replace("WIN", "cp"))
    for kind in kinds:
        cursor = connection.execute(load_query(kind))
        names = [column.name for column in cursor.description or ()]
        for row in cursor:
            odd = [(n, text) for n, value in zip(names, row, strict=True) for text in _texts(value) if _is_odd(text, codec)]
            yield from (f"{kind.replace('_', ' ')}, {name} {_shown(text)}" for name, text in odd)


def _texts(value: Any) -> Iterable[bytes]:
    if isinstance(value, bytes):
        return [value]
    return [text for each in value for text in _texts(each)] if isinstance(value, list | tuple) else []


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
