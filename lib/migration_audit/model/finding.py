"""What checks say: five outcomes, findings with a stable key and a severity; and what rules of audit.toml did."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import TypeVar

from migration_audit.model.errors import AuditError

Fact = TypeVar("Fact")


class Severity(StrEnum):
    """How much a difference or a failed check weighs."""

    BLOCKER = "blocker"
    """Decides the gate."""
    WARNING = "warning"
    """Needs a review."""
    INFO = "info"
    """For information."""

    @property
    def weight(self) -> int:
        """0 for info, 1 for warning, 2 for blocker."""
        return (Severity.INFO, Severity.WARNING, Severity.BLOCKER).index(self)


class Phase(StrEnum):
    """When a check is due."""

    PREFLIGHT = "preflight"
    """Before the deletion."""
    RETIRED = "retired"
    """After it."""


class Outcome(StrEnum):
    """How a check ended; silence is never a pass."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It was not looked at, and the reason says why."""
    ERRORED = "errored"
    """It should have been looked at and could not be, and the reason is the error."""
    PENDING = "pending"
    """It is not due in this phase."""


class Verdict(StrEnum):
    """What an environment's results amount to."""

    CLEAN = "clean"
    REVIEW = "review"
    """Only warnings failed."""
    BLOCKED = "blocked"
    INCOMPLETE = "incomplete"
    """Could not audit: a check errored, or what a due check needs could not be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One concrete thing that a failed check saw."""

    key: str
    """Stable across runs, the thing a waiver names: ``COV003:index:public.positions_device_ts``."""
    summary: str
    """One sentence for a person, which names the object."""
    expected: str | None = None
    actual: str | None = None
    where: str | None = None
    """``file:line`` of what defines the object, if a file does."""
    fix_sql: str | None = None
    """SQL for a person to read and decide about; the audit never runs it."""
    waived: str | None = None
    """Until when, by whom and why it is accepted, where a waiver of audit.toml says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """An input that is not there, and why; the checks that need it are skipped or errored with this reason."""

    reason: str
    outcome: Outcome = Outcome.SKIPPED
    required: bool = True
    """True: it should be there (the run is then incomplete). False: the project does not ask for it."""

    @classmethod
    def of(cls, error: Exception) -> Unavailable:
        """What an error prevented; the text of the error is the reason."""
        return cls(reason=str(error), outcome=Outcome.ERRORED)


def or_unavailable(read: Callable[[], Fact]) -> Fact | Unavailable:
    """What ``read`` returns; where it raises AuditError, why there is nothing."""
    try:
        return read()
    except AuditError as error:
        return Unavailable.of(error)


def first_unavailable(*values: object) -> Unavailable:
    """The first of the values that is a reason; one of them must be."""
    return next(value for value in values if isinstance(value, Unavailable))


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence that a check gives in addition to its findings; it becomes the reason of a passed check."""

    text: str


CheckOutput = Finding | Note | Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One named question. ``run``'s docstring is its page; its parameter names are the inputs that it asks for."""

    id: str
    title: str
    severity: Severity
    phases: tuple[Phase, ...]
    run: Callable[..., Iterable[CheckOutput]]
    severity_by_phase: tuple[tuple[Phase, Severity], ...] = ()
    work_list: bool = False
    """Before it is due the check runs all the same: what it finds is the work to be done, pending, and blocks nothing."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of what it asks for, in its order: the reason of the first that is not there is its reason."""
        return _parameters(self.run)

    def severity_in(self, phase: Phase) -> Severity:
        """The severity in this phase: most checks weigh the same in both."""
        return dict(self.severity_by_phase).get(phase, self.severity)


@cache
def _parameters(function: Callable[..., object]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """How one check ended in one run."""

    id: str
    title: str
    severity: Severity
    outcome: Outcome
    reason: str | None = None
    findings: tuple[Finding, ...] = ()
    required: bool = True
    """Of a skipped check: True when it was due and could not be decided, False when it does not apply."""
    unchecked: str | None = None
    """Of a failed check: what of its input could not be checked, so that its findings may not be all."""

    @property
    def is_undecided(self) -> bool:
        """Whether the check, or a part of its input, was due and could not be checked; no verdict can be given then."""
        if self.outcome is Outcome.FAILED:
            return self.unchecked is not None
        return self.outcome is Outcome.ERRORED or (self.outcome is Outcome.SKIPPED and self.required)

    @property
    def is_waived(self) -> bool:
        """Whether it failed, and everything that it found is waived."""
        return self.outcome is Outcome.FAILED and bool(self.findings) and all(f.waived for f in self.findings)

    @property
    def weight(self) -> Severity:
        """What a failure weighs: its severity, and one step less when all that was found is waived."""
        if not self.is_waived:
            return self.severity
        return Severity.WARNING if self.severity is Severity.BLOCKER else Severity.INFO


class WaiverState(StrEnum):
    """Whether a waiver waives something."""

    APPLIED = "applied"
    EXPIRED = "expired"
    """Its last day is over."""
    UNUSED = "unused"
    """Nothing was found that it names."""
    REASONLESS = "reasonless"
    """It has no reason."""
    NOT_DUE = "not due"
    """The check that it names is due in another phase, or could not be decided."""
    IMPOSSIBLE = "impossible"
    """It names a check instead of a finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverUse:
    """One waiver of the run's environment."""

    finding: str
    reason: str
    owner: str
    expires: date
    at: str
    """``file:line``."""
    state: WaiverState

    @property
    def sentence(self) -> str:
        """How a waived finding is reported: until when, by whom, why."""
        return f"waived until {self.expires.isoformat()} by {self.owner}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """One rule and how many objects it excluded; a rule that excluded nothing is counted too."""

    pattern: str
    reason: str
    objects: int
