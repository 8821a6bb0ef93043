"""What happened when the writer's statements were rehearsed, and what the fixture of the integration tests builds."""

from __future__ import annotations

from dataclasses import dataclass

from migration_audit.model.drift import Drift
from migration_audit.model.privileges import Access
from migration_audit.model.sql import SqlFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One probe, run as the writer's role and rolled back."""

    name: str
    where: str | None
    """The line of audit.toml that defines the probe."""
    rows: int | None = None
    """How many rows it found or changed; None when it failed."""
    error: str | None = None
    """What operators see: ``relation "positions" does not exist``."""
    sqlstate: str | None = None
    again: str | None = None
    """An upsert, run once more: what it did, in words, if it did anything; ``""`` for nothing; None for other probes."""

    @property
    def message(self) -> str:
        """``relation "positions" does not exist (SQLSTATE 42P01)``."""
        return f"{self.error} (SQLSTATE {self.sqlstate})" if self.sqlstate else self.error or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """The owner's SQL on an empty server, then the probes; and the same probes on a server that nobody prepared."""

    role: str
    grants: tuple[str, ...]
    """The statements that made the role what it is: those of audit.toml's files, else the least that the probes need."""
    grants_from: str | None
    """The files of audit.toml, as it names them; None for the least rights."""
    with_owner: tuple[Attempt, ...]
    without_owner: tuple[Attempt, ...]
    access: Access
    """What the role could do, in scope, when the probes ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureShadow:
    """What the SQL file of the integration tests builds, compared with what the owner's SQL builds."""

    path: str
    """Relative to the folder of audit.toml."""
    failure: SqlFailure | None = None
    """The statement that the server refused."""
    drift: Drift | None = None
    """In scope; the owner's shadow is the expected side. None when it was not built, or nothing was compared."""
    reason: str | None = None
    """Why there is no ``drift``: the file is not there or cannot be read, or nothing was compared."""
