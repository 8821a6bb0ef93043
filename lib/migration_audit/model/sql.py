"""SQL sources as values: files, statements, and what applying them gave."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from migration_audit.model.location import Location

_PASSWORD = re.compile(r"(password\s+)[eu&]*'(?:[^']|'')*'", re.IGNORECASE)


class StatementKind(StrEnum):
    """How a statement has to be sent."""

    SQL = "sql"
    TRANSACTION = "transaction"
    """BEGIN, COMMIT, SAVEPOINT and their kin."""
    COPY = "copy"
    """``COPY … FROM stdin`` with its data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a file, without its closing semicolon."""

    text: str
    at: Location
    kind: StatementKind = StatementKind.SQL
    data: str = ""
    """For COPY: the lines up to, without, the closing ``\\.``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlFile:
    """One file of a source, in apply order, with the digest of its bytes."""

    path: str
    """As findings show it: relative to the source's root, with the source's root name in front."""
    sha256: str
    number: int | None
    """The numeric prefix of its name, if it has one: ``0002_positions.sql`` has 2."""
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSource:
    """The files of one source in the order in which they are applied."""

    name: str
    files: tuple[SqlFile, ...]

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All statements of all files, in order."""
        return tuple(s for f in self.files for s in f.statements)


def one_line(statement: str) -> str:
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
        return one_line(self.statement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What applying a sequence of sources to a fresh database gave."""

    sequence: tuple[str, ...]
    """Names of the sources, in order: ``("legacy", "owner")``."""
    failure: SqlFailure | None = None
    assumed_roles: tuple[str, ...] = ()
    """Roles that the SQL names and nobody made: created without any rights, since roles live outside a database."""
    notices: tuple[str, ...] = ()
    """What the server warned of, at most 200."""
