"""What source files, manifests and folders hold, as far as the retirement of a runner is concerned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from migration_audit.model.location import Location, line_in


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeName:
    """An identifier in a source file; comments hold none."""

    text: str
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call, or a function handed on by its name to be called elsewhere."""

    callee: str
    """As it is written, without white space, ``?.`` and ``!``: ``db.migrate``; ``…`` replaces what is not a name."""
    at: Location
    handed_on: bool = False
    """The function is not called here: ``withLock(migrate)``, ``const boot = [migrate]``."""

    @property
    def path(self) -> tuple[str, ...]:
        """The names of ``callee``: ``("db", "migrate")``."""
        return tuple(self.callee.split("."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A module that a file imports, exports again, requires or loads."""

    written: str
    """``./db/migrate.js``, ``app.migrate``."""
    candidates: tuple[str, ...]
    """Files that it may mean, relative to the project, without extension: ``processor/src/db/migrate``."""
    names: tuple[tuple[str, str], ...] = ()
    """What is imported and what it is called here: ``(("migrate", "m"),)``; ``*`` for the whole module."""
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """Text in a program: a string, a template (``${…}`` shown as ``…``), a concatenation of them."""

    text: str
    at: Location
    is_human_message: bool = False
    """Whether it is there to be read by people: thrown, logged, the title of a test."""
    lines: tuple[tuple[int, int], ...] = ()
    """``(offset, line)``: from this offset of ``text`` on, the line of the file; in order."""

    def line_of(self, offset: int) -> int:
        """The line of the file on which this offset of ``text`` is."""
        return line_in(self.lines, offset, self.at.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ddl:
    """A statement that changes the schema."""

    command: str
    """What it does, in the words of SQL: ``CREATE TABLE``."""
    statement: str
    """The statement, on one line and cut."""
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestScript:
    """A named command of a manifest: package.json ``scripts``, pyproject.toml ``[project.scripts]``."""

    name: str
    words: tuple[str, ...]
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Opaque:
    """A part of a file that could not be read, with its text: a rule's names can still be looked for in it."""

    reason: str
    """``is not understood as TypeScript here``."""
    text: str
    at: Location
    is_all: bool = False
    """Nothing of the file could be read: that its text names nothing says too little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFile:
    """One file of a program."""

    path: str
    """Relative to the folder of audit.toml, with ``/``."""
    language: str
    names: tuple[CodeName, ...] = ()
    calls: tuple[Call, ...] = ()
    imports: tuple[Import, ...] = ()
    literals: tuple[Literal, ...] = ()
    ddl: tuple[Ddl, ...] = ()
    scripts: tuple[ManifestScript, ...] = ()
    defines: tuple[CodeName, ...] = ()
    """Functions that it defines."""
    follows: tuple[str, ...] = ()
    """Files of the project that run with it: the actions of a workflow."""
    opaque: tuple[Opaque, ...] = ()
    """Parts that could not be read; everything else was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A file, or a glob that matches none, that could not be read, and why."""

    path: str
    reason: str
    line: int | None = 1
    """None for a glob."""

    @property
    def where(self) -> str:
        """``file:line``, or the glob."""
        return self.path if self.line is None else f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeScope:
    """The files that one rule looks at."""

    files: tuple[CodeFile, ...]
    unread: tuple[Unread, ...] = ()
    """Files in scope that could not be understood, wholly or in part, and patterns that name nothing."""
    empty: tuple[str, ...] = ()
    """Patterns below an existing folder that no file matches: named in a note, and not undecided."""


CodeFacts = Mapping[Location, CodeScope]
"""The files of each rule, by the rule's place in audit.toml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryDependency:
    """A library that a manifest declares or a lock file holds."""

    name: str
    """As its registry calls it; behind an alias, the real one too has its Dependency."""
    section: str
    """``dependencies``, ``devDependencies``, ``packages``, …"""
    version: str = ""
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestScope:
    """What the manifests and lock files of one rule hold."""

    dependencies: tuple[LibraryDependency, ...]
    files: tuple[str, ...]
    unread: tuple[Unread, ...] = ()
    empty: tuple[str, ...] = ()


ManifestFacts = Mapping[Location, ManifestScope]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFact:
    """One path that a rule wants gone or there."""

    path: str
    kind: str
    """``file``, ``folder``, ``link`` (one that leads nowhere), ``other``, or ``none``."""
    holds: tuple[str, ...] = ()
    """Of a folder: every file in it, relative to the project; placeholders such as .gitkeep are left out."""
    ignored_by: Location | None = None
    """Of a folder: the line of a .gitignore that keeps new files in it out of git."""
    changed: str | None = None
    """Of a file that must be unchanged: how it differs; None if it is unchanged or was not compared."""
    unknown: str | None = None
    """Why it is unknown whether it changed, or what is there."""


PathFacts = Mapping[Location, tuple[PathFact, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureFacts:
    """The SQL file that the integration tests load, as it is in the tree: one for each rule of RET008."""

    path: str
    """Relative to the folder of audit.toml."""
    exists: bool
    head: str = ""
    """The comment at its top, without comment marks, white space collapsed."""
    expected_head: str | None = None
    """What the head must say; None where the rule does not ask."""
    loads: tuple[Location, ...] = ()
    """Where tests name it."""
    loaded_by: tuple[str, ...] = ()
    """The globs of the tests that were looked at."""
    looked_at: int = 0
    """How many test files that were."""
    unread: tuple[Unread, ...] = ()
    where: str = field(default="", compare=False)
    """The line of audit.toml that asks."""

    @property
    def head_agrees(self) -> bool:
        """Whether the head says what it must; line breaks and the space between words do not matter."""
        return self.expected_head is None or " ".join(self.expected_head.split()) in self.head
