"""A history as a value: which role ran which SQL files, and which runner kept a record of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

LEGACY_ROLE: Final = "processor"
OWNER_ROLE: Final = "directus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Some SQL files that one role ran one after the other."""

    title: str
    files: tuple[Path, ...]
    role: str | None = None
    """Who ran them; None for the superuser."""
    runner: Literal["legacy", "owner"] | None = None
    """``legacy`` or ``owner`` when that runner ran them and wrote its ledger; None for a person."""
    applied_at: datetime | None = None
    """What a runner recorded for the first file; each further file a second later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How the database of one environment came to be what it is."""

    environment: str
    steps: tuple[Step, ...]
