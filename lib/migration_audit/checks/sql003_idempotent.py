"""SQL003: each source can be applied twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.describe import judged_by_promise, sequences_compared
from migration_audit.checks.phases import preflight_check
from migration_audit.model.finding import CheckOutput, Severity
from migration_audit.model.preflight import Convergence

if TYPE_CHECKING:
    from migration_audit.project import Project


def run(repeats: tuple[Convergence, ...], project: Project) -> Iterator[CheckOutput]:
    """Apply each source twice; if its runner may apply a file again, the second time must cause no error and no change.

    Why: a runner without a ledger applies all files on every start. A runner with a ledger applies each file once, so the
    second time is for information only, unless audit.toml sets ``rerun = true``.
    Fix: use IF NOT EXISTS, CREATE OR REPLACE, or a guard in a DO block. If the runner applies each file once, name its
    ledger in audit.toml, or set ``rerun = false``.
    Source: both sources, applied twice to a real server.
    """
    yield sequences_compared(repeats)
    for convergence in repeats:
        yield from judged_by_promise("SQL003", convergence, project)


CHECK = preflight_check(
    "SQL003", "SQL that a runner may apply twice causes no error and no change the second time", Severity.BLOCKER, run
)
