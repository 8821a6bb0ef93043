"""The table in which a runner records what it applied, as it was found in one database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class LedgerState(StrEnum):
    """What became of the attempt to read a ledger."""

    PRESENT = "present"
    """It was read."""
    ABSENT = "absent"
    """The database has no such table: the catalog says so, whatever the role's rights."""
    UNREADABLE = "unreadable"
    """It is there, and the role may not read it, or reading it failed."""
    OTHER_SHAPE = "other shape"
    """It is there, without the columns that it should have, or with rows that have no name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """One runner's ledger in one database."""

    table: str
    """As the project names it: ``schema.table``."""
    state: LedgerState
    columns: tuple[str, ...] = ()
    """The columns that are there, in their order."""
    names: tuple[str, ...] = ()
    """What the column of names holds, row by row."""
    rows: tuple[Mapping[str, str | None], ...] = ()
    """The columns that were read of each row, as text (``bytea`` as hex), in the ledger's own order."""
    reason: str | None = None
    """Why it could not be read, or is not as expected, in one sentence."""
