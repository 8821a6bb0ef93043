"""What a source format is: which files a migration runner applies, in which order, and which part of each.

A format is pure. It gets the listing of the folders that a user named (``MigrationFolder``) and returns a ``Plan``: what the
runner would send to an empty database, and what it would not, with the reason. Nothing is guessed: what a format cannot
decide raises SourceError with the file and line.
"""

from __future__ import annotations

import codecs
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from posixpath import normpath
from types import MappingProxyType
from typing import NoReturn

from migration_audit.formats.ledgers import LedgerFormat
from migration_audit.formats.lexer import TokenKind, at_line, tokens
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied, SessionScope, TransactionMode


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationFolder:
    """The regular files below one folder that a user named."""

    shown: str
    """The folder as people see it; ``.`` for the folder that paths are shown from."""
    paths: tuple[str, ...]
    """Relative to the folder, with ``/``, sorted; hidden folders and ``node_modules`` are left out."""
    read: Callable[[str], bytes]
    """The bytes of one of ``paths``; raises SourceError."""
    root: str = ""
    """Where the folder is, for the loader, which opens files; a format only calls ``read``."""
    is_whole: bool = True
    """False where the user's glob or a single file name chose the paths: others may be next to them."""
    not_chosen: Callable[[], tuple[str, ...]] = tuple
    """Where the paths were chosen: the files that lie in the same folders and were not."""
    other: Callable[[str], bytes | None] = lambda path: None
    """The bytes of a file that is not in ``paths``, by its path from the folder (``../flyway.toml``); None where it does not
    exist, or is above the folder that paths are shown from."""
    others: Callable[[str], tuple[str, ...]] = lambda folder: ()
    """The names of the files in a folder that is named as in ``other``; none where it may not be looked into."""

    def shown_path(self, path: str) -> str:
        """One of ``paths``, or another file by its path from the folder, as people see it."""
        shown = path if self.shown in {"", "."} else f"{self.shown.rstrip('/')}/{path}"
        return normpath(shown) if path.startswith("../") else shown

    def find(self, path: str) -> bytes | None:
        """The bytes of one of ``paths`` or of another file, as in ``other``; None where there is none."""
        return self.read(path) if path in self.paths else self.other(path)

    def nearest(self, *names: str, levels: int) -> tuple[str, bytes] | None:
        """The first file of these names in the folder, or else in the nearest folder above it: as people see it, its bytes.

        ``levels`` counts the folders that are looked into.
        """
        for path in (f"{'../' * up}{name}" for up in range(levels) for name in names):
            if (content := self.find(path)) is not None:
                return self.shown_path(path), content
        return None

    def below(self, folder: str) -> tuple[str, ...]:
        """The paths directly in ``folder`` (``""`` for the top), not those in folders of it."""
        prefix = f"{folder}/" if folder else ""
        return tuple(p for p in self.paths if p.startswith(prefix) and "/" not in p[len(prefix) :])

    def text(self, path: str) -> str:
        """A file as text; raises SourceError where it is not UTF-8. A byte order mark is left out."""
        try:
            return self.read(path).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            where = f"{self.shown_path(path)}:{line}"
            raise SourceError("is not UTF-8 here", where=where, todo="save the file as UTF-8") from None


