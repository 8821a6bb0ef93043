"""The plain ledger: one row for each applied file, by its name, with a SHA-256 where the runner keeps one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from migration_audit.formats.ledgers import EntryState, EntryVerdict, LedgerEntry, LedgerFormat, LedgerReading, Row

PLAIN_LEDGER = "names"
"""What audit.toml calls this ledger, beside the names of runners."""
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


def named_ledger(table: str, *, name_column: str, checksum_column: str | None, stems: bool) -> LedgerFormat:
    """A ledger of file names (or, with ``stems``, of names without their extension) as audit.toml describes it."""

    def read(rows: Sequence[Row], entries: Sequence[LedgerEntry]) -> LedgerReading:
        recorded = {row[name_column] or "": row.get(checksum_column) if checksum_column else None for row in rows}
        names = [_name(entry, stems=stems) for entry in entries]
        verdicts = [_verdict(entry, name, recorded) for entry, name in zip(entries, names, strict=True)]
        return LedgerReading(verdicts=tuple(verdicts), beyond=tuple(name for name in recorded if name not in set(names)))

    columns = (name_column, *filter(None, [checksum_column]))
    return LedgerFormat(
        table=table, columns=columns, read=read, name_column=name_column, checksum_column=checksum_column, order=columns
    )


def _name(entry: LedgerEntry, *, stems: bool) -> str:
    name = entry.path.rsplit("/", 1)[-1]
    stem, dot, _ = name.rpartition(".")
    return stem if stems and dot else name


def _verdict(entry: LedgerEntry, name: str, recorded: dict[str, str | None]) -> EntryVerdict:
    if name not in recorded:
        return EntryVerdict(entry=entry, state=EntryState.ABSENT)
    checksum = recorded[name]
    if checksum and _SHA256.match(checksum) and checksum != entry.sha256:
        return EntryVerdict(entry=entry, state=EntryState.CHANGED, recorded=checksum)
    return EntryVerdict(entry=entry, state=EntryState.APPLIED)
