"""What may be one of the two sources: files of a format, or a command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A place whose files make a schema; nothing is decided about whose it is."""

    folder: str
    """Where the migrations are, relative to the folder of audit.toml; ``.`` for that folder."""
    project: str
    """The folder of the project that they belong to."""
    why: str
    """One sentence that names a file."""
    sql: tuple[str, ...] = ()
    """Globs below ``root``; empty for a command."""
    format: str | None = None
    """None where it is not decided (``formats`` says between which), and for plain files."""
    formats: tuple[str, ...] = ()
    """The formats that its files look like, where there are several."""
    command: tuple[str, ...] = ()
    root: str = "."
    """The folder that ``sql`` and ``files`` count from, and where a command runs."""
    ledger: str | None = None
    """How a command keeps its ledger, where we know it; a format brings its own."""
    env: tuple[tuple[str, str], ...] = ()
    env_from: str | None = None
    """The file that reads these variables."""
    files: tuple[str, ...] = ()
    taken: frozenset[str] = frozenset()
    """The migrations of a command: they are no one else's."""
    doubts: tuple[str, ...] = ()
    """What is left to decide about it, each as a sentence that names a file."""

    @property
    def shown(self) -> str:
        """The place and how it is read, for people."""
        if self.command:
            return f"{self.folder} ({' '.join(self.command)})"
        return f"{self.folder} ({self.format or ' or '.join(self.formats) or 'files'})"
