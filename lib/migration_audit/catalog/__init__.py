"""Reads the catalog of a real database into a Snapshot: one read-only transaction, ``pg_catalog`` only, no secrets.

Each name is loaded when it is first asked for: a saved snapshot is read without a driver.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migration_audit.model.on_use import names_on_use

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

__getattr__ = names_on_use(__name__)
