"""The result of a comparison: three kinds of difference, and what they amount to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from migration_audit.model.finding import Severity
from migration_audit.model.objects import CatalogObject
from migration_audit.model.snapshot import Unmodelled


class DiffVerdict(StrEnum):
    """What a difference is, seen from the expected side."""

    MISSING = "missing"
    """Only in expected."""
    UNEXPECTED = "unexpected"
    """Only in actual."""
    CHANGED = "changed"
    """On both sides, with other attributes."""
    RENAMED = "renamed"
    """On both sides, the same but for its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One attribute that differs; values are text as people read them, None for "not set"."""

    name: str
    expected: str | None
    actual: str | None
    severity: Severity


def heaviest(changes: Iterable[FieldChange]) -> Severity:
    """What a difference in these attributes weighs."""
    return max((change.severity for change in changes), key=lambda severity: severity.weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One object that is not the same on both sides."""

    verdict: DiffVerdict
    kind: str
    key: str
    severity: Severity
    fields: tuple[FieldChange, ...] = ()
    """The attributes that differ; empty unless ``changed``."""
    expected: CatalogObject | None = None
    actual: CatalogObject | None = None
    part_of: tuple[str, str] | None = None
    """Kind and key of the missing or unexpected object that takes this one along: a missing table's columns."""
    note: str | None = None
    """What a person should know, for example "same definition under another name: …"."""
    actual_key: str | None = None
    """The key that the actual side's own snapshot has for the object, where it is another one."""

    def key_on(self, side: str) -> str:
        """The object's key in the snapshot of ``expected`` or ``actual``."""
        return (self.actual_key if side == "actual" else None) or self.key

    @property
    def present_object(self) -> CatalogObject:
        """The object on the side that has it; the expected one where both have."""
        there = self.expected or self.actual
        if there is None:
            raise ValueError(f"a difference without a side: {self.kind} {self.key}")
        return there


@dataclass(frozen=True, slots=True, kw_only=True)
class NotKnown:
    """An attribute that both sides have, and that could not be read on one of them: neither equal nor different."""

    kind: str
    key: str
    attribute: str
    sides: tuple[str, ...]
    """Where it could not be read: ``expected``, ``actual``."""

    def __str__(self) -> str:
        """``user mapping FOR app SERVER s: options not readable on the actual side``."""
        where = "either side" if len(self.sides) == 2 else f"the {self.sides[0]} side"
        return f"{self.kind} {self.key}: {self.attribute} cannot be read on {where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """All differences between two snapshots, sorted by kind and key."""

    differences: tuple[Difference, ...] = ()
    unmodelled_expected: tuple[Unmodelled, ...] = ()
    unmodelled_actual: tuple[Unmodelled, ...] = ()
    assumptions: tuple[str, ...] = ()
    """What a named rule treats as equal, each as a sentence."""
    not_compared: tuple[str, ...] = ()
    """What could not be compared, as one side lacks the information: neither equal nor a difference. Each in words."""
    not_known: tuple[NotKnown, ...] = ()
    """What the reading role may not see of objects that both sides have: nothing is called covered or equal with it."""
    empty: tuple[str, ...] = ()
    """The sides without an object that can be compared, beyond those of a new database: ``expected``, ``actual``."""
    expected_name: str = "the legacy SQL"
    """What sentences of coverage call the expected side."""
    looked_up: tuple[tuple[str, int], ...] = field(default=(), compare=False)
    """How many objects of each kind the expected side has, sorted by kind: each was looked up on the actual side."""

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of all objects that were looked up, or that differ."""
        return frozenset({kind for kind, _ in self.looked_up} | {d.kind for d in self.differences})

    @property
    def compared_nothing(self) -> bool:
        """Whether there was nothing to look up: an empty expected side proves nothing about the actual one."""
        return "expected" in self.empty

    def why_nothing(self, *, expected: str, actual: str) -> str:
        """Why ``compared_nothing``, in a sentence; the sides are named as given, ``the legacy SQL`` for example."""
        sides = expected if "actual" not in self.empty else f"{expected} and {actual}"
        verb = "has" if sides == expected else "have"
        more = [f"{u.kind} {u.identity} is of a kind that the audit cannot compare" for u in self.unmodelled_expected]
        omitted = "".join(f"; {one}" for one in (*more, *(f"not compared: {what}" for what in self.not_compared)))
        empty = f"nothing was compared: {sides} {verb} no objects beyond those of an empty database{omitted}"
        return f"{empty}; check that this is the intended source"

    @property
    def equal(self) -> bool:
        """No difference at all, of any severity, and nothing that could not be compared."""
        return not (self.differences or self._unseen)

    @property
    def covered(self) -> bool:
        """Everything expected is there: nothing missing or changed that blocks, nothing that could not be compared."""
        blocking = any(d.verdict is not DiffVerdict.UNEXPECTED and d.severity is Severity.BLOCKER for d in self.differences)
        return not (blocking or self._unseen)

    @property
    def _unseen(self) -> bool:
        return bool(self.unmodelled_expected or self.unmodelled_actual or self.not_known or self.compared_nothing)

    @property
    def only_not_known(self) -> bool:
        """Whether the comparison is not covered only because something could not be read."""
        return bool(self.not_known) and replace(self, not_known=()).covered

    @property
    def roots(self) -> tuple[Difference, ...]:
        """The differences that are not part of a missing or unexpected object."""
        return tuple(d for d in self.differences if d.part_of is None)

    def of(self, *kinds: str) -> tuple[Difference, ...]:
        """The differences of these kinds, without those that an object of these kinds takes along.

        An index that a constraint makes, or a sequence that a column makes, is reported with its maker.
        """
        reported_with = {*kinds, "constraint", "column"}
        return tuple(d for d in self.differences if d.kind in kinds and not (d.part_of and d.part_of[0] in reported_with))
