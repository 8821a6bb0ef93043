"""Liquibase's DATABASECHANGELOG: changesets by path, author and id; and the checksum that it records."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

from migration_audit.formats.ledgers import EntryState, EntryVerdict, LedgerEntry, LedgerFormat, LedgerReading, Row

_BLANKS = re.compile(r"[ \n\r\t]+")
_RAN = frozenset({"EXECUTED", "RERAN", "MARK_RAN"})
_VERSION = "9:"


def liquibase_checksum(sql: str) -> str:
    """The checksum of version 9 (Liquibase 4.22 and later) of a changeset that is this SQL, properties expanded.

    >>> liquibase_checksum("create table t (a int);") == liquibase_checksum("create  table t\\n(a int);")
    True
    """
    change = hashlib.md5(_BLANKS.sub("", sql).encode(), usedforsecurity=False).hexdigest()
    return _VERSION + hashlib.md5(f"{_VERSION}{change}:".encode(), usedforsecurity=False).hexdigest()


def entry_name(path: str, changeset_id: str, author: str) -> str:
    """A changeset as Liquibase's own messages name it.

    >>> entry_name("db/a.sql", "1", "me")
    'db/a.sql::1::me'
    """
    return f"{path}::{changeset_id}::{author}"


def read_changelog_rows(rows: Sequence[Row], entries: Sequence[LedgerEntry]) -> LedgerReading:
    """What DATABASECHANGELOG says. A path matches where one ends with the other: it depends on where Liquibase is called."""
    verdicts = tuple(_verdict(entry, rows) for entry in entries)
    older = any(not (row["md5sum"] or _VERSION).startswith(_VERSION) for row in rows)
    notes = ("checksums of Liquibase before 4.22 are not compared",) if older else ()
    return LedgerReading(verdicts=verdicts, beyond=tuple(_beyond(rows, entries)), notes=notes)


def _verdict(entry: LedgerEntry, rows: Sequence[Row]) -> EntryVerdict:
    row = next((row for row in reversed(rows) if _is_of(row, entry)), None)
    if row is None:
        return EntryVerdict(entry=entry, state=EntryState.ABSENT, why="no row has its id, author and file")
    if row["exectype"] not in _RAN:
        return EntryVerdict(entry=entry, state=EntryState.FAILED, why=f"its row has {row['exectype']}")
    recorded = row["md5sum"]
    if recorded and recorded.startswith(_VERSION) and entry.checksum and recorded not in (entry.checksum, *entry.also):
        return EntryVerdict(
            entry=entry, state=EntryState.CHANGED, why="it was applied with different contents", recorded=recorded
        )
    return EntryVerdict(entry=entry, state=EntryState.APPLIED)


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


LEDGER = LedgerFormat(
    table="public.databasechangelog",
    columns=("id", "author", "filename", "orderexecuted", "exectype", "md5sum"),
    read=read_changelog_rows,
    name_column="id",
    checksum_column="md5sum",
    order=("orderexecuted",),
    companions=("public.databasechangeloglock",),
)
