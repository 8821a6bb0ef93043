"""What Directus 12 allows without a license: a number of active collections."""

from __future__ import annotations

from migration_audit.directus.behaviour import Behaviour
from migration_audit.directus.inspect import is_system, tables_in_database
from migration_audit.directus.postgres import DatabaseState


def assert_collections(state: DatabaseState, version: Behaviour, excluded: frozenset[str]) -> None:
    """``EntitlementManager.assert``: a collection that is created, or changed and active, counts as one more.

    Raises PgError where there are too many for a database without a license; with one, it is noted as a guess.
    """
    tables = tables_in_database(state)
    active = [
        row["collection"]
        for row in state.collections
        if row.get("status") == "active" and row["collection"] in tables and not is_system(row["collection"])
    ]
    if version.most_collections is None or len([name for name in active if name not in excluded]) < version.most_collections:
        return
    refuses = True if state.is_licensed is False else None
    state.guess(refuses, f"collections limit exceeded: {version.most_collections} are allowed without a license")
