"""Flyway's scripts as steps of the plan (placeholders, statements, transaction), and its schema history."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from posixpath import basename

from migration_audit.formats.flyway_names import MigrationKind, MigrationName, Naming, Version, parse_name, parse_version
from migration_audit.formats.flyway_settings import FlywaySettings, ScriptSettings, script_settings
from migration_audit.formats.flyway_text import Cut, Placeholders, cut_statements, replace_placeholders
from migration_audit.formats.interface import MigrationFolder, PlannedFile, how_to_fill, refuse_lines
from migration_audit.formats.ledgers import EntryState, EntryVerdict, LedgerEntry, LedgerFormat, LedgerReading, Row
from migration_audit.formats.lexer import TokenKind, next_token
from migration_audit.model.errors import SourceError
from migration_audit.model.location import line_at
from migration_audit.model.sql import TransactionMode

_UNKNOWN = frozenset({"database", "user", "timestamp", "workingdirectory", "environment"})
"""Flyway's own placeholders whose values depend on where and when it runs."""
_UNKNOWN_NAME = re.compile(f"flyway.({'|'.join(_UNKNOWN)})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlywayScript:
    """One file that Flyway recognises."""

    name: MigrationName
    path: str
    tree: int
    shown: str


class Scripts:
    """Reads scripts; each file once, however often a callback runs."""

    def __init__(self, trees: Sequence[MigrationFolder], settings: FlywaySettings) -> None:
        """All scripts come from these ``trees``."""
        self._trees = trees
        self._settings = settings
        self._read = cache(self._step)

    def shown(self, planned: PlannedFile) -> str:
        """The file of a step as people see it."""
        return self._trees[planned.tree].shown_path(planned.path)

    def mode(self, script: FlywayScript) -> TransactionMode:
        """Whether the script runs in a transaction; raises SourceError where it mixes what may with what may not."""
        return self._read(script).transaction

    def planned(self, script: FlywayScript, *, mode: TransactionMode, entry: str, joined: bool) -> PlannedFile:
        """A migration, or a callback that runs in a migration's transaction."""
        return replace(self._read(script), transaction=mode, entry=entry, joined=joined)

    def callback(self, script: FlywayScript, *, session: str | None) -> PlannedFile:
        """A callback with a connection of its own."""
        return replace(self._read(script), checksum=None, session=session)

    def _step(self, script: FlywayScript) -> PlannedFile:
        given = read_script_settings(self._trees[script.tree], script.path)
        raw = self._trees[script.tree].text(script.path)
        replaces = self._settings.replaces if given.replaces is None else given.replaces
        text = self._replaced(script, raw) if replaces else raw
        cuts = list(cut_statements(text))
        is_repeatable = script.name.kind is MigrationKind.REPEATABLE
        changes = is_repeatable and replaces and _UNKNOWN_NAME.search(raw) is not None
        return PlannedFile(
            path=script.path,
            tree=script.tree,
            text=text.encode(),
            transaction=self._transaction(script, text, cuts, given),
            entry="",
            # Flyway accepts a repeatable migration by the checksum before its placeholders were replaced, too.
            checksum=None if changes else flyway_checksum(text if is_repeatable else raw),
            also=(flyway_checksum(raw),) if is_repeatable and text != raw else (),
            cuts=tuple(_byte_offsets(text, [cut.end for cut in cuts])),
        )

    def _transaction(self, script: FlywayScript, text: str, cuts: Sequence[Cut], given: ScriptSettings) -> TransactionMode:
        for cut in cuts:
            if text[: cut.start].rstrip()[-1:] == "(":
                what = "Flyway drops the parenthesis at the beginning of a statement"
                raise SourceError(what, where=f"{script.shown}:{line_at(text, cut.start)}", todo="remove the parenthesis")
        if given.in_transaction is not None:
            return TransactionMode.FILE if given.in_transaction else TransactionMode.NONE
        if not self._settings.in_transaction:
            return TransactionMode.NONE
        outside = [cut for cut in cuts if not cut.in_transaction]
        if outside and len(outside) < len(cuts) and not self._settings.mixed:
            what = "this statement cannot run in a transaction, but others in the file do: Flyway rejects the mixture"
            todo = "move it to a separate file, or set mixed in Flyway's configuration"
            raise SourceError(what, where=f"{script.shown}:{line_at(text, outside[0].start)}", todo=todo)
        if outside and self._settings.group:
            what = "this statement cannot run in a transaction, but group = true puts all migrations into one"
            raise SourceError(what, where=f"{script.shown}:{line_at(text, outside[0].start)}", todo="migrate without group")
        return TransactionMode.NONE if outside else TransactionMode.FILE

    def _replaced(self, script: FlywayScript, text: str) -> str:
        settings, separator = self._settings, self._settings.separator
        file = basename(script.path)
        own = {"defaultschema": "public", "table": "flyway_schema_history", "filename": file}
        values = {f"flyway{separator}{name}": value for name, value in own.items()} | dict(settings.placeholders)

        def missing(name: str, at: int) -> str:
            written = f"{settings.prefix}{name}{settings.suffix}"
            where = f"{script.shown}:{line_at(text, at)}"
            known = name.lower().removeprefix(f"flyway{separator}")
            if name.lower() != known and known in _UNKNOWN:
                if _is_in_comment(text, at):
                    return known
                what = f"only Flyway knows {written}, at run time"
            else:
                what = f"the placeholder {written} is not set"
            raise SourceError(what, where=where, todo=how_to_fill(name))

        for name, value in values.items():
            refuse_lines(value, name, script.shown)
        return replace_placeholders(
            text, Placeholders(values=values, prefix=settings.prefix, suffix=settings.suffix), missing
        )


def read_script_settings(tree: MigrationFolder, path: str) -> ScriptSettings:
    """What the file ``….conf`` next to a script says. Raises SourceError as Flyway refuses it."""
    content = tree.other(f"{path}.conf")
    if content is None:
        return ScriptSettings()
    return script_settings(content.decode(errors="replace"), f"{tree.shown_path(path)}.conf")


def _is_in_comment(text: str, at: int) -> bool:
    data, offset, end = text.encode(), len(text[:at].encode()), 0
    while (token := next_token(data, end)) is not None:
        end = token.end
        if token.start <= offset < end:
            return token.kind is TokenKind.COMMENT
    return False


def _byte_offsets(text: str, offsets: Sequence[int]) -> list[int]:
    """Growing offsets into ``text`` as offsets into its UTF-8 bytes."""
    found, last, size = [], 0, 0
    for offset in offsets:
        size += len(text[last:offset].encode())
        last = offset
        found.append(size)
    return found


_BASELINES = frozenset({"BASELINE", "SQL_BASELINE", "JDBC_BASELINE", "SCRIPT_BASELINE"})
_LINE = re.compile(r"\r\n|\r|\n")
_MOST = 200
"""Characters of a description that the history keeps."""


def flyway_checksum(text: str) -> str:
    r"""The CRC-32 of a script's lines, without line ends and byte order mark, as the signed integer that Flyway records.

    >>> flyway_checksum("a\nb") == flyway_checksum("\ufeffa\r\nb\r\n")
    True
    """
    value = zlib.crc32("".join(_LINE.split(text.removeprefix("\ufeff"))).encode())
    return str(value - (1 << 32) if value >= 1 << 31 else value)


@dataclass(frozen=True, slots=True)
class _Applied:
    """The last word of the history on one migration."""

    row: Row
    version: Version | None

    @property
    def type(self) -> str:
        return self.row["type"] or ""

    @property
    def is_gone(self) -> bool:
        """Undone, or marked as deleted by ``repair``."""
        return self.type.startswith("UNDO") or self.type == "DELETE"

    @property
    def succeeded(self) -> bool:
        return (self.row["success"] or "").lower() in {"t", "true", "1"}


def _read_history(rows: Sequence[Row], entries: Sequence[LedgerEntry]) -> LedgerReading:
    """What the rows, in the order of ``installed_rank``, say about each script."""
    history = _History(rows)
    verdicts = tuple(history.judge(entry) for entry in entries)
    return LedgerReading(verdicts=verdicts, beyond=tuple(history.beyond(entries)), notes=history.notes)


class _History:
    """The rows by version, and those without a version by description; the last one counts."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._versions: dict[tuple[int, ...], _Applied] = {}
        self._repeatables: dict[str, _Applied] = {}
        self._baseline: Version | None = None
        for row in rows:
            version = parse_version(row["version"]) if row["version"] else None
            applied = _Applied(row, version)
            if version is not None:
                if applied.type in _BASELINES and applied.succeeded and (self._baseline is None or self._baseline < version):
                    self._baseline = version
                self._versions[version.parts] = applied
            elif applied.type != "SCHEMA":
                self._repeatables[row["description"] or ""] = applied
        self.notes = (
            (f"the history begins at baseline {self._baseline.text}: Flyway treats everything up to it as applied",)
            if self._baseline
            else ()
        )

    def judge(self, entry: LedgerEntry) -> EntryVerdict:
        name = _named(entry)
        if name is None:
            return EntryVerdict(entry, EntryState.ABSENT, "Flyway does not recognise its name")
        if name.version is None:
            return self._verdict(entry, self._repeatables.get(_shortened(name.description)))
        found = self._versions.get(name.version.parts)
        if (
            name.kind is MigrationKind.BASELINE
            and (found is None or found.type not in _BASELINES)
            and self._reaches(name.version)
        ):
            return EntryVerdict(entry, EntryState.APPLIED, f"by migrations up to {name.version.text}")
        if found is None and self._baseline is not None and not self._baseline < name.version:
            return EntryVerdict(entry, EntryState.APPLIED, f"below the baseline {self._baseline.text}")
        return self._verdict(entry, found)

    def _reaches(self, version: Version) -> bool:
        """Whether a migration of this version, or of a higher one, was applied."""
        applied = [each for each in self._versions.values() if each.succeeded and not each.is_gone]
        return any(each.version is not None and not each.version < version for each in applied)

    def _verdict(self, entry: LedgerEntry, found: _Applied | None) -> EntryVerdict:
        if found is None:
            return EntryVerdict(entry, EntryState.ABSENT, "the history lacks a row for it")
        if found.is_gone:
            why = "it was undone" if found.type.startswith("UNDO") else "it is marked as deleted"
            return EntryVerdict(entry, EntryState.ABSENT, why)
        if not found.succeeded:
            return EntryVerdict(entry, EntryState.FAILED, "the history records that it failed")
        recorded = found.row["checksum"]
        if None not in (recorded, entry.checksum) and recorded not in (entry.checksum, *entry.also):
            why = "it was applied with different contents"
            return EntryVerdict(entry, EntryState.CHANGED, why, recorded)
        return EntryVerdict(entry, EntryState.APPLIED)

    def beyond(self, entries: Sequence[LedgerEntry]) -> Iterator[str]:
        """The scripts of rows that no file explains; what a baseline migration replaces is explained by it."""
        names = [name for name in map(_named, entries) if name is not None]
        versions = {name.version.parts for name in names if name.version}
        descriptions = {_shortened(name.description) for name in names if name.version is None}
        baselines = [name.version for name in names if name.version and name.kind is MigrationKind.BASELINE]
        for applied in self._versions.values():
            version = applied.version
            is_explained = version is None or any(not baseline < version for baseline in baselines)
            is_explained |= applied.is_gone or applied.type in _BASELINES
            if version is not None and version.parts not in versions and not is_explained:
                yield applied.row["script"] or version.text
        for description, applied in self._repeatables.items():
            if description not in descriptions and not applied.is_gone:
                yield applied.row["script"] or description


def _shortened(description: str) -> str:
    """As the history keeps it."""
    return description if len(description) <= _MOST else description[: _MOST - 3] + "..."


def _named(entry: LedgerEntry) -> MigrationName | None:
    return parse_name(basename(entry.name), Naming())


LEDGER = LedgerFormat(
    table="public.flyway_schema_history",
    columns=("installed_rank", "version", "description", "type", "script", "checksum", "success"),
    reader=_read_history,
    name_column="script",
    checksum_column="checksum",
    order=("installed_rank",),
)
