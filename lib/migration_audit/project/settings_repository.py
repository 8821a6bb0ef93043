"""``[repository.NAME]``: another repository that sources, rules and files of the audit are in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from migration_audit.model.location import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """Where a repository is, and at which revision the gate reads it."""

    name: str
    path: str
    """Relative to the folder of audit.toml, with ``/`` and without needless parts: ``../processor``."""
    directory: Path
    """The same from the root."""
    policy_from: str | None = None
    """The git revision at which the gate reads it; None for its working tree."""
    at: Location = field(compare=False)
