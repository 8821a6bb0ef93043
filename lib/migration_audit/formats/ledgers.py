"""The tables in which runners record what they applied: where they are, how rows are read, and which tables runners make.

A name alone says little (``migrations`` may be the journeys of birds), so a table counts only with exactly the columns that
its runner gives it. Tables of the formats are taken from their ledgers; those need their columns, and may have more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from posixpath import basename
from typing import Final

Row = Mapping[str, str | None]
"""One row of a ledger: column to its value as text (``bytea`` as hex)."""


class EntryState(StrEnum):
    """What the ledger says about one file of the source."""

    APPLIED = "applied"
    ABSENT = "absent"
    """No row says that it was applied."""
    FAILED = "failed"
    """A row says that it was started and did not end well, or that it was rolled back."""
    CHANGED = "changed"
    """It was applied with different contents than the file has now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One file of the source as the ledger would name it."""

    name: str
    """The version, name or id of ``PlannedFile.entry``."""
    path: str
    """The file, for people."""
    checksum: str | None = None
    also: tuple[str, ...] = ()
    """Checksums that the runner accepts as well."""
    sha256: str = ""
    """Of the file's bytes, hex."""


@dataclass(frozen=True, slots=True)
class EntryVerdict:
    """What the ledger says about one entry, in one sentence where it is not ``applied``."""

    entry: LedgerEntry
    state: EntryState
    why: str | None = None
    recorded: str | None = None
    """The checksum in the ledger, where it is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerReading:
    """A ledger held against the source's files."""

    verdicts: tuple[EntryVerdict, ...]
    """One for each entry, in the order of the files."""
    beyond: tuple[str, ...] = ()
    """Rows that no file of the source explains, by name."""
    notes: tuple[str, ...] = ()


Judge = Callable[[LedgerEntry, Row], EntryVerdict]
"""What the row of an entry says about it."""


def applied(entry: LedgerEntry, _: Row) -> EntryVerdict:
    """The verdict where any row says that the entry was applied."""
    return EntryVerdict(entry, EntryState.APPLIED)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFormat:
    """The ledger of one runner."""

    table: str
    """By default, as SQL spells it: ``public.flyway_schema_history``."""
    columns: tuple[str, ...]
    """The columns that are read; a table that lacks one of them is not this ledger."""
    name_column: str
    """The column that names what was applied."""
    checksum_column: str | None = None
    order: tuple[str, ...] = ()
    """Columns that the rows are sorted by; ``name_column`` where there are none."""
    companions: tuple[str, ...] = ()
    """Other tables, or schemas (``schema sqitch``), that the runner makes for itself: ``public.knex_migrations_lock``."""
    optional_columns: tuple[str, ...] = ()
    """Columns that some versions of the runner have; they are read where they are there, else come as None."""
    reader: Callable[[Sequence[Row], Sequence[LedgerEntry]], LedgerReading] | None = None
    """Reads the rows, where it is not enough that one of them names an entry."""

    def read(self, rows: Sequence[Row], entries: Sequence[LedgerEntry]) -> LedgerReading:
        """What the rows, in the order of ``order``, say about the entries."""
        if self.reader is not None:
            return self.reader(rows, entries)
        return read_names(rows, entries, self.name_column)


def read_names(
    rows: Sequence[Row],
    entries: Sequence[LedgerEntry],
    column: str,
    *,
    judge: Judge = applied,
    absent: Callable[[str], str] = lambda _: "",
) -> LedgerReading:
    """The reading of a ledger that names each applied file in ``column``; of several rows of one name, the last counts.

    ``judge`` decides about an entry that has a row; ``absent`` adds to the reason of one that has none.
    """
    found = {name: row for row in rows if (name := row[column]) is not None}
    known = {entry.name for entry in entries}
    verdicts = (
        judge(entry, found[entry.name])
        if entry.name in found
        else EntryVerdict(entry, EntryState.ABSENT, f"no row has {column} {entry.name}{absent(entry.name)}")
        for entry in entries
    )
    return LedgerReading(verdicts=tuple(verdicts), beyond=tuple(name for name in found if name not in known))


