"""What statements do that no comparison of catalogs shows: what they reach for outside, and what they take away."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from migration_audit.model.finding import Unavailable
from migration_audit.model.location import Location

ENDS_SESSIONS: Final = "pg_terminate_backend()"
"""The ``what`` of SQL that may end its own session as well."""
ObjectId = tuple[int, int, int]
"""OIDs of catalog and row, and the number of a column: names an object in one database as long as it lives."""
ROWS = "rows"
"""The kind of an ``Undone`` that is about rows of a table."""


class OutsideKind(StrEnum):
    """What is reached for."""

    PROGRAM = "program"
    FILE = "file"
    NETWORK = "network"
    SERVER = "server"
    """Other databases and the server as a whole, which no comparison of two databases sees."""
    TRANSACTION = "transaction"
    """A transaction that is left open beyond its session."""
    CATALOG = "catalog"
    """Rows of the system catalog, past every check of the server."""
    CODE = "code"
    """Code that may do whatever the server's account may do."""


_REFUSED = frozenset({OutsideKind.PROGRAM, OutsideKind.FILE, OutsideKind.NETWORK, OutsideKind.TRANSACTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """One thing that SQL does beyond its database."""

    kind: OutsideKind
    what: str
    """``COPY … TO PROGRAM``, ``dblink_connect()``: nothing of the program, file or host, which may hold a secret."""
    words: str
    """What that does: ``runs a program on the server``."""
    at: Location
    within: str | None = None
    """The routine or view that does so when it is used; None where applying the SQL does it."""

    def is_refused(self, *, is_shared: bool) -> bool:
        """Whether the audit does not execute the statement; ``is_shared``: on a server that others use."""
        return self.within is None and (self.kind in _REFUSED or (is_shared and self.kind is OutsideKind.SERVER))

    def __str__(self) -> str:
        """``COPY … TO PROGRAM runs a program on the server``."""
        return f"{self.what} {self.words}" + (f", when {self.within} is used" if self.within else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenObject:
    """One row of ``catalog/sql/made_objects.sql``."""

    id: ObjectId
    kind: str
    """As ``pg_identify_object`` calls it: ``table``, ``column``, ``table constraint``."""
    name: str
    """``public.t.a``, ``t_pkey on public.t``."""
    parent: tuple[int, int] | None
    """Catalog and OID of what it is a part of."""
    state: str
    """A digest of its definition: equal where the definition is."""
    origin: tuple[int, int] | None
    """``xmin`` and ``cmin`` of its row."""


class Undoing(StrEnum):
    """How something is taken away."""

    REMOVED = "removed"
    CHANGED_BACK = "changed back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """Something that one statement of a source creates or changes, and a later statement of the source takes away."""

    kind: str
    """``table``, ``column``, ``function``, …, or ``rows``."""
    name: str
    how: Undoing
    made: Location | None
    """The statement that creates or changes it; None if it is unknown."""
    undone: Location
    """The statement that takes it away."""
    along: int = 0
    """How many objects of a schema go with it."""
    again: Location | None = None
    """Where the source creates it once more."""
    is_helper: bool = False
    """Whether another statement reads it in between: created for that, and removed when it was done."""

    def __str__(self) -> str:
        """``table public.t is created at 001.sql:1 and dropped at 001.sql:3``."""
        if self.how is Undoing.CHANGED_BACK:
            return f"{self.kind} {self.name} is changed at {self.made} and changed back at {self.undone}"
        parts = f" (with {self.along} {'object' if self.along == 1 else 'objects'} in it)" if self.along else ""
        what, made, gone = f"{self.kind} {self.name}{parts} is", "created", "dropped"
        if self.kind == ROWS:
            what, made, gone = f"rows of {self.name} are", "written", "deleted"
        again = f", and created again at {self.again}" if self.again else ""
        return f"{what} {made} at {self.made or 'an unknown line'} and {gone} at {self.undone}{again}"

    @property
    def in_one_file(self) -> bool:
        """Whether both statements are in the same file, as the up and the down section of a migration do."""
        return self.made is not None and self.made.path == self.undone.path

    @property
    def is_replaced(self) -> bool:
        """Whether it is there in the end, as the source creates it once more: ``DROP VIEW`` before ``CREATE VIEW``.

        On an empty server only rows can be lost in between, and SQL006 reads the owner's SQL for what drops them.
        """
        return self.again is not None

    @property
    def is_suspicious(self) -> bool:
        """Whether this is what a down section looks like that was applied together with its up section."""
        return self.in_one_file and not self.is_replaced and not self.is_helper


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceUndone:
    """What applying one source showed."""

    role: str
    """``legacy`` or ``owner``; ``expected`` or ``actual`` on the command line."""
    undone: tuple[Undone, ...] = ()
    """In the order in which it happened."""
    left: tuple[tuple[str, int], ...] = ()
    """How many of the objects that a file creates are there at the end, by file (an empty name where the file
    is unknown); counted only where something is undone."""
    unknown: Unavailable | None = None
    """Why it is not known; None where it is."""

    @property
    def leaves_nothing(self) -> bool:
        """Whether nothing is there at the end although something was created."""
        return not self.left and any(one.how is Undoing.REMOVED and one.kind != ROWS for one in self.undone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """One thing that a SQL source destroys, changes for everybody, or hides from a reader."""

    kind: str
    """``drop table``, ``drop column``, ``truncate``, ``delete``, ``type``, ``not null``, ``undecided``, …"""
    object: str
    """What it is done to, as the statement spells it: ``positions.speed``."""
    words: str
    """What is lost or at risk, in a sentence without its subject: ``drops the table with all its rows``."""
    at: Location
    within: str | None = None
    """The routine or DO block around it: ``function clean_up()``; None for a statement of the file itself."""
    made_again: Location | None = None
    """Where the same file makes the same object again: nothing is lost then."""
