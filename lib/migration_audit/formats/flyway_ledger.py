"""Flyway's schema history: which rows say that a migration was applied, and the checksum that it records."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migration_audit.formats.flyway_names import MigrationKind, MigrationName, Naming, Version, parse_name, parse_version
from migration_audit.formats.ledgers import EntryState, EntryVerdict, LedgerEntry, LedgerFormat, LedgerReading, Row

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


def read_history(rows: Sequence[Row], entries: Sequence[LedgerEntry]) -> LedgerReading:
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
            return EntryVerdict(entry=entry, state=EntryState.ABSENT, why="Flyway does not recognise its name")
        if name.version is None:
            return self._verdict(entry, self._repeatables.get(_shortened(name.description)))
        found = self._versions.get(name.version.parts)
        if (
            name.kind is MigrationKind.BASELINE
            and (found is None or found.type not in _BASELINES)
            and self._reaches(name.version)
        ):
            return EntryVerdict(entry=entry, state=EntryState.APPLIED, why=f"by migrations up to {name.version.text}")
        if found is None and self._baseline is not None and not self._baseline < name.version:
            return EntryVerdict(entry=entry, state=EntryState.APPLIED, why=f"below the baseline {self._baseline.text}")
        return self._verdict(entry, found)

    def _reaches(self, version: Version) -> bool:
        """Whether a migration of this version, or of a higher one, was applied."""
        applied = [each for each in self._versions.values() if each.succeeded and not each.is_gone]
        return any(each.version is not None and not each.version < version for each in applied)

    def _verdict(self, entry: LedgerEntry, found: _Applied | None) -> EntryVerdict:
        if found is None:
            return EntryVerdict(entry=entry, state=EntryState.ABSENT, why="the history lacks a row for it")
        if found.is_gone:
            why = "it was undone" if found.type.startswith("UNDO") else "it is marked as deleted"
            return EntryVerdict(entry=entry, state=EntryState.ABSENT, why=why)
        if not found.succeeded:
            return EntryVerdict(entry=entry, state=EntryState.FAILED, why="the history records that it failed")
        recorded = found.row["checksum"]
        if None not in (recorded, entry.checksum) and recorded not in (entry.checksum, *entry.also):
            why = "it was applied with different contents"
            return EntryVerdict(entry=entry, state=EntryState.CHANGED, why=why, recorded=recorded)
        return EntryVerdict(entry=entry, state=EntryState.APPLIED)

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
    return parse_name(entry.name.rsplit("/", 1)[-1], Naming())


LEDGER = LedgerFormat(
    table="public.flyway_schema_history",
    columns=("installed_rank", "version", "description", "type", "script", "checksum", "success"),
    read=read_history,
    name_column="script",
    checksum_column="checksum",
    order=("installed_rank",),
)
