"""Source formats: one module each, all named in one visible place; adding one is a file and a line here."""

from __future__ import annotations

from migration_audit.formats import (
    command_ledgers,
    dbmate,
    files,
    flyway,
    golang_migrate,
    goose,
    graphile_migrate,
    liquibase_sql,
    node_pg_migrate,
    prisma,
    sqitch,
    sql_migrate,
    sqlx,
)
from migration_audit.formats.interface import (
    Dialect,
    Format,
    MigrationFolder,
    Options,
    Plan,
    PlannedFile,
    blank,
    only_tree,
    refuse_mark,
)
from migration_audit.formats.ledgers import EntryState, EntryVerdict, LedgerEntry, LedgerFormat, LedgerReading, Row
from migration_audit.model.errors import UsageError

ALL: tuple[Format, ...] = (
    files.FORMAT,
    dbmate.FORMAT,
    flyway.FORMAT,
    golang_migrate.FORMAT,
    goose.FORMAT,
    graphile_migrate.FORMAT,
    liquibase_sql.FORMAT,
    node_pg_migrate.FORMAT,
    prisma.FORMAT,
    sql_migrate.FORMAT,
    sqitch.FORMAT,
    sqlx.FORMAT,
)

BY_NAME = {each.name: each for each in ALL}
NAMES = tuple(BY_NAME)
LEDGERS: dict[str, LedgerFormat] = {
    **{each.name: each.ledger for each in ALL if each.ledger is not None},
    **command_ledgers.LEDGERS,
}
"""The ledgers that are known by the name of their runner."""


def find_format(name: str) -> Format:
    """The format of this name; raises UsageError when there is none."""
    try:
        return BY_NAME[name]
    except KeyError:
        raise UsageError(f"unknown format {name}", todo=f"the formats are {', '.join(NAMES)}") from None


__all__ = [
    "ALL",
    "BY_NAME",
    "LEDGERS",
    "NAMES",
    "Dialect",
    "EntryState",
    "EntryVerdict",
    "Format",
    "LedgerEntry",
    "LedgerFormat",
    "LedgerReading",
    "MigrationFolder",
    "Options",
    "Plan",
    "PlannedFile",
    "Row",
    "blank",
    "find_format",
    "only_tree",
    "refuse_mark",
]
