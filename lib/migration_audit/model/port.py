"""The port: SQL for the owner's next file that makes the owner cover the legacy side, and what proves it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from migration_audit.model.objects import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class PortStep:
    """What the port says about one object: SQL that runs, or SQL and words for a person to decide about."""

    about: Key
    """Kind and key of the object."""
    sql: str
    """Statements, each with its semicolon; for a person's step what a person might run, or nothing."""
    note: str | None = None
    """What the person who runs it should know."""
    for_person: str | None = None
    """Why no program should decide this; None for SQL that runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """All steps, in an order in which each finds what it needs."""

    steps: tuple[PortStep, ...] = ()

    @property
    def running(self) -> tuple[PortStep, ...]:
        """The steps that are SQL to run."""
        return tuple(step for step in self.steps if step.for_person is None)

    @property
    def for_person(self) -> tuple[PortStep, ...]:
        """The steps that a person has to decide about."""
        return tuple(step for step in self.steps if step.for_person is not None)


class ProofOutcome(StrEnum):
    """What came of applying the owner's SQL and the port to a fresh server."""

    PROVEN = "proven"
    """Applied twice without an error, and the comparison is covered."""
    PARTIAL = "partial"
    """Applied twice without an error, and everything that it is about is covered; what is left is for a person."""
    REFUTED = "refuted"
    """Tried, and something is still missing or failed."""
    UNTRIED = "untried"
    """There was nothing to apply it to, or no server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortProof:
    """Whether the port does what it says."""

    outcome: ProofOutcome
    reasons: tuple[str, ...] = ()
    """What remains, what failed, or why it was not tried; empty when proven."""
    server: str | None = None
    """The server that it was applied to, for people."""
    failed: tuple[tuple[int, str], ...] = ()
    """The steps that the server refused, by their place among ``Port.running``, with its message."""
    assumed_roles: tuple[str, ...] = ()
    """Roles that the port uses and does not create."""

    @property
    def is_proven(self) -> bool:
        """Whether it was applied and the comparison is then covered."""
        return self.outcome is ProofOutcome.PROVEN

    @property
    def is_offered(self) -> bool:
        """Whether it was applied, and does what it says of each object."""
        return self.outcome in {ProofOutcome.PROVEN, ProofOutcome.PARTIAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPort:
    """The port of a run: the text as it can be saved, its digest, and whether it was proven."""

    text: str
    sha256: str
    """Hex, over the text in UTF-8."""
    proven: bool
    fixes: tuple[tuple[str, str, str], ...] = ()
    """Kind, key and SQL of each object that the proven port makes right."""
