r"""dbmate: plain SQL files with ``-- migrate:up`` and ``-- migrate:down`` sections.

Files       The files directly in the folder whose names are digits, anything, and ``.sql`` in lower case. Several folders
            are one list, as with several ``--migrations-dir``. Other ``.sql`` files, and those in subfolders, are not read.
Order       By the bytes of the file names: ``10_x.sql`` before ``1_x.sql`` and before ``2_x.sql``. A version is the digits,
            compared as text: ``1`` and ``01`` are two versions. The same version twice is an error.
Part        From each ``-- migrate:up`` to the ``-- migrate:down`` that has to follow it. Only comments may come before the
            first of them. A marker starts its line and is in lower case. Refused, with the line: a marker within a string,
            a body or a block comment, where dbmate would split the file too, and a comment that differs from a marker only
            by case or indentation, which dbmate ignores.
Session     One for all files.
Transaction One for each section. ``transaction:false`` behind ``migrate:up`` opts out: the section is then one message, an
            implicit transaction unless it holds a single statement. A section that ends its transaction itself is refused:
            dbmate fails after it.
Dialect     The server's: no psql commands, no data of COPY.
Placeholders None.
Ledger      ``schema_migrations`` with one row for each version, in the schema that ``search_path`` in the database URL names
            first, else in the current one.
Source      https://github.com/amacneil/dbmate#readme; pkg/dbmate/migration.go, pkg/dbmate/db.go, pkg/driver/postgres
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename

from migration_audit.formats.interface import (
    Format,
    MigrationFolder,
    Plan,
    PlannedFile,
    blank,
    find_marker,
    mark_hint,
    path_changes,
    refuse_same_version,
)
from migration_audit.formats.ledgers import LedgerFormat
from migration_audit.formats.lexer import CommentLine, at_line, comment_lines, tokens
from migration_audit.formats.plain_files import direct_files, unread_sql
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied, SessionScope, TransactionMode

_NAME = re.compile(r"([0-9]+).*\.sql")
_MARKER = re.compile(rb"^--[\t\n\f\r ]*migrate:(?P<part>up|down)(?:[\t\n\f\r ]*$|[\t\n\f\r ]+[^\t\n\f\r ])", re.MULTILINE)
_LOOKS_LIKE = re.compile(r"--\s*migrate\s*:\s*(?:up|down)\b", re.IGNORECASE)
_SKIPPED_LINE = re.compile(rb"[\t\n\f\r ]*(?:--.*)?", re.DOTALL)
_NAMES = "names that begin with a digit and end in .sql"


@dataclass(frozen=True, slots=True)
class _Found:
    """A file that dbmate takes."""

    name: str
    version: str
    tree: MigrationFolder
    number: int
    """Of the tree."""
    path: str

    @property
    def shown(self) -> str:
        return self.tree.shown_path(self.path)


@dataclass(frozen=True, slots=True)
class _Section:
    """One up section: ``start`` is where its marker begins, ``end`` where its down section begins."""

    start: int
    end: int
    transaction: TransactionMode


def plan(trees: Sequence[MigrationFolder], placeholders: Mapping[str, str]) -> Plan:
    """The up sections of all folders in name order; raises SourceError where dbmate fails, with the line."""
    found = sorted(_found(trees), key=lambda file: file.name.encode(errors="surrogateescape"))
    refuse_same_version("dbmate", ((file.version, file.shown) for file in found))
    files: list[PlannedFile] = []
    left: list[NotApplied] = []
    notes: list[str] = []
    for file in found:
        text = file.tree.read(file.path)
        sections = tuple(_sections(text, file.shown))
        for section in sections:
            up = blank(blank(text, 0, section.start), section.end, len(text))
            files.append(
                PlannedFile(path=file.path, tree=file.number, text=up, transaction=section.transaction, entry=file.version)
            )
            notes += _notes(up, file.shown, section.transaction)
        left += _left_out(text, sections, file.shown)
    for number, tree in enumerate(trees):
        left += unread_sql(tree, {file.path for file in found if file.number == number}, names=_NAMES)
    return Plan(files=tuple(files), not_applied=tuple(left), notes=tuple(notes))


def _found(trees: Sequence[MigrationFolder]) -> Iterator[_Found]:
    for number, tree in enumerate(trees):
        for path in direct_files(tree, "dbmate"):
            name = basename(path)
            if match := _NAME.fullmatch(name):
                yield _Found(name, match[1], tree, number, path)


def _sections(text: bytes, shown: str) -> Iterator[_Section]:
    """The up sections of one file; raises SourceError where dbmate would refuse the file or cut at an unintended place."""
    comments = {comment.start: comment for comment in comment_lines(text)}
    markers = list(_MARKER.finditer(text))
    for marker in markers:
        _refuse_hidden(marker, comments.get(marker.start()), text, shown)
    _refuse_lookalikes(comments, {marker.start() for marker in markers}, shown)
    ups = [marker for marker in markers if marker["part"] == b"up"]
    if not ups:
        what = f"the line `-- migrate:up`, which dbmate requires, is missing{mark_hint(text)}"
        raise SourceError(what, where=f"{shown}:1", todo="begin the file with `-- migrate:up`")
    _refuse_statements_before(text, ups[0].start(), shown)
    for up, stop in zip(ups, [*(after.start() for after in ups[1:]), len(text)], strict=True):
        downs = [m.start() for m in markers if m["part"] == b"down" and up.start() < m.start() < stop]
        if len(downs) != 1:
            at = downs[1] if downs else up.start()
            what = "a second `-- migrate:down` for one `-- migrate:up`" if downs else "no `-- migrate:down` follows"
            raise SourceError(f"{what}: dbmate refuses the file", where=at_line(shown, text, at), todo="pair the markers")
        yield _Section(up.start(), downs[0], _mode(text, up))


def _refuse_hidden(marker: re.Match[bytes], comment: CommentLine | None, text: bytes, shown: str) -> None:
    if comment is None:
        what = "dbmate splits the file at this line, which is inside a string, a body or a block comment"
        raise SourceError(what, where=at_line(shown, text, marker.start()), todo="indent the line: dbmate then ignores it")
    if b"\n" in text[marker.start() : marker.end("part")]:
        what = "dbmate reads this line and the following ones as one marker, but the server does not"
        raise SourceError(what, where=at_line(shown, text, marker.start()), todo="write the marker on one line")


def _refuse_lookalikes(comments: Mapping[int, CommentLine], markers: set[int], shown: str) -> None:
    for start, comment in comments.items():
        if start not in markers and _LOOKS_LIKE.match(comment.text):
            what = f"`{comment.text[:60].strip()}` is not a marker for dbmate, which applies what follows unchanged"
            todo = "write it at the start of the line as `-- migrate:up` or `-- migrate:down`, or reword the comment"
            raise SourceError(what, where=f"{shown}:{comment.line}", todo=todo)


def _refuse_statements_before(text: bytes, first: int, shown: str) -> None:
    at = 0
    while at < first:
        end = text.find(b"\n", at, first)
        end = first if end < 0 else end + 1
        if not _SKIPPED_LINE.fullmatch(text, at, end):
            what = "dbmate allows only empty lines and `--` comments before `-- migrate:up`"
            raise SourceError(what, where=at_line(shown, text, at), todo="move it below the marker")
        at = end


def _mode(text: bytes, up: re.Match[bytes]) -> TransactionMode:
    """What the options behind the marker say: ``key:value`` pairs, the last of a key counts."""
    stop = text.find(b"\n", up.end("part"))
    pairs = [word.split(b":") for word in text[up.end("part") : stop if stop >= 0 else len(text)].split()]
    options = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    return TransactionMode.MESSAGE if options.get(b"transaction") == b"false" else TransactionMode.FILE


def _left_out(text: bytes, sections: Sequence[_Section], shown: str) -> Iterator[NotApplied]:
    for section, stop in zip(sections, [*(after.start for after in sections[1:]), len(text)], strict=True):
        if next(tokens(text[section.end : stop]), None) is not None:
            line = text.count(b"\n", 0, section.end) + 1
            yield NotApplied(path=shown, line=line, reason="down section")


def _notes(up: bytes, shown: str, mode: TransactionMode) -> Iterator[str]:
    """A changed search_path, in whose first schema dbmate then looks for its ledger."""
    for change in path_changes(up):
        is_over = change.is_local and mode is TransactionMode.MESSAGE
        if change.schemas and change.schemas[0] != "public" and not is_over:
            yield (
                f"{at_line(shown, up, change.at)} sets search_path: dbmate then looks for schema_migrations in "
                f"the schema {change.schemas[0]} and fails, unless the search_path in the database URL names that schema"
            )


FORMAT = Format(
    name="dbmate",
    runner="dbmate",
    plan=plan,
    recognise=lambda tree: find_marker(tree, _NAME, _MARKER),
    session=SessionScope.SOURCE,
    needs_open_transaction=True,
    ledger=LedgerFormat(table="public.schema_migrations", columns=("version",), name_column="version"),
    tested_against="dbmate 2.37.0",
)
