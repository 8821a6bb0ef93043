"""Reads the catalog of a real database into a Snapshot: one read-only transaction, ``pg_catalog`` only, no secrets.

Each name is loaded when it is first asked for: a saved snapshot is read without a driver.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from migration_audit.catalog.connection import open_connection, with_connection
    from migration_audit.catalog.directus import read_directus
    from migration_audit.catalog.directus_database import read_directus_database
    from migration_audit.catalog.ledger import read_ledger
    from migration_audit.catalog.reader import CatalogReading, read_snapshot
    from migration_audit.catalog.storage import (
        canonical_snapshot,
        dump_snapshot,
        load_snapshot,
        object_body,
        object_maker,
        parse_object,
        parse_snapshot,
        save_snapshot,
        snapshot_body,
    )

__all__ = [
    "CatalogReading",
    "canonical_snapshot",
    "dump_snapshot",
    "load_snapshot",
    "object_body",
    "object_maker",
    "open_connection",
    "parse_object",
    "parse_snapshot",
    "read_directus",
    "read_directus_database",
    "read_ledger",
    "read_snapshot",
    "save_snapshot",
    "snapshot_body",
    "with_connection",
]

_MODULES: Final = {
    "open_connection": "connection",
    "with_connection": "connection",
    "read_directus": "directus",
    "read_directus_database": "directus_database",
    "read_ledger": "ledger",
    "CatalogReading": "reader",
    "read_snapshot": "reader",
    "canonical_snapshot": "storage",
    "dump_snapshot": "storage",
    "load_snapshot": "storage",
    "object_body": "storage",
    "object_maker": "storage",
    "parse_object": "storage",
    "parse_snapshot": "storage",
    "save_snapshot": "storage",
    "snapshot_body": "storage",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
