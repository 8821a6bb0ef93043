"""SQL003: each source can be applied twice."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.describe import convergence_findings
from migration_audit.model.drift import Severity
from migration_audit.model.finding import Check, Finding, Phase
from migration_audit.model.preflight import Convergence


def run(repeats: tuple[Convergence, ...]) -> Iterator[Finding]:
    """Apply each source twice; the second time there must be no error and no change.

    Why: the owner's runner may run its files again on a database where the legacy runner made the objects, and a runner
    that lost its ledger runs all of them again.
    Fix: IF NOT EXISTS, CREATE OR REPLACE, or a guard in a DO block.
    Source: seed, "Both runners are idempotent (IF NOT EXISTS, etc.)".
    """
    for convergence in repeats:
        yield from convergence_findings("SQL003", convergence)


CHECK = Check(
    id="SQL003",
    title="Each SQL source can be applied twice without an error or a change",
    severity=Severity.BLOCKER,
    phases=(Phase.PREFLIGHT,),
    run=run,
)
