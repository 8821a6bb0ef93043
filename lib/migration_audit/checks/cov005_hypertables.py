"""COV005: hypertables and their dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.describe import coverage_findings, shown, word
from migration_audit.checks.phases import preflight_check
from migration_audit.model.drift import Drift
from migration_audit.model.finding import CheckOutput, Finding, Severity
from migration_audit.model.preflight import OriginMap
from migration_audit.model.snapshot import Snapshot
from migration_audit.model.timescale import Dimension

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


CHECK = preflight_check(
    "COV005", "The owner's SQL creates every hypertable, with the same dimensions and intervals", Severity.BLOCKER, run
)


def compare_with_pins(
    check_id: str, project: Project, snapshot: Snapshot, *, drift: Drift, side: str, origins: OriginMap
) -> Iterator[Finding]:
    """A finding for each pinned setting that the snapshot does not have and that is not in ``drift``."""
    reported = {(d.key, change.name) for d in drift.of("dimension") for change in d.fields}
    dimensions = {(d.belongs_to or ("", ""))[1] + "." + d.column: d for d in snapshot.of(Dimension)}
    for pin in project.hypertables:
        key = f"{check_id}:pin:{pin.table}.{pin.column}"
        dimension = dimensions.get(f"{pin.table}.{pin.column}")
        if dimension is None:
            yield Finding(
                key=key,
                summary=f"{pin.table} is not a hypertable by {pin.column} in {side}, but {pin.at} pins it as one",
                expected=f"a dimension by {pin.column}",
                where=str(pin.at),
            )
            continue
        origin = origins.get(("dimension", dimension.key))
        for name in ("chunk_interval", "partitions"):
            wanted, actual = getattr(pin, name), getattr(dimension, name)
            if wanted is not None and wanted != actual and (dimension.key, name) not in reported:
                yield Finding(
                    key=f"{key}:{name}",
                    summary=f"{pin.table}: {word(name)} of {pin.column} is {shown(actual and str(actual))} in {side}, "
                    f"pinned to {wanted} at {pin.at}",
                    expected=str(wanted),
                    actual=shown(actual and str(actual)),
                    where=str(origin or pin.at),
                )
