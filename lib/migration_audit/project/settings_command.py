"""What audit.toml says of a source that is a command: the runner itself migrates the shadow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from migration_audit.model.location import Location

TIMEOUT = 300
"""Seconds that a command may take where audit.toml does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSettings:
    """A migration runner: how it is called, and what it reads."""

    words: tuple[str, ...]
    """The program and its arguments; no shell reads them."""
    directory: Path
    """Where it runs."""
    env: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Variables that it gets; values may hold placeholders (``model.command.PLACEHOLDERS``)."""
    files: tuple[str, ...] = ()
    """Globs relative to the source's root of the files that decide what it does: their digests are evidence."""
    timeout: int = TIMEOUT
    """Seconds."""
    at: Location = field(compare=False)
