"""COV010: nothing is of a kind that the audit does not model."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.model.drift import Drift, Severity
from migration_audit.model.finding import Check, Finding, Phase


def run(coverage: Drift) -> Iterator[Finding]:
    """Name every object of either side that the audit cannot compare.

    Why: what was not compared may be lost, so "covered" is not given while there is such an object.
    Fix: compare it by hand and waive the finding with what was found, or take it out of the SQL.
    Source: design, "every catalog row is modelled or reported".
    """
    for side, rows in (("legacy", coverage.unmodelled_expected), ("owner", coverage.unmodelled_actual)):
        for row in rows:
            yield Finding(
                key=f"COV010:{side}:{row.kind}:{row.identity}",
                summary=f"{row.kind} {row.identity} ({side} side) is of a kind that the audit does not compare",
            )


CHECK = Check(
    id="COV010",
    title="Nothing on either side is of a kind that the audit does not compare",
    severity=Severity.BLOCKER,
    phases=(Phase.PREFLIGHT,),
    run=run,
)
