"""SQL005: the result is the same, whichever source ran first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.describe import judged_by_promise, sequences_compared
from migration_audit.checks.phases import preflight_check
from migration_audit.model.finding import CheckOutput, Severity
from migration_audit.model.preflight import Convergence

if TYPE_CHECKING:
    from migration_audit.project import Project


def run(orders: tuple[Convergence, ...], project: Project) -> Iterator[CheckOutput]:
    """Compare the owner's catalog with those of the histories that live databases have.

    The owner alone, the owner twice, legacy then owner, owner then legacy: all must result in the same catalog. If the
    owner's ledger runs each file once, the result of the owner twice is only a note.

    Why: ``IF NOT EXISTS`` only checks the name. On a database that the legacy runner created first, a column of another type
    or an index on other columns silently remains, and the owner's file counts as applied.
    Fix: make both definitions the same, or add a file to the owner's SQL that alters the older one. If a file of the
    owner failed, guard its statement (IF NOT EXISTS). If a legacy file failed after the owner's SQL, no live database has
    completed this history, and after the deletion none can: waive that finding.
    Objects that only the legacy SQL creates are reported by the COV checks and not repeated here.
    Source: both sources, applied to real servers in each order.
    """
    yield sequences_compared(orders)
    for convergence in orders:
        yield from judged_by_promise("SQL005", convergence, project)


CHECK = preflight_check(
    "SQL005",
    "The owner's SQL gives the same catalog whether it runs alone, twice, before or after the legacy SQL",
    Severity.BLOCKER,
    run,
)
