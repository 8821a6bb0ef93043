"""What rules of audit.toml did in one run: objects that the scope left out, and waivers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


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
