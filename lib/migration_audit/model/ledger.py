"""A runner's ledger as it stands in one live database."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LedgerState(StrEnum):
    """What was found where audit.toml says that the ledger is."""

    PRESENT = "present"
    ABSENT = "absent"
    UNREADABLE = "unreadable"
    """The role may not select from it."""
    OTHER_SHAPE = "other shape"
    """There is a table of that name without the columns that audit.toml names: somebody else's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveLedger:
    """One ledger table, read; ``names`` and ``checksums`` go together, in name order."""

    table: str
    """``schema.table``, quoted as a key."""
    state: LedgerState
    columns: tuple[str, ...] = ()
    """The columns that are really there."""
    names: tuple[str, ...] = ()
    checksums: tuple[str | None, ...] = ()
    reason: str | None = None
    """For every state but ``present``: what was seen, as a sentence."""
