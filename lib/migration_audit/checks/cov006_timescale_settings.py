"""COV006: what is set on hypertables beyond their dimensions."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.describe import coverage_findings
from migration_audit.checks.phases import preflight_check
from migration_audit.model.drift import Drift
from migration_audit.model.finding import CheckOutput, Severity
from migration_audit.model.preflight import OriginMap
from migration_audit.model.timescale_jobs import SETTINGS


def run(coverage: Drift, legacy_origins: OriginMap) -> Iterator[CheckOutput]:
    """Look up compression settings, policies and jobs, continuous aggregates, tablespaces and chunk skipping.

    Why: none of them is in a schema dump. A missing retention policy fills the disk, an additional one deletes data, and
    a different segment-by column makes queries on compressed chunks slow.
    Not checked: the configuration values of user-defined jobs in saved snapshots, because they may be secrets (they are
    never shown). Compare those by hand.
    Fix: call add_retention_policy, add_compression_policy, add_job and related functions in the owner's SQL with the same
    arguments. A policy is identified by what it does and to which table, never by its number.
    Source: https://docs.tigerdata.com/api/latest/; measured on TimescaleDB 2.19 and 2.31.
    """
    yield from coverage_findings("COV006", coverage, sorted(SETTINGS), legacy_origins)


CHECK = preflight_check(
    "COV006",
    "The owner's SQL sets the same compression, policies, jobs, continuous aggregates, tablespaces and chunk skipping",
    Severity.BLOCKER,
    run,
)
