"""Ledgers of runners whose migrations are no SQL files: their source is a command, their ledger is a table like any other.

What the ledger must hold is not read from files: it is what the runner wrote into its ledger when it migrated the shadow.

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

from __future__ import annotations

from collections.abc import Callable, Sequence

from migration_audit.formats.ledgers import EntryState, EntryVerdict, LedgerEntry, LedgerFormat, LedgerReading, Row


def _ledger(
    table: str,
    columns: tuple[str, ...],
    name_column: str,
    *,
    name_of: Callable[[Row], str | None] | None = None,
    order: tuple[str, ...] = (),
    companions: tuple[str, ...] = (),
) -> LedgerFormat:
    named = name_of or (lambda row: row[name_column])

    def read(rows: Sequence[Row], entries: Sequence[LedgerEntry]) -> LedgerReading:
        recorded = tuple(dict.fromkeys(name for row in rows if (name := named(row)) is not None))
        wanted = {entry.name for entry in entries}
        verdicts = tuple(
            EntryVerdict(entry=entry, state=EntryState.APPLIED if entry.name in recorded else EntryState.ABSENT)
            for entry in entries
        )
        return LedgerReading(verdicts=verdicts, beyond=tuple(name for name in recorded if name not in wanted))

    return LedgerFormat(table=table, columns=columns, read=read, name_column=name_column, order=order, companions=companions)


LEDGERS = {
    "alembic": _ledger("public.alembic_version", ("version_num",), "version_num"),
    "django": _ledger(
        "public.django_migrations",
        ("id", "app", "name", "applied"),
        "name",
        name_of=lambda row: f"{row['app']}.{row['name']}",
        order=("id",),
    ),
    "knex": _ledger(
        "public.knex_migrations",
        ("id", "name", "batch", "migration_time"),
        "name",
        order=("id",),
        companions=("public.knex_migrations_lock",),
    ),
    "typeorm": _ledger(
        "public.migrations", ("id", "timestamp", "name"), "name", order=("id",), companions=("public.typeorm_metadata",)
    ),
    "drizzle": _ledger("drizzle.__drizzle_migrations", ("id", "hash", "created_at"), "hash", order=("id",)),
    "yoyo": _ledger(
        "public._yoyo_migration",
        ("migration_hash", "migration_id", "applied_at_utc"),
        "migration_id",
        order=("applied_at_utc", "migration_id"),
        companions=("public._yoyo_log", "public._yoyo_version", "public.yoyo_lock"),
    ),
}
"""By the name that ``[x.ledger] format`` gives them."""
