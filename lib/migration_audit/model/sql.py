"""SQL sources as values: files, statements, and what applying them gave."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from migration_audit.model.location import Location
from migration_audit.model.progress import FILE_TIMEOUT, STATEMENT_TIMEOUT
from migration_audit.model.side_effects import Outside

_ENDS_TRANSACTION = re.compile(
    r"(?:commit|end|rollback|abort)\b(?!(?:\s+(?:work|transaction))?\s+(?:to|prepared|and\s+chain)\b)|prepare\s+transaction\b",
    re.IGNORECASE,
)
THIS_DATABASE = "migration_audit_this_database"
"""Stands in SQL for the name of the database that it is applied to, which is unknown before."""
_PASSWORD = re.compile(r"(password\s+)[eu&]*'(?:[^']|'')*'", re.IGNORECASE)


class StatementKind(StrEnum):
    """How a statement has to be sent."""

    SQL = "sql"
    TRANSACTION = "transaction"
    """BEGIN, COMMIT, SAVEPOINT and their kin."""
    COPY = "copy"
    """``COPY … FROM stdin`` with its data."""


class SessionScope(StrEnum):
    """How long ``SET``, temporary tables and advisory locks live."""

    FILE = "one session per file"
    SOURCE = "one session for all files"


class TransactionMode(StrEnum):
    """Where the transaction of a file begins and ends."""

    NONE = "statement by statement"
    """Autocommit: each statement is its own transaction, as ``psql -f`` does."""
    FILE = "one transaction per file"
    """The runner sends BEGIN before the file and COMMIT after it."""
    MESSAGE = "one message per file"
    """The whole text goes in one message (or in those that ``PlannedFile.cuts`` make of it): an implicit transaction, unless
    it holds a single statement.
    https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT"""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class NotApplied:
    """A file, or a part of one, that is in a source's folders and is not applied."""

    path: str
    """As findings show it."""
    line: int | None = None
    """Where the part begins; None for the whole file."""
    reason: str
    """In a few words: ``down section``, ``undo migration``, ``no glob matches it``."""
    by_rule: bool = True
    """Whether the format leaves it out on purpose; False for SQL that is not read, which a person should look at."""

    def __str__(self) -> str:
        """``path:line: reason``."""
        return f"{self.path}:{self.line}: {self.reason}" if self.line else f"{self.path}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a file, without its closing semicolon."""

    text: str
    at: Location
    kind: StatementKind = StatementKind.SQL
    data: str = ""
    """For COPY: the lines up to, without, the closing ``\\.``."""
    inserted: tuple[tuple[int, int], ...] = ()
    """Line breaks that psql's variables put into ``text``: after which of its lines (the first is 0), and how many."""
    outside: tuple[Outside, ...] = ()
    """What it reaches for outside of its database."""

    def in_file(self, at: Location) -> Location:
        """Where ``at`` is in the file, when its line was counted as if all of ``text`` stood there.

        >>> print(Statement(text="a :'v'\\nb", at=Location("x.sql", 7), inserted=((0, 2),)).in_file(Location("x.sql", 10)))
        x.sql:8
        """
        number = at.line - self.at.line
        return Location(at.path, at.line - sum(min(count, max(0, number - after)) for after, count in self.inserted))

    @property
    def begins_transaction(self) -> bool:
        """Whether it opens a transaction block: BEGIN, START TRANSACTION."""
        return self.kind is StatementKind.TRANSACTION and self.text[:5].lower() in {"begin", "start"}

    @property
    def ends_transaction(self) -> bool:
        """Whether no transaction is open after it: COMMIT and ROLLBACK, but not ROLLBACK TO or COMMIT AND CHAIN."""
        return self.kind is StatementKind.TRANSACTION and _ENDS_TRANSACTION.match(self.text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlFile:
    """One file of a source, in apply order, with the digest of its bytes."""

    path: str
    """As findings show it: relative to the source's root, with the source's root name in front."""
    sha256: str
    number: int | None
    """The numeric prefix of its name, if it has one: ``0002_positions.sql`` has 2."""
    statements: tuple[Statement, ...]
    transaction: TransactionMode
    entry: str | None
    """What the runner's ledger records for it; None where the name of the file is recorded."""
    checksum: str | None
    """What the runner's ledger records as its checksum, where it has a checksum of its own."""
    also: tuple[str, ...]
    """Checksums that the runner accepts as well: those of the same file with other line ends."""
    session: str | None
    """The session that it runs in, where that is not the one of its source; files of one name share one."""
    joined: bool
    """Whether it goes on in the session and transaction of the file before it, with nothing sent in between."""
    messages: tuple[int, ...] = ()
    """How many statements each message of the runner holds; empty where it sends each statement alone. After a COMMIT in a
    message, the rest of it is an implicit transaction again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSource:
    """The files of one source in the order in which they are applied."""

    name: str
    files: tuple[SqlFile, ...]
    format: str = "files"
    """The name of the format by which they were read."""
    session: SessionScope = SessionScope.FILE
    opening: tuple[str, ...] = ()
    """SQL that the runner sends first in each session."""
    between: tuple[str, ...] = ()
    """SQL that the runner sends between two files of one session."""
    recording: tuple[str, ...] = ()
    """SQL that is sent behind each file, in its transaction, in place of that by which the runner records it."""
    one_transaction: bool = False
    """Whether all files are one transaction."""
    settings: tuple[tuple[str, str], ...] = ()
    """Settings that each session starts with: ``("search_path", "app")``."""
    settings_at: Location | None = None
    """Where the user gives them."""
    statement_timeout: int = STATEMENT_TIMEOUT
    """Seconds that one statement may take in a shadow."""
    file_timeout: int = FILE_TIMEOUT
    """Seconds that one file may take in a shadow."""
    not_applied: tuple[NotApplied, ...] = ()
    """What is in its folders and is not applied."""
    duplicates: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Versions that several files carry, so that their order is unknown, with their paths."""
    notes: tuple[str, ...] = ()
    """What a reviewer should know of how it was read."""

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All statements of all files, in order."""
        return tuple(s for f in self.files for s in f.statements)


def short_statement(statement: str) -> str:
    """A statement on one line, 200 characters at most, without a password."""
    line = _PASSWORD.sub(r"\1'***'", " ".join(statement.split()))
    return line if len(line) <= 200 else line[:199] + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlFailure:
    """The first statement that the server refused."""

    at: Location
    statement: str
    message: str
    sqlstate: str | None

    @property
    def shown_statement(self) -> str:
        """The statement on one line, 200 characters at most, without a password: ``CREATE ROLE … PASSWORD '***'``."""
        return short_statement(self.statement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What applying a sequence of sources to a fresh database gave."""

    sequence: tuple[str, ...]
    """Names of the sources, in order: ``("legacy", "owner")``."""
    failure: SqlFailure | None = None
    assumed_roles: tuple[str, ...] = ()
    """Roles that the SQL uses and does not create: created without any rights, since roles live outside a database."""
    notices: tuple[str, ...] = ()
    """What the server warned of, at most 200."""
    notes: tuple[str, ...] = ()
    """Notes on commands that ended well, and on what another edition of TimescaleDB would do."""
    outputs: tuple[str, ...] = ()
    """The end of what each command printed, without secrets."""


class Similarity(StrEnum):
    """What the owner's SQL has of one legacy statement, from the closest to nothing."""

    IDENTICAL = "byte-identical"
    NORMALISED = "identical except for whitespace and comments"
    EFFECT = "same effect"
    """Everything that the statement made, or names, is the same on the owner's side."""
    DIFFERENT = "different"
    ABSENT = "absent"
    """Nothing of what the statement made is there."""
    NO_SCHEMA = "no schema"
    """It makes nothing and names nothing of the schema: rows, settings of the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementMatch:
    """One legacy statement, and where the owner's SQL has it or what it made."""

    legacy: Location
    text: str
    """On one line, 200 characters at most, without a password."""
    similarity: Similarity
    owner: Location | None = None
    """Of the statement that is the same, else of the one that last wrote what this one made."""
    differing: tuple[str, ...] = ()
    """What it made or names that is missing or differs: ``index public.positions_ts``."""
