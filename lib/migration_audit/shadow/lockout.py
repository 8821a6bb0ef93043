"""SQL after which the audit gets into its database no more: which statement it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import psycopg

from migration_audit.model.errors import ServerError
from migration_audit.model.location import Location
from migration_audit.model.sql import Statement

_MAY: Final = re.compile(
    r"\b(?:role|database|revoke|reassign|drop\s+owned|alter\s+(?:user|group|system)|drop\s+(?:user|group))\b", re.IGNORECASE
)
"""Words of statements that change who may connect; trying a connection after every other statement would take too long."""
_REFUSED: Final = ("28", "55000", "53300", "42501", "42704", "57P03", "22023", "3D000")
"""SQLSTATEs by which a server that runs takes no connection (PostgreSQL, appendix A)."""


class Lockout:
    """The statement since which no connection is possible."""

    def __init__(self, connect: Callable[[], psycopg.Connection]) -> None:
        """``connect`` opens a connection as the audit does, and raises psycopg's errors."""
        self._connect = connect
        self._since: Location | None = None
        self._last: Location | None = None

    def look(self, statements: Sequence[Statement]) -> None:
        """Try a connection after statements whose effects are now visible: one alone, or a transaction."""
        self._last = statements[-1].at
        suspects = [statement.at for statement in statements if _MAY.search(statement.text)]
        if not suspects:
            return
        try:
            self._connect().close()
        except psycopg.OperationalError as error:
            if _is_refusal(error):
                self._since = self._since or suspects[-1]
        else:
            self._since = None

    def error(self, error: psycopg.Error) -> ServerError | None:
        """What to raise where ``error`` is the server's refusal after SQL was applied; None for other errors."""
        if self._last is None or not _is_refusal(error):
            return None
        when = "since this statement" if self._since else "since a statement up to this one"
        return ServerError(
            f"{when} the audit cannot connect to the database any more: {str(error).strip()}",
            where=str(self._since or self._last),
            todo="leave the role and the database that SQL is applied with as they are",
        )


def _is_refusal(error: psycopg.Error) -> bool:
    return (error.sqlstate or "").startswith(_REFUSED)
