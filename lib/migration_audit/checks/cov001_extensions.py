"""COV001: the owner creates every extension, in the same schema and version."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.describe import coverage_findings
from migration_audit.checks.phases import preflight_check
from migration_audit.model.drift import Drift
from migration_audit.model.finding import CheckOutput, Severity
from migration_audit.model.preflight import OriginMap


def run(coverage: Drift, legacy_origins: OriginMap) -> Iterator[CheckOutput]:
    """Look up each extension of the legacy side on the owner's side.

    Why: a type or function of an extension that only the legacy migrations create (PostGIS, for example) is missing from the
    next fresh database, long after the migrations were deleted.
    Fix: create the extension in the owner's SQL, before anything that uses it.
    Fine when: nothing uses the extension, and a waiver states how that is known.
    Source: https://www.postgresql.org/docs/current/sql-createextension.html
    """
    yield from coverage_findings("COV001", coverage, ("extension",), legacy_origins)


CHECK = preflight_check(
    "COV001", "The owner's SQL creates every extension, in the same schema and version", Severity.BLOCKER, run
)