_INTEGER = ("integer", "bigint", "smallint")
_TEXT = ("text", "character varying")
_TIME = ("timestamp without time zone", "timestamp with time zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTable:
    """One table of one runner."""

    runner: str
    """For people: ``knex``."""
    name: str
    columns: Mapping[str, tuple[str, ...]]
    """Each column with the types that it may have, without their modifiers; an empty tuple allows any type."""
    may_have_more: bool = False
    """Whether there may be other columns as well: versions of the runner differ."""

    def is_it(self, name: str, columns: Mapping[str, str]) -> bool:
        """Whether a table of this name and these columns (name to type) is this one, in whichever schema."""
        if name != self.name or not self.columns.keys() <= columns.keys():
            return False
        if not self.may_have_more and columns.keys() != self.columns.keys():
            return False
        return all(not types or columns[column].partition("(")[0] in types for column, types in self.columns.items())


def _table(runner: str, name: str, /, **columns: tuple[str, ...]) -> KnownTable:
    return KnownTable(runner=runner, name=name, columns=columns)


OF_RUNNERS: tuple[KnownTable, ...] = (
    _table("Alembic", "alembic_version", version_num=_TEXT),
    _table("Django", "django_migrations", id=_INTEGER, app=_TEXT, name=_TEXT, applied=_TIME),
    _table("knex", "knex_migrations", id=_INTEGER, name=_TEXT, batch=_INTEGER, migration_time=_TIME),
    _table("knex", "knex_migrations_lock", index=_INTEGER, is_locked=_INTEGER),
    _table("TypeORM", "migrations", id=_INTEGER, timestamp=("bigint",), name=_TEXT),
    _table("TypeORM", "typeorm_metadata", type=_TEXT, database=_TEXT, schema=_TEXT, table=_TEXT, name=_TEXT, value=_TEXT),
    KnownTable(
        runner="Drizzle",
        name="__drizzle_migrations",
        columns={"id": _INTEGER, "hash": _TEXT, "created_at": ("bigint",)},
        may_have_more=True,
    ),
    _table("yoyo", "_yoyo_migration", migration_hash=_TEXT, migration_id=_TEXT, applied_at_utc=_TIME),
    _table(
        "yoyo", "_yoyo_log",
        id=_TEXT, migration_hash=_TEXT, migration_id=_TEXT, operation=_TEXT, username=_TEXT, hostname=_TEXT, comment=_TEXT,
        created_at_utc=_TIME,
    ),
    _table("yoyo", "_yoyo_version", version=_INTEGER, installed_at_utc=_TIME),
    _table("yoyo", "yoyo_lock", locked=_INTEGER, ctime=_TIME, pid=_INTEGER),
    # github.com/sequelize/umzug, guides.rubyonrails.org/active_record_migrations.html, laravel.com/docs/migrations,
    # mikro-orm.io/docs/migrations, learn.microsoft.com/ef/core/managing-schemas/migrations/history-table
    _table("Sequelize", "SequelizeMeta", name=_TEXT),
    _table("MikroORM", "mikro_orm_migrations", id=_INTEGER, name=_TEXT, executed_at=_TIME),
    _table("Rails", "schema_migrations", version=_TEXT),
    _table("Rails", "ar_internal_metadata", key=_TEXT, value=_TEXT, created_at=_TIME, updated_at=_TIME),
    _table("Laravel", "migrations", id=_INTEGER, migration=_TEXT, batch=_INTEGER),
    _table("Entity Framework", "__EFMigrationsHistory", MigrationId=_TEXT, ProductVersion=_TEXT),
    _table("Ecto", "schema_migrations", version=("bigint",), inserted_at=_TIME),
)  # fmt: skip


PLAIN_LEDGER = "names"
"""What audit.toml calls this ledger, in addition to the names of runners."""
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
        table=table, columns=columns, name_column=name_column, checksum_column=checksum_column, order=columns, reader=read
    )


def _name(entry: LedgerEntry, *, stems: bool) -> str:
    name = basename(entry.path)
    stem, dot, _ = name.rpartition(".")
    return stem if stems and dot else name


def _verdict(entry: LedgerEntry, name: str, recorded: dict[str, str | None]) -> EntryVerdict:
    if name not in recorded:
        return EntryVerdict(entry, EntryState.ABSENT)
    checksum = recorded[name]
    if checksum and _SHA256.match(checksum) and checksum != entry.sha256:
        return EntryVerdict(entry, EntryState.CHANGED, recorded=checksum)
    return EntryVerdict(entry, EntryState.APPLIED)


def _read_django(rows: Sequence[Row], entries: Sequence[LedgerEntry]) -> LedgerReading:
    return read_names([{"name": f"{row['app']}.{row['name']}"} for row in rows], entries, "name")


COMMAND_LEDGERS: Final = {
    "alembic": LedgerFormat(table="public.alembic_version", columns=("version_num",), name_column="version_num"),
    "django": LedgerFormat(
        table="public.django_migrations",
        columns=("id", "app", "name", "applied"),
        name_column="name",
        reader=_read_django,
        order=("id",),
    ),
    "knex": LedgerFormat(
        table="public.knex_migrations",
        columns=("id", "name", "batch", "migration_time"),
        name_column="name",
        order=("id",),
        companions=("public.knex_migrations_lock",),
    ),
    "typeorm": LedgerFormat(
        table="public.migrations",
        columns=("id", "timestamp", "name"),
        name_column="name",
        order=("id",),
        companions=("public.typeorm_metadata",),
    ),
    "drizzle": LedgerFormat(
        table="drizzle.__drizzle_migrations",
        columns=("id", "hash", "created_at"),
        name_column="hash",
        order=("id",),
    ),
    "yoyo": LedgerFormat(
        table="public._yoyo_migration",
        columns=("migration_hash", "migration_id", "applied_at_utc"),
        name_column="migration_id",
        order=("applied_at_utc", "migration_id"),
        companions=("public._yoyo_log", "public._yoyo_version", "public.yoyo_lock"),
    ),
}
"""Of commands, by the name that ``[x.ledger] format`` gives them. What such a ledger must hold is not read from files: it is
what the runner wrote into it when it migrated the shadow.

Alembic     one row for each head: the newest revision, not all that were applied.
            https://alembic.sqlalchemy.org/en/latest/tutorial.html, ``alembic/runtime/migration.py``
Django      one row for each migration of each app. The tables of ``contenttypes`` and ``auth`` are the app's own schema.
            ``django/db/migrations/recorder.py``
knex        one row for each file; a second table holds the lock. ``knex/lib/migrations/migrate/table-creator.js``
TypeORM     one row for each class. ``typeorm_metadata`` is there for views and generated columns.
            ``typeorm/src/migration/MigrationExecutor.ts``, ``typeorm/src/driver/Driver`` (metadata table)
Drizzle     one row for each file, by the SHA-256 of its text. ``drizzle-orm/src/pg-core/dialect.ts``
yoyo        one row for each applied migration; also a log, a version and a lock. ``yoyo/migrations.py``
"""
