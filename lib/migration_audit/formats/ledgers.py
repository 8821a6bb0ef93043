"""The tables in which runners record what they applied: where they are, and how their rows are to be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Row = Mapping[str, str | None]
"""One row of a ledger: column to its value as text (``bytea`` as hex)."""


class EntryState(StrEnum):
    """What the ledger says about one file of the source."""

    APPLIED = "applied"
    ABSENT = "absent"
    """No row says that it was applied."""
    FAILED = "failed"
    """A row says that it was started and did not end well, or that it was rolled back."""
    CHANGED = "changed"
    """It was applied with different contents than the file has now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One file of the source as the ledger would name it."""

    name: str
    """The version, name or id of ``PlannedFile.entry``."""
    path: str
    """The file, for people."""
    checksum: str | None = None
    also: tuple[str, ...] = ()
    """Checksums that the runner accepts as well."""
    sha256: str = ""
    """Of the file's bytes, hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryVerdict:
    """What the ledger says about one entry, in one sentence where it is not ``applied``."""

    entry: LedgerEntry
    state: EntryState
    why: str | None = None
    recorded: str | None = None
    """The checksum in the ledger, where it is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerReading:
    """A ledger held against the source's files."""

    verdicts: tuple[EntryVerdict, ...]
    """One for each entry, in the order of the files."""
    beyond: tuple[str, ...] = ()
    """Rows that no file of the source explains, by name."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFormat:
    """The ledger of one runner."""

    table: str
    """By default, as SQL spells it: ``public.flyway_schema_history``."""
    columns: tuple[str, ...]
    """The columns that are read; a table that lacks one of them is not this ledger."""
    read: Callable[[Sequence[Row], Sequence[LedgerEntry]], LedgerReading]
    """What the rows say about the entries; rows come in the order of ``order``."""
    name_column: str
    """The column that names what was applied."""
    checksum_column: str | None = None
    order: tuple[str, ...] = ()
    """Columns that the rows are sorted by; ``name_column`` where there are none."""
    companions: tuple[str, ...] = ()
    """Other tables, or schemas (``schema sqitch``), that the runner makes for itself: ``public.knex_migrations_lock``."""
    may_be_nameless: bool = False
    """Whether rows without a value in ``name_column`` are the runner's own, as Flyway's repeatables are by version."""
    optional_columns: tuple[str, ...] = ()
    """Columns that some versions of the runner have; they are read where they are there, else come as None."""


def read_names(rows: Sequence[Row], entries: Sequence[LedgerEntry], column: str) -> LedgerReading:
    """The reading of a ledger with one row for each applied file, whose name is in ``column``."""
    recorded = [name for row in rows if (name := row[column]) is not None]
    found = set(recorded)
    known = {entry.name for entry in entries}
    return LedgerReading(
        verdicts=tuple(
            EntryVerdict(entry=entry, state=EntryState.APPLIED)
            if entry.name in found
            else EntryVerdict(entry=entry, state=EntryState.ABSENT, why=f"no row has {column} {entry.name}")
            for entry in entries
        ),
        beyond=tuple(dict.fromkeys(name for name in recorded if name not in known)),
    )
