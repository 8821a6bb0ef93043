"""COV005: hypertables and their dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.describe import coverage_findings
from migration_audit.checks.pinned_dimensions import compare_with_pins
from migration_audit.model.drift import Drift
from migration_audit.model.finding import Check, CheckOutput, Phase
from migration_audit.model.preflight import OriginMap
from migration_audit.model.severity import Severity
from migration_audit.model.snapshot import Snapshot

if TYPE_CHECKING:
    from migration_audit.project import Project


def run(
    coverage: Drift, legacy_origins: OriginMap, owner: Snapshot, owner_origins: OriginMap, project: Project
) -> Iterator[CheckOutput]:
    """Look up each hypertable of the legacy side on the owner's side: dimensions, column, interval, partitions, function.

    Why: plain schema tools see an ordinary table. Whether it is a hypertable, by which column, and how wide its chunks are
    decides how fast every query is and what retention can drop. ``if_not_exists => true`` silently leaves the first caller's
    interval in place.
    Fix: call create_hypertable in the owner's SQL with the same arguments. Settings pinned in audit.toml under
    ``[[hypertable]]`` are also compared with the owner's side.
    Source: https://docs.tigerdata.com/api/latest/hypertable/create_hypertable/
    """
    yield from coverage_findings("COV005", coverage, ("hypertable", "dimension"), legacy_origins)
    yield from compare_with_pins("COV005", project, owner, drift=coverage, side="the owner's SQL", origins=owner_origins)


CHECK = Check(
    id="COV005",
    title="The owner's SQL creates every hypertable, with the same dimensions and intervals",
    severity=Severity.BLOCKER,
    phases=(Phase.PREFLIGHT,),
    run=run,
)
