"""COV002: the owner creates every table and column, exactly."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.describe import coverage_findings
from migration_audit.checks.phases import preflight_check
from migration_audit.model.drift import Drift
from migration_audit.model.finding import CheckOutput, Severity
from migration_audit.model.preflight import OriginMap


def run(coverage: Drift, legacy_origins: OriginMap) -> Iterator[CheckOutput]:
    """Look up each table and column of the legacy side on the owner's side, attribute by attribute.

    Why: the writer was built against the legacy columns. A different type, nullability, default, identity, generation
    expression, collation or storage changes what it may write or what it reads back.
    Fix: port the column to the owner's SQL. A type change on a live table may rewrite the table: plan it as a separate
    migration.
    Fine when: only the order of columns differs (reported, not blocking). The writer must then name its columns.
    Source: https://www.postgresql.org/docs/current/catalog-pg-attribute.html
    """
    yield from coverage_findings("COV002", coverage, ("table", "column"), legacy_origins)


CHECK = preflight_check("COV002", "The owner's SQL creates every table and column, exactly", Severity.BLOCKER, run)
