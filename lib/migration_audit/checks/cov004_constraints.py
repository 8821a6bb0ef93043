"""COV004: the owner creates every constraint, with the same definition."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.describe import coverage_findings
from migration_audit.checks.phases import preflight_check
from migration_audit.model.drift import Drift
from migration_audit.model.finding import CheckOutput, Severity
from migration_audit.model.preflight import OriginMap


def run(coverage: Drift, legacy_origins: OriginMap) -> Iterator[CheckOutput]:
    """Look up each primary key, unique, foreign key, check and exclusion constraint of the legacy side on the owner's side.

    Why: without the constraint, rows that the writer's code considers impossible can be inserted. A constraint that is NOT
    VALID or deferrable behaves differently from the one that was tested.
    Fix: add the constraint to the owner's SQL.
    Source: https://www.postgresql.org/docs/current/catalog-pg-constraint.html
    """
    yield from coverage_findings("COV004", coverage, ("constraint",), legacy_origins)


CHECK = preflight_check(
    "COV004", "The owner's SQL creates every constraint, with the same definition", Severity.BLOCKER, run
)
