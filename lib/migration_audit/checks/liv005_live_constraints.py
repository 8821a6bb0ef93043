"""LIV005: live constraints are what the owner's SQL makes, and validated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.describe import live_findings
from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.drift import Drift
from migration_audit.model.finding import CheckOutput, Severity
from migration_audit.model.preflight import OriginMap

if TYPE_CHECKING:
    from migration_audit.project import Environment


def run(live_drift: Drift, owner_origins: OriginMap, environment: Environment) -> Iterator[CheckOutput]:
    """Look up each constraint of the owner's shadow in the live database.

    Why: a constraint that is NOT VALID guarantees nothing about the rows that existed before it.
    Fix: run ALTER TABLE … ADD CONSTRAINT, or VALIDATE CONSTRAINT.
    Source: https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES
    """
    yield from live_findings("LIV005", live_drift, ("constraint",), environment, owner_origins)


CHECK = check_of_both_phases("LIV005", "Live constraints match the owner's SQL, and are validated", Severity.BLOCKER, run)
