"""``[snapshot]``: the Directus snapshot that is applied beside raw SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from migration_audit.model.location import Location

TIMEOUT: Final = 300
"""Seconds that one command of Directus may take in a rehearsal, where audit.toml does not say."""


class Rehearse(StrEnum):
    """Where the real Directus of a rehearsal comes from."""

    NPM = "npm"
    """The package of the exact version, installed into the user's cache."""
    DOCKER = "docker"
    """The image ``directus/directus`` of the exact version."""
    COMMAND = "command"
    """What ``rehearse_command`` says in place of ``directus``."""


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
    rehearse: Rehearse | None = None
    """Whether the real version applies the file to shadows, and from where it is taken."""
    rehearse_command: tuple[str, ...] = ()
    """The program and its first arguments, in front of Directus's own: ``bootstrap``, ``schema apply --yes FILE``."""
    rehearse_timeout: int = TIMEOUT
    """Seconds that one command of Directus may take."""
    at: Location = field(compare=False)
