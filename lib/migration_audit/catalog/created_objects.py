"""Reads what was made in a database between two statements: everything once, and then what has changed since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from migration_audit.catalog.queries import load_query
from migration_audit.model.side_effects import SeenObject

_ASK = "select pg_catalog.set_config('migration_audit.objects', %s, false)"


class MadeObjects:
    """Remembers what was there at the last reading; each reading may come from another connection to the database."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._marks: dict[int, str] = {}

    def changed(
        self, connection: psycopg.Connection[Any], *, prepare: bool = False
    ) -> tuple[tuple[SeenObject, ...], frozenset[int]]:
        """The objects that were created or altered since the last reading, and the OIDs of these and of what is gone.

        ``prepare``: the session is not that of the SQL, and may keep the queries. Nothing is written, and no transaction is
        begun or ended; a setting of our own stays in the session. Raises psycopg.Error.
        """
        marks = dict(connection.execute(load_query("object_marks"), prepare=prepare).fetchall())
        altered = [oid for oid, mark in marks.items() if self._marks.get(oid) != mark]
        gone = self._marks.keys() - marks.keys()
        self._marks = marks
        return _read(connection, altered, prepare=prepare), frozenset((*altered, *gone))


def _read(connection: psycopg.Connection[Any], oids: Sequence[int], *, prepare: bool) -> tuple[SeenObject, ...]:
    if not oids:
        return ()
    connection.execute(_ASK, [f"{{{','.join(map(str, oids))}}}"])
    return tuple(map(_seen, connection.execute(load_query("made_objects"), prepare=prepare).fetchall()))


def _seen(row: Sequence[Any]) -> SeenObject:
    catalog, oid, part, kind, name, parent_catalog, parent, state, origin = row
    xmin, _, cmin = (origin or "").partition(",")
    return SeenObject(
        id=(catalog, oid, part),
        kind=kind,
        name=name,
        parent=(parent_catalog, parent) if parent is not None else None,
        state=state,
        origin=(int(xmin), int(cmin)) if origin else None,
    )