class Dialect(StrEnum):
    """Who reads the SQL text before the server does."""

    PSQL = "psql"
    """psql: backslash commands, ``:variables``, the data of COPY … FROM stdin."""
    SERVER = "server"
    """Not psql: backslash commands and the data of COPY would reach the server, which refuses them."""
    COPY = "copy"
    """As ``SERVER``, but the runner sends the data of COPY … FROM stdin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """One step of the runner: the SQL of one file (or of one of its sections)."""

    path: str
    """One of the tree's ``paths``."""
    tree: int = 0
    """Which of the trees it is in."""
    text: bytes
    """What is applied. Of the same line structure as the file: what is not applied is blanked, newlines stay (``blank``)."""
    transaction: TransactionMode
    entry: str
    """What the ledger records for it: a version, a name, an id; ``""`` for a step that no ledger records (a callback)."""
    checksum: str | None = None
    """What the ledger records as its checksum, where the ledger has one; as text."""
    also: tuple[str, ...] = ()
    """Checksums of the same file that the runner accepts as well: those of other line ends."""
    cuts: tuple[int, ...] | None = None
    """Offsets into ``text`` at which the runner ends a statement by rules of its own; None where it sends the whole text.
    A cut within what PostgreSQL reads as one statement is refused by the loader, with its line."""
    session: str | None = None
    """The session that it runs in, where that is not the one that ``Format.session`` gives; steps of one name share one."""
    joined: bool = False
    """Whether it goes on in the session and transaction of the step before it, with nothing sent in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the runner does on an empty database."""

    files: tuple[PlannedFile, ...]
    """In the order in which they are applied."""
    not_applied: tuple[NotApplied, ...] = ()
    """Files and sections that the runner leaves out on an empty database, and SQL files that it never reads."""
    unread: tuple[tuple[int, str], ...] = ()
    """Files, by tree and path, that are an error unless an applied file includes them."""
    duplicates: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Versions that several files have, so that their order is undefined: ``("0002", ("0002_a.sql", "0002_b.sql"))``."""
    one_transaction: bool = False
    """Whether everything is one transaction."""
    opening: tuple[str, ...] = ()
    """SQL that the runner sends first in each session by its settings, after ``Format.opening``."""
    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Variables that the runner calls psql with; those of audit.toml come first."""
    notes: tuple[str, ...] = ()
    """What a reviewer should know: settings of the runner that were read, defaults that were taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One source format. The docstring of the module that has ``plan`` is its page."""

    name: str
    """As audit.toml and the command line write it: ``golang-migrate``."""
    runner: str
    """For people: ``golang-migrate 4``."""
    plan: Callable[[Sequence[MigrationFolder], Mapping[str, str]], Plan]
    """Several trees come where the user named several folders; a format that knows one alone refuses more. The placeholders
    are the values of audit.toml that the runner inserts into the SQL: Flyway's ``${name}``, graphile-migrate's ``:NAME``."""
    recognise: Callable[[MigrationFolder], str | None]
    """Why this tree looks like this format, with a file (``V1__init.sql is named as Flyway's``); None where it does not."""
    session: SessionScope
    opening: tuple[str, ...] = ()
    """SQL that the runner sends first in each session."""
    between: tuple[str, ...] = ()
    """SQL that the runner sends between two files of one session: ``RESET ROLE``."""
    recording: tuple[str, ...] = ()
    """SQL in place of that by which the runner records a file: behind it, in its transaction. It has to fail where the
    runner does, and to leave nothing behind."""
    takes_placeholders: bool = False
    """Whether it has placeholders; the loader refuses them where it has none."""
    needs_open_transaction: bool = False
    """Whether the runner fails where a file ends the transaction that the runner opened for it."""
    dialect: Dialect = Dialect.SERVER
    runs_in_folder: bool = False
    """Whether the runner runs psql in the folder that the user names, from which ``\\i`` counts."""
    ledger: LedgerFormat | None = None
    tested_against: str | None = None
    """The runner and version that our reading was tested against; None where it could not be had."""
    untested_because: str | None = None
    """Why there is no such test; None where there is one."""

    @property
    def page(self) -> str:
        """What ``format explain`` prints."""
        return inspect.getdoc(sys.modules[self.plan.__module__]) or ""

    @property
    def proof(self) -> str:
        """``tested against dbmate 2.37.0``, or ``not tested against it:`` and why."""
        return (
            f"tested against {self.tested_against}"
            if self.tested_against
            else f"not tested against it: {self.untested_because}"
        )


_SPACES = bytes(byte if byte in b"\r\n" else 0x20 for byte in range(256))


def blank(text: bytes, start: int, end: int) -> bytes:
    """``text`` with everything in ``start:end`` but line ends turned into spaces.

    >>> blank(b"a;\\nb;\\nc;", 3, 6)
    b'a;\\n  \\nc;'
    """
    return text[:start] + text[start:end].translate(_SPACES) + text[end:]


def refuse_mark(runner: str, text: bytes, shown: str) -> None:
    """Raise SourceError for a byte order mark where ``runner`` sends it to the server: PostgreSQL reads it as a name."""
    if text.startswith(codecs.BOM_UTF8):
        what = f"starts with a byte order mark, which {runner} sends to the server, causing a syntax error"
        raise SourceError(what, where=f"{shown}:1", todo="save the file as UTF-8 without a mark")


def mark_hint(text: bytes) -> str:
    """What to add to an error about the first line of a file where a byte order mark hides what it says."""
    return "; the file starts with a byte order mark, which hides its first line" if text.startswith(codecs.BOM_UTF8) else ""


def how_to_fill(placeholder: str) -> str:
    """What to do where a placeholder has no value."""
    return f'write placeholders = {{ "{placeholder}" = "…" }} in audit.toml, or compare with --placeholder {placeholder}=…'


def refuse_lines(value: str, name: str, where: str) -> None:
    """Raise SourceError for a placeholder's value of several lines."""
    if "\n" in value or "\r" in value:
        what = f"the value of the placeholder {name} spans several lines"
        raise SourceError(what, where=where, todo="write it on one line: lines of findings depend on it")


