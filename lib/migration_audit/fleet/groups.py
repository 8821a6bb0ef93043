"""Targets that have the same difference, as one finding: how many they are, which, and what differs. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from migration_audit.fleet.evidence import TargetComparison, TargetDifference, TargetEvidence, TargetOutcome
from migration_audit.model.visible import one_line

MOST_EXAMPLES = 10
MOST_DIFFERENCES = 50
"""Differences of a group that the summary has; all of them are in the evidence of each target."""
MOST_UNCHECKED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceGroup:
    """All targets with one fingerprint."""

    fingerprint: str
    outcome: TargetOutcome
    targets: int
    examples: tuple[str, ...]
    """The first of them by name."""
    differences: tuple[TargetDifference, ...]
    """Those that go with no other one, the ones that block first."""
    in_all: int
    """How many differences each target has, with those that go with another one."""
    not_known: tuple[str, ...]
    unmodelled: tuple[str, ...]

    @property
    def some_targets(self) -> str:
        """The first three of its targets by name, and how many more there are."""
        shown = [one_line(name) for name in self.examples[:3]]
        more = self.targets - len(shown)
        return ", ".join(shown) + (f" and {more:,} more" if more else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchecked:
    """One target that could not be checked."""

    target: str
    reason: str

    @property
    def sentence(self) -> str:
        """The reason and what to do, on one line."""
        return one_line(" ".join(self.reason.split()))


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedDatabase:
    """Two targets that lead to one database: the database that one of them should lead to was not read."""

    target: str
    same_as: str


@dataclass(slots=True)
class Grouping:
    """Groups that evidence is added to, target by target in the order of their names; remembers no evidence."""

    outcomes: Counter[TargetOutcome] = field(default_factory=Counter)
    unchecked: list[Unchecked] = field(default_factory=list)
    """The first of them; ``outcomes`` counts all."""
    repeated: list[RepeatedDatabase] = field(default_factory=list)
    """The first of them; ``repeated_in_all`` counts all."""
    repeated_in_all: int = 0
    _databases: dict[tuple[str, ...], str] = field(default_factory=dict)
    _groups: dict[str, DifferenceGroup] = field(default_factory=dict)
    _members: Counter[str] = field(default_factory=Counter)
    _examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, evidence: TargetEvidence) -> None:
        """Count one target."""
        self.outcomes[evidence.outcome] += 1
        if evidence.comparison is not None:
            self._note_database(evidence.target, evidence.comparison.server.identity)
        if evidence.outcome is TargetOutcome.UNCHECKED:
            if len(self.unchecked) < MOST_UNCHECKED:
                self.unchecked.append(Unchecked(target=evidence.target, reason=evidence.reason or ""))
            return
        fingerprint = evidence.fingerprint
        if fingerprint is None or evidence.comparison is None:
            return
        if fingerprint not in self._groups:
            self._groups[fingerprint] = _group(fingerprint, evidence.outcome, evidence.comparison)
            self._examples[fingerprint] = []
        self._members[fingerprint] += 1
        if len(self._examples[fingerprint]) < MOST_EXAMPLES:
            self._examples[fingerprint].append(evidence.target)

    def _note_database(self, target: str, identity: tuple[str, ...]) -> None:
        first = self._databases.setdefault(identity, target)
        if first != target:
            self.repeated_in_all += 1
            if len(self.repeated) < MOST_UNCHECKED:
                self.repeated.append(RepeatedDatabase(target=target, same_as=first))

    @property
    def groups(self) -> tuple[DifferenceGroup, ...]:
        """What blocks first, then the largest."""
        found = (
            replace(one, targets=self._members[name], examples=tuple(self._examples[name]))
            for name, one in self._groups.items()
        )
        return tuple(sorted(found, key=lambda g: (g.outcome is not TargetOutcome.BLOCKED, -g.targets, g.fingerprint)))


def _group(fingerprint: str, outcome: TargetOutcome, comparison: TargetComparison) -> DifferenceGroup:
    ordered = sorted(comparison.roots, key=lambda d: (-d.severity.weight, d.kind, d.key))
    return DifferenceGroup(
        fingerprint=fingerprint,
        outcome=outcome,
        targets=0,
        examples=(),
        differences=tuple(ordered[:MOST_DIFFERENCES]),
        in_all=len(comparison.differences),
        not_known=comparison.not_known[:MOST_DIFFERENCES],
        unmodelled=comparison.unmodelled[:MOST_DIFFERENCES],
    )
