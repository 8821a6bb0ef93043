"""SNAP007: what Directus cannot show."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.directus_words import looked_at
from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.directus import RawTable
from migration_audit.model.finding import CheckOutput, Finding, Severity


def run(raw_tables: tuple[RawTable, ...]) -> Iterator[CheckOutput]:
    """List the raw tables without a single-column primary key.

    Why: Directus may list such a table, but shows neither its rows nor its columns (403 even for an administrator). A
    hypertable's primary key must contain its time column, so it can never be edited there, not even a single column.
    Fix: if people must edit it in Directus, provide a table or view with a single-column key for that purpose.
    Fine when: the table is not edited in Directus.
    Source: run on Directus 11.17.4: 'Collection "orders" doesn't have a primary key column and will be ignored'.
    """
    for table in raw_tables:
        if table.single_key is False and table.visible and not table.is_ledger:
            yield Finding(
                key=f"SNAP007:{table.key}",
                summary=f"{table.name} has no primary key of one column: Directus ignores it, and none of its columns "
                "can be shown or edited there",
                expected="a primary key of one column",
                actual="none",
                where=table.where,
            )
    yield looked_at(raw_tables)


CHECK = check_of_both_phases("SNAP007", "Directus can show and edit every raw table", Severity.INFO, run)
