"""A source that is a command: the runner itself migrates the shadow, and its files are not read as SQL."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field

from migration_audit.model.location import Location
from migration_audit.model.sql import SqlSource

Digests = tuple[tuple[str, str], ...]
"""Path and SHA-256 (hex) of files."""

PLACEHOLDERS = ("url", "host", "port", "user", "password", "database")
"""What the values of ``env`` may use, in braces: the connection of the shadow that the command has to migrate."""

_OF_COMMAND = "command `"
_BRACES = re.compile(r"\{\{|\}\}|\{([^}]*)\}|[{}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSource:
    """A migration runner as audit.toml names it."""

    name: str
    command: tuple[str, ...]
    """The program and its arguments; no shell reads them."""
    directory: str
    """Where it runs; absolute."""
    shown_directory: str
    """The same for people: relative to audit.toml where it is below it."""
    env: tuple[tuple[str, str], ...] = ()
    """Its environment beyond what every command gets; values still hold their placeholders."""
    timeout: int = 300
    """Seconds that one run may take."""
    files: Digests = ()
    """The files that ``files`` of audit.toml matches, with their digests before the run."""
    paths: tuple[str, ...] = ()
    """The same files, absolute."""
    look: Callable[[], Digests] = field(compare=False, default=tuple)
    """Their digests as they are now; raises AuditError where one cannot be read. A run that changes them is an error."""
    extensions: frozenset[str] = frozenset()
    """Extensions that the text of its files names: the server has to have them."""
    notes: tuple[str, ...] = ()
    """What a reviewer should know of it."""

    @property
    def shown(self) -> str:
        """The command as one types it: ``npx knex migrate:latest``."""
        return shlex.join(self.command)

    @property
    def at(self) -> Location:
        """Where everything comes from that it makes: ``command `npx knex migrate:latest```."""
        return Location(f"{_OF_COMMAND}{self.shown}`")


def is_command(where: str) -> bool:
    """Whether a place that a finding names is a command, and no line of a file."""
    return where.startswith(_OF_COMMAND)


AnySource = SqlSource | CommandSource
"""What can be applied to a database; ``shadow.apply.apply_sources`` knows how."""


def filled(template: str, values: dict[str, str]) -> str:
    """``template`` with its placeholders replaced; ``{{`` and ``}}`` are braces. Raises ValueError for any other brace.

    >>> filled("{{a}}={host}:{port}", {"host": "h", "port": "1"})
    '{a}=h:1'
    """

    def value_of(found: re.Match[str]) -> str:
        if found[0] in {"{{", "}}"}:
            return found[0][0]
        if found[1] not in values:
            raise ValueError(found[0])
        return values[found[1]]

    return _BRACES.sub(value_of, template)
