"""The files of a source as its runner's ledger would name them."""

from __future__ import annotations

from itertools import zip_longest

from migration_audit.formats import LedgerEntry
from migration_audit.model.preflight import COMMAND, DATABASE, SNAPSHOT, SourceFacts


def entries_of(source: SourceFacts) -> tuple[LedgerEntry, ...]:
    """One entry for each file, in apply order; of a command, for each row that it wrote into the ledger of a shadow."""
    if source.format == COMMAND:
        recorded = zip_longest(source.entries, source.checksums)
        return tuple(
            LedgerEntry(name=name, path=name, checksum=checksum, sha256=checksum or "") for name, checksum in recorded
        )
    if source.format in {SNAPSHOT, DATABASE}:
        return ()
    rows = zip_longest(source.files, source.entries[: len(source.files)], source.checksums[: len(source.files)])
    return tuple(
        LedgerEntry(name=name or path.rsplit("/", 1)[-1], path=path, checksum=checksum, sha256=sha256)
        for (path, sha256), name, checksum in rows
    )
