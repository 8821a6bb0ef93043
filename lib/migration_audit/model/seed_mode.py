"""How closely rows are compared."""

from __future__ import annotations

from enum import StrEnum


class SeedMode(StrEnum):
    """How closely rows are compared."""

    IGNORE = "ignore"
    COUNT = "count"
    """The number of rows must be the same."""
    EXACT = "exact"
    """The same rows, and no others."""
    COVERED = "covered"
    """Each row of the expected side is there; the actual side may have more. The default: audit.toml does not name it."""
