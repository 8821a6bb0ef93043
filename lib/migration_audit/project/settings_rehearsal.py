"""``[rehearsal]``: how the writer's role comes to its rights when the writer's statements are rehearsed."""

from __future__ import annotations

from dataclasses import dataclass, field

from migration_audit.model.location import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalSettings:
    """The SQL that gives the writer's role its rights."""

    grants: tuple[str, ...]
    """Globs of .sql files, relative to the folder of audit.toml, applied after the owner's SQL."""
    at: Location = field(compare=False)
