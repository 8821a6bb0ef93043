"""What the checks of a fresh stack judge: rehearsals of the writer and the fixture, and what SQL after the owner's makes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from migration_audit.model.drift import Drift
from migration_audit.model.location import Location
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
    role: str
    lacks: tuple[str, ...] = ()
    """Of one that was refused for lack of rights: what is lacking, each as a sentence part."""
    fixes: tuple[str, ...] = ()
    """GRANT statements for it, where a grant would do."""
    again: str | None = None
    """An upsert, run once more: what it did, in words, if it did anything; ``""`` for nothing; None for other probes."""

    @property
    def message(self) -> str:
        """``relation "positions" does not exist (SQLSTATE 42P01)``."""
        return f"{self.error} (SQLSTATE {self.sqlstate})" if self.sqlstate else self.error or ""


class RightsFrom(StrEnum):
    """The source of a role's rights in the rehearsal."""

    AUDIT = "audit"
    """The files of ``[rehearsal]`` in audit.toml."""
    OWNER = "owner"
    """The owner's own SQL."""
    NOBODY = "nobody"
    """Neither: it gets the least that its probes need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalRole:
    """One role that ran probes, and what it was allowed."""

    name: str
    source: RightsFrom
    files: tuple[str, ...] = ()
    """Of audit.toml, as it names them."""
    rights: tuple[str, ...] = ()
    """What the owner's SQL gives, each as a sentence part; else the GRANT statements of the least rights."""
    makers: tuple[str, ...] = ()
    """Roles whose default privileges in the owner's SQL would give it more, had they run that SQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """The owner's SQL on an empty server, then the probes; and the same probes on a server that was not prepared."""

    writer: RehearsalRole
    others: tuple[RehearsalRole, ...] = ()
    """Those of probes with a role of their own."""
    with_owner: tuple[Attempt, ...]
    without_owner: tuple[Attempt, ...]
    access: Access
    """What the writer could do, in scope, when the probes ran."""

    def role(self, name: str) -> RehearsalRole:
        """The role of this name."""
        return next(role for role in (self.writer, *self.others) if role.name == name)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PostObject:
    """One thing that a statement makes, or why it is unknown what it makes."""

    kind: str
    """As the catalog calls it: ``constraint``, ``index``, ``table``, ``view``, ``materialized view``, ``trigger``,
    ``function``; ``undecided`` where it takes a run to know."""
    at: Location
    name: str | None = None
    """None where PostgreSQL chooses it."""
    schema: str | None = None
    """None where the statement leaves it to the search path."""
    table: str | None = None
    """Of a constraint, index or trigger."""
    definition: str | None = None
    """Of a UNIQUE or PRIMARY KEY constraint as the catalog prints it: ``UNIQUE (country, plate)``."""
    columns: tuple[str, ...] = ()
    unique: bool = False
    reason: str | None = None
    """Why it is undecided."""

    @property
    def shown(self) -> str:
        """For people: ``constraint vehicles_plate_unique on vehicles``."""
        name = self.name or (f"{self.definition}" if self.definition else f"on ({', '.join(self.columns)})")
        return f"{self.kind} {name}" + (f" on {self.table}" if self.table else "")
