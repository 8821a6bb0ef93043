"""``[snapshot]``: the Directus snapshot that is applied beside raw SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from migration_audit.model.location import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotSettings:
    """Which file ``directus schema apply`` applies, by which version and as which database role."""

    file: Path
    shown: str
    """The file as audit.toml names it."""
    version: str | None = None
    """The version of Directus, where it is not to be read from the owner's image."""
    role: str | None = None
    """The role with which Directus connects; None for the owner's role."""
    at: Location = field(compare=False)
