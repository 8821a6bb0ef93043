"""Documents and reports of commands, as values: what a person reads in them, and at which line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from migration_audit.model.location import Location, line_in


class PassageKind(StrEnum):
    """What a passage is to someone who reads the rendered document."""

    TEXT = "text"
    """A paragraph, an item's first lines, a row of a table, a block of HTML."""
    HEADING = "heading"
    TASK = "task"
    """An item with an empty box: what it says is not so yet."""
    CODE = "code"
    """A block of code, and the front matter: it is shown, and is not a statement of the text."""
    ASIDE = "aside"
    """What only some readers see: the text of an image, a tooltip, what HTML hides in some renderers and shows in others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchableText:
    """Text ready to be searched: one spelling for quotes, dashes and blanks, no emphasis, lower case.

    The artifacts fold documents and sought statements with one function, so that both sides have the same spelling.
    """

    text: str
    lines: tuple[tuple[int, int], ...]
    """Offset at which text of another line begins, and that line, counted from 1; sorted."""

    def line(self, offset: int) -> int:
        """The line on which the character at ``offset`` is."""
        return line_in(self.lines, offset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One block of a document."""

    kind: PassageKind
    line: int
    shown: SearchableText
    """As it is read: a ``[[target|alias]]`` is its alias. Struck-out text and comments are not in it."""
    linked: SearchableText
    """The same with the names of the linked pages in place of the aliases."""
    sections: tuple[str, ...]
    """The headings above it, folded, the outermost first; a heading is in its own section."""
    until: int
    """Position in the document after the last passage that belongs to this one: a heading's section, an item's rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One Markdown file."""

    path: str
    """Relative to the folder of audit.toml."""
    passages: tuple[Passage, ...]
    source: tuple[str, ...]
    """Its lines, as they are in the file."""

    def at(self, line: int) -> Location:
        """A line of this document."""
        return Location(self.path, line)

    def excerpt(self, line: int) -> str | None:
        """The line as it is in the file, 200 characters at most; None for a line that it does not have."""
        if not 0 < line <= len(self.source):
            return None
        text = self.source[line - 1].strip()
        return text if len(text) <= 200 else text[:199] + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A statement of audit.toml: as it is written there, and folded."""

    text: str
    words: str
    key: str
    """Short and stable, for the key of a finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRule:
    """A rule about documents with the documents that it names."""

    check: str
    verb: str
    """``says``, ``says_not`` or ``entry``."""
    at: Location
    """Its line in audit.toml."""
    sought: tuple[Sought, ...]
    """The sentences or claims; of an entry: its kind."""
    documents: tuple[Document, ...]
    missing: tuple[str, ...] = ()
    """Paths and globs of the rule that name no file."""
    unreadable: tuple[str, ...] = ()
    """Why a named file could not be read, one sentence each."""
    if_there: bool = False
    section: Sought | None = None
    about: tuple[Sought, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDrop:
    """A place whose execution drops a table."""

    table: str
    """As the rule names it."""
    at: Location
    text: str
    """The statement on one line, 200 characters at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropRule:
    """A rule about tables that nothing may drop, with what drops them all the same."""

    check: str
    at: Location
    tables: tuple[str, ...]
    drops: tuple[TableDrop, ...]
    missing: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    files: int = 0
    """How many files were read."""


class CommandState(StrEnum):
    """What is known of a command."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It was not run, or its report is not about this commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """One configured command, run now or read from the report that CI wrote."""

    command: str
    directory: str
    """Relative to the folder of audit.toml; ``.`` for that folder itself."""
    at: Location
    """Its line in audit.toml."""
    state: CommandState
    summary: str
    """One clause: what happened, or why it is not known."""
    detail: str | None = None
    """The end of its output, or the tests that failed."""
    where: str | None = None
    """The report, or what else shows it."""
    todo: str = ""
    """How to learn what is not known."""
