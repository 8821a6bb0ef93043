"""COV008: owners and privileges are the same."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.describe import all_compared, attribute_findings
from migration_audit.checks.phases import preflight_check
from migration_audit.model.drift import Drift
from migration_audit.model.finding import CheckOutput, Severity
from migration_audit.model.preflight import OriginMap


def run(coverage: Drift, legacy_origins: OriginMap) -> Iterator[CheckOutput]:
    """Compare owners and privileges of the objects that both sides have.

    Why: after the retirement the writer only inserts, selects and updates. A privilege that only the legacy SQL grants is
    missing from a fresh database.
    Fix: grant it in the owner's SQL. Default privileges are compared as separate objects.
    Source: https://www.postgresql.org/docs/current/ddl-priv.html
    """
    yield all_compared(coverage, "owners and privileges of")
    yield from attribute_findings("COV008", coverage, ("owner", "privileges"), legacy_origins)


CHECK = preflight_check("COV008", "Owners and privileges are the same", Severity.WARNING, run)
