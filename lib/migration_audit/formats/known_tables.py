"""Tables that runners make for themselves, known by name and shape: they are nothing that the owner has to make.

A name alone says little (``migrations`` may be the journeys of birds), so a table counts only with exactly the columns that
its runner gives it. Tables of the formats are taken from their ledgers; those need their columns, and may have more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_INTEGER = ("integer", "bigint", "smallint")
_TEXT = ("text", "character varying")
_TIME = ("timestamp without time zone", "timestamp with time zone")
_ANY: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTable:
    """One table of one runner."""

    runner: str
    """For people: ``knex``."""
    name: str
    columns: Mapping[str, tuple[str, ...]]
    """Each column with the types that it may have, without their modifiers; no types stand for any."""
    schema: str | None = None
    """None for any schema: most runners let it be chosen."""
    may_have_more: bool = False
    """Whether there may be other columns as well: versions of the runner differ."""

    def is_it(self, schema: str, name: str, columns: Mapping[str, str]) -> bool:
        """Whether a table of this name and these columns (name to type) is this one."""
        if name != self.name or self.schema not in {None, schema} or not self.columns.keys() <= columns.keys():
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
