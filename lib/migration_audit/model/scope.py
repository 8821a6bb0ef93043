"""What a scope rule took out of a comparison, counted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """One rule and how many objects it excluded; a rule that excluded nothing is counted too."""

    pattern: str
    reason: str
    objects: int
