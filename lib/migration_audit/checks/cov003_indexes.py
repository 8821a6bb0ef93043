"""COV003: the owner creates every index, with the same definition."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.describe import coverage_findings
from migration_audit.checks.phases import preflight_check
from migration_audit.model.drift import Drift
from migration_audit.model.finding import CheckOutput, Severity
from migration_audit.model.preflight import OriginMap


def run(coverage: Drift, legacy_origins: OriginMap) -> Iterator[CheckOutput]:
    """Look up each index of the legacy side on the owner's side by name, and compare the definitions.

    Why: an upsert needs its unique index, and a query its order. If another index already has the name, IF NOT EXISTS skips
    the creation, and the existing index is not the same one. Uniqueness, method, columns and their order, direction,
    operator classes, INCLUDE, predicate and validity all count.
    Fix: add the index to the owner's SQL. The same definition under another name is reported as a rename: rename it, or
    waive the old name in audit.toml.
    Source: https://www.postgresql.org/docs/current/catalog-pg-index.html
    """
    yield from coverage_findings("COV003", coverage, ("index",), legacy_origins)


CHECK = preflight_check("COV003", "The owner's SQL creates every index, with the same definition", Severity.BLOCKER, run)
