"""How much a difference or a failed check weighs."""

from __future__ import annotations

from enum import StrEnum


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
