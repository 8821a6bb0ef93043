"""What was read of one target: its differences, and what follows from them. The evidence file of a target, pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from migration_audit.model.codec import strict_converter, structured
from migration_audit.model.drift import Difference, DiffVerdict, Drift, FieldChange
from migration_audit.model.finding import Severity
from migration_audit.model.snapshot import canonical_json
from migration_audit.model.strict_json import parse_json

SCHEMA_VERSION: Final = 1


class Direction(StrEnum):
    """What a target has to be."""

    COVERS = "covers"
    """It has what the expected side has."""
    EQUAL = "equal"
    """It has that and nothing else."""


class TargetOutcome(StrEnum):
    """What an audit of one target ended with."""

    EQUAL = "equal"
    """No difference of any severity."""
    COVERED = "covered"
    """Differences, of which none blocks."""
    BLOCKED = "blocked"
    """Differences that block."""
    UNCHECKED = "could not check"
    """It could not be read, or not enough of it."""

    @property
    def exit_code(self) -> int:
        """0 fine, 1 it blocks, 3 it could not be audited."""
        return {TargetOutcome.BLOCKED: 1, TargetOutcome.UNCHECKED: 3}.get(self, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetDifference:
    """One object of a target that is not as expected."""

    verdict: DiffVerdict
    severity: Severity
    kind: str
    key: str
    fields: tuple[FieldChange, ...]
    part_of: str | None
    """The missing or unexpected object that it goes with: ``table public.orders``."""
    definition: str | None
    """Of an unexpected object: a digest of all that is compared of it. Two of one name may be different objects."""
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetServer:
    """Which database was read."""

    database: str
    system_identifier: str | None
    started_at: str
    """When this server was started, to the microsecond: copies of a server share its system identifier."""
    postgres_version: str
    read_as: str
    in_recovery: bool

    @property
    def identity(self) -> tuple[str, ...]:
        """Equal for two readings of one database of one running server."""
        return (self.system_identifier or "", self.started_at, self.database)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetComparison:
    """What was compared, and what was found."""

    actual: str
    """The digest of the target's catalog."""
    server: TargetServer
    differences: tuple[TargetDifference, ...]
    not_known: tuple[str, ...]
    """What the reading role may not see."""
    unmodelled: tuple[str, ...]
    """Objects of a kind that the audit cannot compare."""
    not_compared: tuple[str, ...]
    excluded: tuple[str, ...]
    """What [scope] leaves out, with the number of objects."""
    limits: tuple[str, ...]

    @property
    def fingerprint(self) -> str | None:
        """The same for all targets with the same differences; None for a target without any."""
        if not (self.differences or self.not_known or self.unmodelled):
            return None
        found = [_CONVERTER.unstructure(each) for each in self.differences]
        return hashlib.sha256(canonical_json([found, self.not_known, self.unmodelled])).hexdigest()

    def outcome(self, direction: Direction) -> TargetOutcome:
        """What the differences amount to: as ``compare`` of two sides judges it."""
        blocks = any(d.verdict is not DiffVerdict.UNEXPECTED and d.severity is Severity.BLOCKER for d in self.differences)
        if self.not_known and not blocks and not self.unmodelled:
            if direction is Direction.COVERS or not self.differences:
                return TargetOutcome.UNCHECKED
            return TargetOutcome.BLOCKED
        if blocks or self.unmodelled or self.not_known:
            return TargetOutcome.BLOCKED
        if not self.differences:
            return TargetOutcome.EQUAL
        return TargetOutcome.COVERED if direction is Direction.COVERS else TargetOutcome.BLOCKED

    @property
    def why_unchecked(self) -> str:
        """Why a target that was read could not be checked."""
        return f"the reading role may not read everything: {'; '.join(self.not_known[:3])}"

    @property
    def roots(self) -> tuple[TargetDifference, ...]:
        """The differences that do not go with another one."""
        return tuple(each for each in self.differences if each.part_of is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetEvidence:
    """The content of a target's evidence file."""

    schema_version: int
    run: str
    """The fleet run that it belongs to."""
    target: str
    reference: str
    expected: str
    """The digest of the expected side."""
    read_at: datetime
    attempts: int
    outcome: TargetOutcome
    reason: str | None
    """Why it could not be checked."""
    comparison: TargetComparison | None
    """None where the target could not be read."""

    @property
    def fingerprint(self) -> str | None:
        """That of its differences."""
        return self.comparison.fingerprint if self.comparison else None

    def is_consistent(self, direction: Direction) -> bool:
        """Whether its outcome is what its differences amount to."""
        if self.comparison is None:
            return self.outcome is TargetOutcome.UNCHECKED and bool(self.reason)
        outcome = self.comparison.outcome(direction)
        reason = self.comparison.why_unchecked if outcome is TargetOutcome.UNCHECKED else None
        return (self.outcome, self.reason) == (outcome, reason)


_CONVERTER: Final = strict_converter(detailed=False)


def target_evidence_bytes(evidence: TargetEvidence) -> bytes:
    """The evidence as JSON with sorted keys: the same bytes for the same evidence."""
    return canonical_json(_CONVERTER.unstructure(evidence)) + b"\n"


def parse_target_evidence(content: bytes, *, where: str) -> TargetEvidence:
    """The evidence of an evidence file. Raises AuditError, which names ``where``, for anything else."""
    body: Any = parse_json(content, where=where)
    return structured(_CONVERTER, body, TargetEvidence, where=where)


def differences_of(drift: Drift) -> tuple[TargetDifference, ...]:
    """The differences of a comparison, in its order."""
    return tuple(map(_difference, drift.differences))


def _difference(found: Difference) -> TargetDifference:
    definition = None
    if found.verdict is DiffVerdict.UNEXPECTED:
        there = found.present_object
        facts = {name: getattr(there, name) for name in there.compared()}
        definition = hashlib.sha256(canonical_json(facts)).hexdigest()
    return TargetDifference(
        verdict=found.verdict,
        severity=found.severity,
        kind=found.kind,
        key=found.key,
        fields=found.fields,
        part_of=" ".join(found.part_of) if found.part_of else None,
        definition=definition,
        note=found.note,
    )
