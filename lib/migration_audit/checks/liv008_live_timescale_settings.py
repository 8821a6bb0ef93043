"""LIV008: live settings of hypertables beyond their dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.describe import live_findings
from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.drift import Drift
from migration_audit.model.finding import CheckOutput, Severity
from migration_audit.model.preflight import OriginMap
from migration_audit.model.timescale_jobs import SETTINGS

if TYPE_CHECKING:
    from migration_audit.project import Environment


def run(live_drift: Drift, owner_origins: OriginMap, environment: Environment) -> Iterator[CheckOutput]:
    """Look up the owner's compression settings, policies, jobs, continuous aggregates, and so on in the live database.

    Why: a policy that was disabled or slowed down by hand during an incident goes unnoticed until the disk is full.
    ``if_not_exists => true`` does not change what was set earlier.
    Fix: run alter_job or ALTER TABLE … SET (timescaledb.…), or apply the owner's file that sets it.
    The order of compressed rows is for information where it was never configured: TimescaleDB stores it up to 2.21 only.
    Source: https://docs.tigerdata.com/api/latest/; measured on TimescaleDB 2.19 and 2.31.
    """
    yield from live_findings("LIV008", live_drift, sorted(SETTINGS), environment, owner_origins)


CHECK = check_of_both_phases(
    "LIV008",
    "Live compression settings, policies, jobs and continuous aggregates match the owner's SQL",
    Severity.BLOCKER,
    run,
)