class ConfigurationFile:
    """A configuration file of a runner; what is refused in it is refused with its line."""

    def __init__(self, shown: str, text: str) -> None:
        """``shown`` is the file as people see it."""
        self.shown = shown
        self.lines = text.splitlines()

    def line(self, word: str) -> int:
        """The first line with the word; 1 where there is none."""
        return next((number for number, line in enumerate(self.lines, 1) if word.lower() in line.lower()), 1)

    def refuse(self, word: str, what: str, todo: str) -> NoReturn:
        """Raise SourceError at the line of the word."""
        raise SourceError(what, where=f"{self.shown}:{self.line(word)}", todo=todo)


def only_tree(name: str, trees: Sequence[MigrationFolder]) -> MigrationFolder:
    """The one tree of a format that reads one folder; raises SourceError for more."""
    if len(trees) != 1:
        shown = ", ".join(tree.shown for tree in trees)
        raise SourceError(f"{name} reads one folder, but {len(trees)} are named: {shown}", todo="name one of them")
    return trees[0]


def refuse_same_version(runner: str, versions: Iterable[tuple[str, str]]) -> None:
    """Raise SourceError where two files have one version; ``versions`` are pairs of a version and its file."""
    seen: dict[str, str] = {}
    for version, shown in versions:
        if (other := seen.setdefault(version, shown)) != shown:
            what = f"its version {version} is the same as that of {other}, so {runner} fails"
            raise SourceError(what, where=shown, todo="give one of the two files another version")


def find_marker(tree: MigrationFolder, name: re.Pattern[str], marker: re.Pattern[bytes]) -> str | None:
    """What shows that a runner's marker is in a file directly in the folder: the file and its first such line."""
    for path in tree.below(""):
        if name.fullmatch(path) and (found := marker.search(tree.read(path))):
            return f"{path} has the line `{found[0].decode(errors='replace').split(chr(10))[0].strip()}`"
    return None


_SET = re.compile(
    rb"set\s+(?:(?P<local>local)\s+|session\s+)?(?:search_path\s*(?:=|to\b)\s*(?P<path>[^;]*)|schema\s+'(?P<schema>[^']*)')"
    rb"|select\s+(?:pg_catalog\s*\.\s*)?set_config\s*\(\s*'search_path'\s*,\s*'(?P<value>[^']*)'\s*,\s*(?P<flag>\w+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _SearchPathChange:
    """One statement that sets the ``search_path``."""

    at: int
    """Where it begins."""
    schemas: tuple[str, ...]
    """In order, without ``"$user"``; empty for the empty path."""
    is_local: bool
    """Whether it ends with the transaction."""


def path_changes(text: bytes) -> Iterator[_SearchPathChange]:
    """The statements of ``text`` that set the ``search_path``, but for those that set it back to the default."""
    is_start = True
    for token in tokens(text):
        if is_start and token.kind is TokenKind.WORD and (found := _SET.match(text, token.start)):
            value = found["path"] or found["schema"] or found["value"] or b""
            names = [part.strip().strip("'\"") for part in value.decode(errors="replace").split(",")]
            if names[0].lower() != "default" or not found["path"]:
                is_local = bool(found["local"]) or (found["flag"] or b"").lower() == b"true"
                yield _SearchPathChange(token.start, tuple(n for n in names if n and n != "$user"), is_local)
        is_start = token.kind is TokenKind.SEMICOLON


def lost_ledger(text: bytes, shown: str, mode: TransactionMode, runner: str, table: str, unless: str) -> Iterator[str]:
    """A note for each change after which ``runner``, which names ``table`` without a schema, does not find it."""
    for change in path_changes(text):
        if "public" not in change.schemas and not (change.is_local and mode is not TransactionMode.FILE):
            yield (
                f"{at_line(shown, text, change.at)} sets a search_path without public: "
                f"{runner} then does not find {table} and fails, unless {unless}"
            )


def finds_ledger(runner: str, table: str) -> str:
    """SQL that fails where the session does not find ``table`` any more, for a runner that names it without a schema.

    The table is taken to be in the first schema that the session starts with.
    """
    return f"""
DO $$
DECLARE
  path text := pg_catalog.current_setting('search_path');
  visible name[] := pg_catalog.current_schemas(false);
  home name;
BEGIN
  SET LOCAL search_path TO DEFAULT;
  home := pg_catalog.current_schema();
  PERFORM pg_catalog.set_config('search_path', path, true);
  IF NOT home = ANY (visible) THEN
    RAISE EXCEPTION '{runner} no longer finds its table {table}: search_path is without the schema %', home
      USING HINT = 'leave search_path unchanged, or reset it at the end of the file';
  END IF;
END $$""".strip()
