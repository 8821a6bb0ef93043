"""Liquibase's formatted SQL changelogs: ``--changeset author:id``.

Files       The ``.sql`` files of the folder and its subfolders, each with ``--liquibase formatted sql`` in its first line. A
            .sql file without it, and a changelog in XML, YAML or JSON, are refused by name: name the SQL changelogs alone,
            or run Liquibase itself on the shadow (``command``).
Order       Files by their paths, as includeAll takes them; files that you name one by one in your order. In a file,
            changesets as they are written. Two changesets of one file, id and author are an error (the
            case of letters does not count).
Part        The lines of a changeset. ``--rollback`` lines and blocks, and lines of ``--ignoreLines``, are not applied;
            neither are changesets with ``ignore:true`` or ``dbms:`` without PostgreSQL. Changesets of every context and
            label are applied, as when Liquibase is called with neither. SQL before the first changeset is reported:
            Liquibase never reads it. ``--precondition-…``, ``runWith`` and ``--include`` are refused with their line.
Session     One for all changesets: ``SET`` outlives a changeset, and ``public`` is put in front of search_path again.
Transaction One for each changeset; with ``runInTransaction:false`` each statement is its own.
Dialect     None. Liquibase takes comments out, within function bodies too, unless ``stripComments:false`` forbids it,
            and splits at ``;``, ``go`` and ``/``, or at ``endDelimiter``, unless ``splitStatements:false`` forbids it.
            It knows no ``$$``: where it cuts through what PostgreSQL reads as one statement, the line is refused.
Placeholders ``${name}``: from ``placeholders`` in audit.toml, then from ``parameter.name`` of liquibase.properties in the
            folder or above it, then from ``--property`` lines, of which the first counts. One without a value, which
            Liquibase would send as it is, is an error. So is a filter of contexts or labels in liquibase.properties.
Ledger      public.databasechangelog: file, id and author; EXECUTED, RERAN or MARK_RAN; the checksum of version 9
            (Liquibase 4.22 and later), older ones are not compared. Contexts and labels that a live database was
            migrated with are not known: a changeset that they left out is absent.
Source      https://docs.liquibase.com/concepts/changelogs/sql-format.html and the source of liquibase-standard 4.28:
            AbstractFormattedChangeLogParser, StringUtil.processMultiLineSQL, SimpleSqlGrammar, ChangeSet, CheckSum. Lines
            that Liquibase 4.28 does not accept (``--changeset:x``) were comments to older versions: here they are errors.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence

from migration_audit.formats.interface import Dialect, Format, MigrationFolder, Plan, PlannedFile
from migration_audit.formats.ledgers import EntryState, EntryVerdict, LedgerEntry, LedgerFormat, LedgerReading, Row
from migration_audit.formats.liquibase_changelog import HEADER, Changeset, Properties, is_for_postgres, read_changelog
from migration_audit.formats.liquibase_text import sent
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied, SessionScope, TransactionMode

_NAME = "liquibase.properties"
_LEVELS = 8
_PAIR = re.compile(r"\s*([^#!\s=:][^\s=:]*)\s*[=:]\s*(.*?)\s*")
_PREFIX = re.compile(r"^(?:liquibase\.)?(?:command\.)?(?:update\.)?")
_FILTERS = frozenset({"contexts", "contextfilter", "labels", "labelfilter"})
_OTHER = (".xml", ".yaml", ".yml", ".json")
_MARK = "databaseChangeLog"
_COMMAND = "name the SQL changelogs alone, in their order, or run Liquibase itself on the shadow (`command` in audit.toml)"
_SCHEMA = "current_setting('migration_audit.schema', true)"
_PATH = "current_setting('search_path')"
_REMEMBER = "select pg_catalog.set_config('migration_audit.schema', current_schema(), false)"
_SEARCH = f"""select pg_catalog.set_config('search_path', case
 when {_SCHEMA} is null or {_PATH} in ({_SCHEMA}, pg_catalog.concat('"', {_SCHEMA}, '"'))
  or pg_catalog.starts_with({_PATH}, pg_catalog.concat({_SCHEMA}, ','))
  or pg_catalog.starts_with({_PATH}, pg_catalog.concat('"', {_SCHEMA}, '",'))
 then {_PATH} else pg_catalog.concat({_SCHEMA}, ', ', {_PATH}) end, false)"""
"""Liquibase puts the schema in front that was current when it connected, whenever it is not there."""
_BLANKS = re.compile(r"[ \n\r\t]+")
_RAN = frozenset({"EXECUTED", "RERAN", "MARK_RAN"})
_VERSION = "9:"


def _read_parameters(trees: Sequence[MigrationFolder]) -> dict[str, str]:
    """The ``parameter.NAME`` values of the nearest file. Raises SourceError for a filter, and for a schema of its own."""
    found = next(filter(None, (tree.nearest(_NAME, levels=_LEVELS) for tree in trees)), None)
    return _parameters(found[1].decode(errors="replace"), found[0]) if found else {}


def _parameters(text: str, shown: str) -> dict[str, str]:
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _PAIR.fullmatch(line)
        if match is None or not match[2]:
            continue
        key = _PREFIX.sub("", match[1])
        name = re.sub("[-_.]", "", key).lower()
        if key.lower().startswith("parameter."):
            found[key[len("parameter.") :]] = match[2]
        elif name in _FILTERS:
            what = f"{match[1]} = {match[2]} excludes changesets, but this format applies those of every context and label"
            raise SourceError(what, where=f"{shown}:{number}", todo=_todo("the filter"))
        elif name == "defaultschemaname" and match[2] != "public":
            what = f"Liquibase puts the schema {match[2]} in front of search_path"
            raise SourceError(what, where=f"{shown}:{number}", todo=_todo("the schema"))
    return found


def _todo(what: str) -> str:
    return f"run Liquibase itself on the shadow (`command` in audit.toml), or remove {what} from the file"


def plan(trees: Sequence[MigrationFolder], placeholders: Mapping[str, str]) -> Plan:
    """What ``liquibase update`` does on an empty database. Raises SourceError for what it refuses or this format lacks."""
    reading = _Reading(trees, Properties({**_read_parameters(trees), **placeholders}))
    for number, tree in enumerate(trees):
        for path in _changelogs(tree):
            reading.read(number, path)
    return Plan(files=tuple(reading.files), not_applied=tuple(reading.not_applied), notes=tuple(reading.notes()))


def _changelogs(tree: MigrationFolder) -> Iterator[str]:
    for path in tree.paths:
        if path.lower().endswith(_OTHER) and _MARK.encode() in tree.read(path):
            what = "a non-SQL changelog decides what Liquibase applies, and in which order"
            raise SourceError(what, where=tree.shown_path(path), todo=_COMMAND)
    for path in sorted(tree.paths):
        if path.lower().endswith(".sql"):
            if not _is_formatted(tree.text(path)):
                what = "its first line is not --liquibase formatted sql"
                todo = "name the changelogs one by one, without this file, or add that first line"
                raise SourceError(what, where=f"{tree.shown_path(path)}:1", todo=todo)
            yield path


def _is_formatted(text: str) -> bool:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return HEADER.fullmatch(first) is not None


class _Reading:
    """Changesets of all files, in order."""

    def __init__(self, trees: Sequence[MigrationFolder], properties: Properties) -> None:
        self.files: list[PlannedFile] = []
        self.not_applied: list[NotApplied] = []
        self._trees = trees
        self._properties = properties
        self._seen: dict[str, str] = {}
        self._contexts: set[str] = set()
        self._labels: set[str] = set()

    def read(self, tree: int, path: str) -> None:
        shown = self._trees[tree].shown_path(path)
        changelog = read_changelog(self._trees[tree].text(path), shown, self._properties)
        self.not_applied += changelog.left_out
        for changeset in changelog.changesets:
            self._add(changeset, tree, path, shown)

    def _add(self, changeset: Changeset, tree: int, path: str, shown: str) -> None:
        where = f"{shown}:{changeset.line}"
        name = _entry_name(changeset.logical_path or path, changeset.id, changeset.author)
        unique = _entry_name(changeset.logical_path or shown, changeset.id, changeset.author).lower()
        if unique in self._seen:
            # Of two paths that differ by case alone, Liquibase applies one and leaves the other out in silence.
            what = (
                f"changeset {changeset.author}:{changeset.id} is also at {self._seen[unique]}: Liquibase does not apply both"
            )
            raise SourceError(what, where=where, todo="give one of them another id")
        self._seen[unique] = where
        reason = _left_out(changeset)
        if reason is not None:
            self.not_applied.append(NotApplied(path=shown, line=changeset.line, reason=reason))
            return
        self._contexts |= {changeset.contexts} if changeset.contexts else set()
        self._labels |= {changeset.labels} if changeset.labels else set()
        sql = "\n".join(self._properties.expand(text, shown, line) for line, text in changeset.rows)
        reaches = sent(changeset, sql, shown)
        mode = TransactionMode.NONE if changeset.splits else TransactionMode.MESSAGE
        self.files.append(
            PlannedFile(
                path=path,
                tree=tree,
                text=reaches.text,
                transaction=TransactionMode.FILE if changeset.in_transaction else mode,
                entry=name,
                checksum=liquibase_checksum(sql),
                also=changeset.valid_checksums,
                cuts=reaches.cuts,
            )
        )

    def notes(self) -> Iterator[str]:
        for kind, found in (("contexts", self._contexts), ("labels", self._labels)):
            if found:
                shown = ", ".join(sorted(found))
                yield f"changesets of all {kind} are applied, as when Liquibase is called without {kind}: {shown}"


def _left_out(changeset: Changeset) -> str | None:
    """Why Liquibase does not apply a changeset on PostgreSQL; None where it does."""
    if changeset.ignored:
        return "ignore:true"
    return None if is_for_postgres(changeset.dbms) else f"dbms:{changeset.dbms}"


def recognise(tree: MigrationFolder) -> str | None:
    """A file with the first line of a formatted changelog names the format."""
    for path in tree.paths:
        if path.lower().endswith(".sql"):
            start = tree.read(path).decode("utf-8-sig", errors="replace")
            if _is_formatted(start):
                return f"{tree.shown_path(path)} begins with --liquibase formatted sql"
    return None


def liquibase_checksum(sql: str) -> str:
    """The checksum of version 9 (Liquibase 4.22 and later) of a changeset that is this SQL, properties expanded.

    >>> liquibase_checksum("create table t (a int);") == liquibase_checksum("create  table t\\n(a int);")
    True
    """
    change = hashlib.md5(_BLANKS.sub("", sql).encode(), usedforsecurity=False).hexdigest()
    return _VERSION + hashlib.md5(f"{_VERSION}{change}:".encode(), usedforsecurity=False).hexdigest()


def _entry_name(path: str, changeset_id: str, author: str) -> str:
    """A changeset as Liquibase's own messages name it.

    >>> _entry_name("db/a.sql", "1", "me")
    'db/a.sql::1::me'
    """
    return f"{path}::{changeset_id}::{author}"


def _read_changelog_rows(rows: Sequence[Row], entries: Sequence[LedgerEntry]) -> LedgerReading:
    """What DATABASECHANGELOG says. A path matches where one ends with the other: it depends on where Liquibase is called."""
    verdicts = tuple(_verdict(entry, rows) for entry in entries)
    older = any(not (row["md5sum"] or _VERSION).startswith(_VERSION) for row in rows)
    notes = ("checksums of Liquibase before 4.22 are not compared",) if older else ()
    return LedgerReading(verdicts=verdicts, beyond=tuple(_beyond(rows, entries)), notes=notes)


def _verdict(entry: LedgerEntry, rows: Sequence[Row]) -> EntryVerdict:
    row = next((row for row in reversed(rows) if _is_of(row, entry)), None)
    if row is None:
        return EntryVerdict(entry, EntryState.ABSENT, "no row has its id, author and file")
    if row["exectype"] not in _RAN:
        return EntryVerdict(entry, EntryState.FAILED, f"its row has {row['exectype']}")
    recorded = row["md5sum"]
    if recorded and recorded.startswith(_VERSION) and entry.checksum and recorded not in (entry.checksum, *entry.also):
        return EntryVerdict(entry, EntryState.CHANGED, "it was applied with different contents", recorded=recorded)
    return EntryVerdict(entry, EntryState.APPLIED)


def _is_of(row: Row, entry: LedgerEntry) -> bool:
    path, changeset_id, author = entry.name.rsplit("::", 2)
    return (row["id"], row["author"]) == (changeset_id, author) and _is_same_path(row["filename"] or "", path)


def _is_same_path(recorded: str, path: str) -> bool:
    one, other = (each.removeprefix("classpath:").removeprefix("./").strip("/").split("/") for each in (recorded, path))
    common = min(len(one), len(other))
    return one[-common:] == other[-common:]


def _beyond(rows: Sequence[Row], entries: Sequence[LedgerEntry]) -> Iterator[str]:
    for row in rows:
        if not any(_is_of(row, entry) for entry in entries):
            yield row["id"] or ""


_LEDGER = LedgerFormat(
    table="public.databasechangelog",
    columns=("id", "author", "filename", "orderexecuted", "exectype", "md5sum"),
    reader=_read_changelog_rows,
    name_column="id",
    checksum_column="md5sum",
    order=("orderexecuted",),
    companions=("public.databasechangeloglock",),
)

FORMAT = Format(
    name="liquibase-sql",
    runner="Liquibase",
    plan=plan,
    recognise=recognise,
    session=SessionScope.SOURCE,
    takes_placeholders=True,
    opening=(_REMEMBER, _SEARCH),
    between=(_SEARCH,),
    dialect=Dialect.SERVER,
    ledger=_LEDGER,
    tested_against="Liquibase 4.28.0",
)
