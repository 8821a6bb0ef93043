"""All formats, and the ledgers that are known by the name of their runner: for what goes through each of them."""

from __future__ import annotations

from migration_audit.formats import LEDGER_NAMES, NAMES, find_format, find_ledger
from migration_audit.formats.interface import Format
from migration_audit.formats.ledgers import LedgerFormat

ALL: tuple[Format, ...] = tuple(map(find_format, NAMES))
BY_NAME = {each.name: each for each in ALL}
LEDGERS: dict[str, LedgerFormat] = {name: ledger for name in LEDGER_NAMES if (ledger := find_ledger(name)) is not None}
"""By the name that ``[x.ledger] format`` gives them."""
