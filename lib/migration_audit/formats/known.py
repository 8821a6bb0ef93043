"""All formats, and the ledgers that are known by the name of their runner."""

from __future__ import annotations

from migration_audit.formats import NAMES, command_ledgers, find_format
from migration_audit.formats.interface import Format
from migration_audit.formats.ledgers import LedgerFormat

ALL: tuple[Format, ...] = tuple(map(find_format, NAMES))
BY_NAME = {each.name: each for each in ALL}
LEDGERS: dict[str, LedgerFormat] = {
    **{each.name: each.ledger for each in ALL if each.ledger is not None},
    **command_ledgers.LEDGERS,
}
"""The ledgers that are known by the name of their runner."""
