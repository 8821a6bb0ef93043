"""What the pre-flight found out, as values that checks can judge and a run folder can keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from migration_audit.model.drift import Drift
from migration_audit.model.finding import Unavailable
from migration_audit.model.location import Location
from migration_audit.model.side_effects import Outside
from migration_audit.model.sql import Applied, NotApplied

COMMAND = "command"
"""``SourceFacts.format`` of a source that is a command: its files are what it reads, and no SQL."""
SNAPSHOT = "snapshot"
"""The same of a legacy schema that is read from a saved snapshot."""
DATABASE = "database"
"""The same of a legacy schema that is read from a database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """One SQL source as it is in the files."""

    role: str
    """``legacy`` or ``owner``."""
    name: str
    files: tuple[tuple[str, str], ...]
    """Path and SHA-256 (hex) of each file, in apply order."""
    duplicates: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Numbers or versions that more than one file carries, so that their order is unknown."""
    gaps: tuple[int, ...] = ()
    """Numbers that no file carries between the first and the last."""
    format: str = "files"
    """The format by which the files were read."""
    session: str = ""
    """How long ``SET`` lives: a value of ``SessionScope``."""
    transactions: tuple[str, ...] = ()
    """Where the transaction of each file begins and ends, in the order of ``files``: values of ``TransactionMode``."""
    entries: tuple[str, ...] = ()
    """What the runner's ledger records for each file, in the order of ``files``; of a command, what it recorded in that of a
    shadow."""
    checksums: tuple[str | None, ...] = ()
    """The checksum that the runner's ledger records for each file, where it has one of its own."""
    not_applied: tuple[NotApplied, ...] = ()
    """Files, and sections of files, that are not applied, with the reason."""
    notes: tuple[str, ...] = ()
    """What a reviewer should know of how the files were read."""
    outside: tuple[Outside, ...] = ()
    """What its statements reach for outside of their database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence:
    """One sequence of sources applied to an empty server, and how its catalog differs from a reference's."""

    sequence: tuple[str, ...]
    """For example ``("legacy", "owner")``."""
    reference: tuple[str, ...]
    """For example ``("owner",)``."""
    applied: Applied
    drift: Drift | Unavailable | None
    """None when it did not apply to its end; the reason where nothing was compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """One statement of the writer, run on the owner's schema alone and rolled back."""

    name: str
    sql: str
    role: str | None
    error: str | None
    """The server's message; None when it ran."""
    arbiters: tuple[str, ...] = ()
    """The indexes that arbitrate its ON CONFLICT, ``schema.index``, as the planner says."""
    expected_arbiter: str | None = None
    where: str | None = None
    """The line of audit.toml that defines it."""


OriginMap = Mapping[tuple[str, str], Location]
"""``(kind, key)`` of an object to the statement that made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unexplained:
    """One thing that the second method sees differ and our comparison does not."""

    kind: str
    """The part of the dump: ``TABLE``, ``COLUMN``, ``COMMENT ON RELATION``."""
    name: str
    """``public.positions``; a column, trigger or constraint comes after its table and a space."""
    expected: str | None
    """The text on the expected side, shortened; None where it has no such part."""
    actual: str | None

    def __str__(self) -> str:
        """One line for people: ``COLUMN public.t a: "a integer" → "a bigint"``."""
        left, right = ("nothing" if text is None else f"“{text}”" for text in (self.expected, self.actual))
        return f"{self.kind} {self.name}: {left} → {right}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossCheck:
    """The verdict of the second method."""

    method: str = "pg_dump"
    unexplained: tuple[Unexplained, ...] = ()
    beyond: tuple[tuple[str, str], ...] = ()
    """Kind and key of the differences of ours that the second method does not see, such as TimescaleDB's settings."""

    @property
    def agrees(self) -> bool:
        """Whether everything that it sees is explained by a difference of ours."""
        return not self.unexplained

    def to_json(self) -> dict[str, Any]:
        """The object ``cross_check`` of ``compare --format json``."""
        return {
            "method": self.method,
            "agrees": self.agrees,
            "unexplained": [str(one) for one in self.unexplained],
            "beyond": [f"{kind} {key}" for kind, key in self.beyond],
        }
