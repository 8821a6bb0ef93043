"""COV009: comments are the same."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.describe import all_compared, attribute_findings
from migration_audit.checks.phases import preflight_check
from migration_audit.model.drift import Drift
from migration_audit.model.finding import CheckOutput, Severity
from migration_audit.model.preflight import OriginMap


def run(coverage: Drift, legacy_origins: OriginMap) -> Iterator[CheckOutput]:
    """Compare the comments of the objects that both sides have.

    Why: comments document objects for people, and some tools read them. A lost comment breaks nothing.
    Fix: add COMMENT ON to the owner's SQL.
    Source: https://www.postgresql.org/docs/current/sql-comment.html
    """
    yield all_compared(coverage, "the comments of")
    yield from attribute_findings("COV009", coverage, ("comment",), legacy_origins)


CHECK = preflight_check("COV009", "Comments are the same", Severity.INFO, run)
