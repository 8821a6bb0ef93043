"""COV010: nothing is of a kind that the audit does not model."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.describe import all_compared
from migration_audit.checks.phases import preflight_check
from migration_audit.model.drift import Drift
from migration_audit.model.finding import CheckOutput, Finding, Severity


def run(coverage: Drift) -> Iterator[CheckOutput]:
    """List every object of either side that the audit cannot compare.

    Why: what was not compared may be lost, so the audit does not report "covered" while such an object exists.
    Fix: compare it by hand and waive the finding with the result, or remove the object from the SQL.
    Source: every catalog row is either compared or reported; see ``catalog/queries.py`` for the kinds that are compared.
    """
    yield all_compared(coverage, "all")
    for side, rows in (("legacy", coverage.unmodelled_expected), ("owner", coverage.unmodelled_actual)):
        for row in rows:
            yield Finding(
                key=f"COV010:{side}:{row.kind}:{row.identity}",
                summary=f"{row.kind} {row.identity} ({side} side) is of a kind that the audit cannot compare",
            )


CHECK = preflight_check("COV010", "Neither side has objects that the audit cannot compare", Severity.BLOCKER, run)
