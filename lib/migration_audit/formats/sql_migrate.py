"""sql-migrate: SQL files with ``-- +migrate Up`` and ``-- +migrate Down`` sections.

Files       The files directly in the folder whose names end in ``.sql`` (in lower case); those in subfolders are not read.
Order       Names that begin with a number first, by that number (``2_x`` before ``10_x``), then by name; then the other
            names. A number that does not fit into 64 bits is refused.
Part        The lines of the ``Up`` sections. A marker starts its line with ``-- +migrate `` and is written as here; one that
            differs is refused, since sql-migrate ignores it. Every other line that begins with ``-- `` is left out, even
            within a string or body. SQL before the first marker is reported, as sql-migrate leaves it out.
            A line that ends with a semicolon ends a statement, unless it is between ``StatementBegin`` and
            ``StatementEnd``; where that cuts through a statement, a string or a body, the file is refused with the line.
Session     One for all files.
Transaction One for each file. ``-- +migrate Up notransaction`` opts out: then each statement is sent alone, and several
            between StatementBegin and StatementEnd are one message. A file that ends its transaction itself is refused:
            sql-migrate fails after it.
Dialect     The server's: no psql commands, no data of COPY.
Placeholders None.
Ledger      ``gorp_migrations``, one row for each file with its name as ``id``. ``table`` and ``schema`` in dbconfig.yml name
            another one.
Source      https://github.com/rubenv/sql-migrate#writing-migrations; sqlparse/sqlparse.go, migrate.go
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import basename

from migration_audit.formats.chunks import Message, assemble, ends_statement, fields, refuse_unfinished, scan_lines
from migration_audit.formats.interface import (
    Format,
    MigrationFolder,
    Plan,
    PlannedFile,
    find_marker,
    lost_ledger,
    mark_hint,
    only_tree,
)
from migration_audit.formats.ledgers import LedgerFormat
from migration_audit.formats.lexer import comment_lines, tokens
from migration_audit.formats.plain_files import direct_files, unread_sql
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied, SessionScope, TransactionMode

_NUMBER = re.compile(r"([0-9]+).*")
_PREFIX = b"-- +migrate "
_MARKER = re.compile(rb"^-- \+migrate [^\S\n]*(?:Up|Down)(?!\S).*$", re.MULTILINE)
_SQL = re.compile(r".*\.sql", re.DOTALL)
_COMMANDS = frozenset({"Up", "Down", "StatementBegin", "StatementEnd"})
_LOOKS_LIKE = re.compile(r"--\s*\+\s*migrate\b", re.IGNORECASE)
_LONGEST_LINE = 1024 * 1024
_BLOCK = "put the statement between `-- +migrate StatementBegin` and `-- +migrate StatementEnd`"


def plan(trees: Sequence[MigrationFolder], placeholders: Mapping[str, str]) -> Plan:
    """The Up sections in sql-migrate's order; raises SourceError where sql-migrate fails, with the line."""
    tree = only_tree("sql-migrate", trees)
    chosen = [path for path in direct_files(tree, "sql-migrate") if path.endswith(".sql")]
    files: list[PlannedFile] = []
    left: list[NotApplied] = []
    notes: list[str] = []
    for path in sorted(chosen, key=lambda path: _order(path, tree.shown_path(path))):
        shown = tree.shown_path(path)
        read = _Reader(tree.read(path), shown).read()
        text, cuts = assemble(read.ups, shown, "sql-migrate", _BLOCK)
        mode = TransactionMode.MESSAGE if read.no_transaction else TransactionMode.FILE
        files.append(PlannedFile(path=path, text=text, transaction=mode, entry=basename(path), cuts=cuts))
        left += read.left
        notes += lost_ledger(text, shown, mode, "sql-migrate", "gorp_migrations", "dbconfig.yml names its schema")
    left += unread_sql(tree, chosen, names="names that end in .sql")
    return Plan(files=tuple(files), not_applied=tuple(left), notes=tuple(notes))


def _order(path: str, shown: str) -> tuple[bool, int, bytes]:
    name = basename(path)
    number = _NUMBER.fullmatch(name)
    if number and int(number[1]) >= 2**63:
        what = f"the number {number[1]} exceeds 64 bits, so sql-migrate fails"
        raise SourceError(what, where=shown, todo="use a smaller number")
    return number is None, int(number[1]) if number else 0, name.encode(errors="surrogateescape")


