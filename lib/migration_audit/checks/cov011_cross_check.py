"""COV011: pg_dump sees no difference that the audit does not."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.phases import preflight_check
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity
from migration_audit.model.preflight import CrossCheck

NAMED = 5
"""How many of the differences that only the audit sees are named."""


def run(cross_check: CrossCheck) -> Iterator[CheckOutput]:
    """Cross-check the comparison with pg_dump: dump both shadows and look for differences that the audit does not explain.

    Why: the audit reads catalogs with its own queries. An independent method finds what those queries overlook.
    Fix: compare the object by hand, waive the finding with the result, and report the bug in the audit.
    Source: https://www.postgresql.org/docs/current/app-pgdump.html
    """
    yield Note(text=f"compared the output of {cross_check.method} for both sides")
    for one in cross_check.unexplained:
        yield Finding(
            key=f"COV011:{one.kind}:{one.name}",
            summary=f"{cross_check.method} shows that {one.kind} {one.name} differs; the comparison of catalogs does not",
            expected=one.expected or "nothing",
            actual=one.actual or "nothing",
        )
    if cross_check.beyond:
        named = some_of([f"{kind} {key}" for kind, key in cross_check.beyond], most=NAMED)
        yield Note(text=f"differences that {cross_check.method} does not show: {named}")


CHECK = preflight_check("COV011", "The cross-check with pg_dump finds no unexplained difference", Severity.BLOCKER, run)
