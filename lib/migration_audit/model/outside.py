"""What a statement reaches for outside of its database, found in its text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from migration_audit.model.location import Location


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


ENDS_SESSIONS: Final = "pg_terminate_backend()"
"""The ``what`` of SQL that may end its own session as well."""
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