@dataclass(slots=True)
class _Reader:
    """sql-migrate's parser, line by line."""

    text: bytes
    shown: str
    ups: list[Message] = field(default_factory=list)
    left: list[NotApplied] = field(default_factory=list)
    no_transaction: bool = False
    _section: str = ""
    """``Up``, ``Down``, or nothing before the first marker."""
    _in_block: bool = False
    _ended: bool = False
    _open: Message | None = None
    """The lines since the last statement ended."""
    _begun: int = 0
    """The line of the section's marker."""
    _seen: bytes = b""
    """What the section holds, where it is not applied."""

    def read(self) -> _Reader:
        """Read the whole file; raises SourceError where sql-migrate refuses it."""
        _refuse_lookalikes(self.text, self.shown)
        lines = scan_lines(self.text, _LONGEST_LINE, self.shown, "sql-migrate")
        for number, line in enumerate(lines):
            self._line(number, line)
        self._report()
        if self._in_block:
            raise self._error(self._begun, "no `-- +migrate StatementEnd` follows", _BLOCK)
        if not self._section:
            what = f"the line `-- +migrate Up`, which sql-migrate requires, is missing{mark_hint(self.text)}"
            raise self._error(0, what, "begin the file with `-- +migrate Up`")
        refuse_unfinished(self._open, self.shown, "sql-migrate")
        return self

    def _line(self, number: int, line: bytes) -> None:
        is_left_out = line.startswith(b"-- ")
        if line.startswith(_PREFIX):
            self._marker(number, fields(line[len(_PREFIX) :]))
        elif is_left_out and not line.startswith(b"-- +"):
            if self._open:
                self._open.lines.append(None)
            self._seen += b"\n"
            return
        if not self._section:
            self._seen += line + b"\n"
            return
        if self._open is None and not is_left_out:
            self._open = Message(number)
        if self._open:
            self._open.lines.append(None if is_left_out else line)
        if self._ended or (not self._in_block and ends_statement(line)):
            self._end()

    def _end(self) -> None:
        self._ended = False
        if self._open and self._section == "Up":
            self.ups.append(self._open)
        elif self._open:
            self._seen += self._open.sent
        self._open = None

    def _marker(self, number: int, words: Sequence[str]) -> None:
        command = words[0] if words else ""
        if command in {"Up", "Down"}:
            refuse_unfinished(self._open, self.shown, "sql-migrate")
            self._report()
            self._open, self._section, self._begun = None, command, number
            self.no_transaction |= command == "Up" and "notransaction" in words[1:]
        elif command == "StatementBegin" and self._section:
            self._in_block = True
        elif command == "StatementEnd" and self._section:
            self._ended, self._in_block = self._in_block, False

    def _report(self) -> None:
        """What is in a section that is not applied."""
        if next(tokens(self._seen), None) is not None:
            is_down = self._section == "Down"
            reason = "down section" if is_down else "before the first marker, which sql-migrate ignores"
            line = self._begun + 1 if is_down else _at_first_token(self._seen)
            self.left.append(NotApplied(path=self.shown, line=line, reason=reason, by_rule=is_down))
        self._seen = b""

    def _error(self, number: int, what: str, todo: str) -> SourceError:
        return SourceError(what, where=f"{self.shown}:{number + 1}", todo=todo)


def _at_first_token(text: bytes) -> int:
    """The line of the first token that is not a comment."""
    token = next(tokens(text))
    return text.count(b"\n", 0, token.start) + 1


def _refuse_lookalikes(text: bytes, shown: str) -> None:
    for comment in comment_lines(text):
        if not _LOOKS_LIKE.match(comment.text):
            continue
        line = text[comment.start : comment.end]
        words = fields(line[len(_PREFIX) :]) if line.startswith(_PREFIX) else []
        if not words or words[0] not in _COMMANDS:
            what = f"`{comment.text[:60].strip()}` is not a marker for sql-migrate, which ignores it"
            todo = "write it at the start of the line, as `-- +migrate Up`, Down, StatementBegin or StatementEnd"
            raise SourceError(what, where=f"{shown}:{comment.line}", todo=todo)


FORMAT = Format(
    name="sql-migrate",
    runner="sql-migrate",
    plan=plan,
    recognise=lambda tree: find_marker(tree, _SQL, _MARKER),
    session=SessionScope.SOURCE,
    needs_open_transaction=True,
    ledger=LedgerFormat(table="public.gorp_migrations", columns=("id",), name_column="id"),
    tested_against="Debian's sql-migrate of 2019 (and once with 1.8.1, whose parser is the same)",
)
