"""Source formats: one module each, all named in one visible place; adding one is a file and a line here.

A format's module is loaded when the format is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from migration_audit.model.errors import UsageError
from migration_audit.model.on_use import names_on_use

if TYPE_CHECKING:
    from migration_audit.formats.interface import (
        Dialect,
        Format,
        MigrationFolder,
        Plan,
        PlannedFile,
        blank,
        only_tree,
        refuse_mark,
    )
    from migration_audit.formats.known import ALL, BY_NAME, LEDGERS
    from migration_audit.formats.ledgers import EntryState, EntryVerdict, LedgerEntry, LedgerFormat, LedgerReading, Row

NAMES: Final = (
    "files",
    "dbmate",
    "flyway",
    "golang-migrate",
    "goose",
    "graphile-migrate",
    "liquibase-sql",
    "node-pg-migrate",
    "prisma",
    "sql-migrate",
    "sqitch",
    "sqlx",
)
"""Each is ``FORMAT`` of the module of its name, with ``_`` for ``-``."""
LEDGER_NAMES: Final = (*NAMES[1:], "alembic", "django", "knex", "typeorm", "drizzle", "yoyo")
"""The formats whose runner keeps a ledger, and runners of which only the ledger is known."""


def find_format(name: str) -> Format:
    """The format of this name; raises UsageError when there is none."""
    if name not in NAMES:
        raise UsageError(f"unknown format {name}", todo=f"the formats are {', '.join(NAMES)}")
    found: Format = import_module(f"{__name__}.{name.replace('-', '_')}").FORMAT
    return found


def find_ledger(name: str) -> LedgerFormat | None:
    """The ledger of the runner of this name; None where it keeps none, or there is no such runner."""
    if name in NAMES:
        return find_format(name).ledger
    ledgers: dict[str, LedgerFormat] = import_module(f"{__name__}.ledgers").COMMAND_LEDGERS
    return ledgers.get(name)


__all__ = [
    "ALL",
    "BY_NAME",
    "LEDGERS",
    "LEDGER_NAMES",
    "NAMES",
    "Dialect",
    "EntryState",
    "EntryVerdict",
    "Format",
    "LedgerEntry",
    "LedgerFormat",
    "LedgerReading",
    "MigrationFolder",
    "Plan",
    "PlannedFile",
    "Row",
    "blank",
    "find_format",
    "find_ledger",
    "only_tree",
    "refuse_mark",
]

__getattr__ = names_on_use(__name__)
