"""LIV006: live hypertable settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.cov005_hypertables import compare_with_pins
from migration_audit.checks.describe import live_findings
from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.drift import Drift
from migration_audit.model.finding import CheckOutput, Severity
from migration_audit.model.preflight import OriginMap
from migration_audit.model.snapshot import Snapshot

if TYPE_CHECKING:
    from migration_audit.project import Environment, Project


def run(
    live_drift: Drift, live: Snapshot, owner_origins: OriginMap, environment: Environment, project: Project
) -> Iterator[CheckOutput]:
    """Look up each hypertable of the owner's shadow in the live database: dimensions, interval, partitions, functions.

    Why: ``create_hypertable(…, if_not_exists => true)`` does not change an interval that was set earlier, and the interval
    may have been changed since. No schema dump shows it.
    Fix: call set_chunk_time_interval, or the function for the setting that differs; it affects new chunks only.
    Source: https://docs.tigerdata.com/api/latest/hypertable/set_chunk_time_interval/
    """
    yield from live_findings("LIV006", live_drift, ("hypertable", "dimension"), environment, owner_origins)
    yield from compare_with_pins("LIV006", project, live, drift=live_drift, side=environment.name, origins=owner_origins)


CHECK = check_of_both_phases(
    "LIV006", "Live hypertables have the dimensions and intervals of the owner's SQL", Severity.BLOCKER, run
)
