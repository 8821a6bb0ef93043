"""LIV003: live tables and columns are what the owner's SQL makes."""

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
    """Look up each table and column of the owner's shadow in the live database.

    Why: ``CREATE TABLE IF NOT EXISTS`` does nothing if the legacy runner created the table first, so a live column can have
    a type that no file of the owner mentions.
    Fix: write a migration of the owner that alters the column. A type change may rewrite the table and lock it.
    Source: https://www.postgresql.org/docs/current/sql-altertable.html
    """
    yield from live_findings("LIV003", live_drift, ("table", "column"), environment, owner_origins)


CHECK = check_of_both_phases("LIV003", "Live tables and columns match the owner's SQL", Severity.BLOCKER, run)
