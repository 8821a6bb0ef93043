"""What ``[boot]`` of audit.toml says: how a fresh stack comes up, and which files say so."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from migration_audit.model.location import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class BootStep:
    """One step of the owner's boot."""

    name: str
    command: str
    """Words with ``*`` and ``?``, which stand in this order among the words of one command; a ``*`` alone is any words."""
    at: Location = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BootSettings:
    """The stack that operators start, and what a start of the owner must do."""

    compose: tuple[Path, ...] = ()
    """Compose files in the order in which they are merged; the ``.env`` beside the first is read."""
    profiles: tuple[str, ...] = ()
    database_service: str | None = None
    owner_service: str | None = None
    writer_service: str | None = None
    dev_compose: tuple[Path, ...] = ()
    """The Compose files with which the writer is developed, merged like the others."""
    dockerfile: Path | None = None
    """The owner's; None for the one of its service's ``build``."""
    context: Path | None = None
    """The build's context; None for the Dockerfile's folder."""
    post_sql: tuple[str, ...] = ()
    """Globs, relative to audit.toml, of the SQL that runs after the owner has made its own tables."""
    steps: tuple[BootStep, ...] = ()
    """In the order in which they must run."""
    at: Location = field(compare=False)
