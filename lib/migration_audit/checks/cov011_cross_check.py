"""COV011: pg_dump sees no difference that the audit does not."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import Check, CheckOutput, Finding, Note, Phase, Severity
from migration_audit.model.preflight import Witness

NAMED = 5
"""How many of the differences that only the audit sees are named."""


def run(witness: Witness) -> Iterator[CheckOutput]:
    """Cross-check the comparison with pg_dump: dump both shadows and look for differences that the audit does not explain.

    Why: the audit reads catalogs with its own queries. An independent method finds what those queries overlook.
    Fix: compare the object by hand, waive the finding with the result, and report the bug in the audit.
    Source: https://www.postgresql.org/docs/current/app-pgdump.html
    """
    yield Note(text=f"compared the output of {witness.method} for both sides")
    for one in witness.unexplained:
        yield Finding(
            key=f"COV011:{one.kind}:{one.name}",
            summary=f"{witness.method} shows that {one.kind} {one.name} differs, but the comparison of catalogs does not",
            expected=one.expected or "nothing",
            actual=one.actual or "nothing",
        )
    if witness.beyond:
        named = some_of([f"{kind} {key}" for kind, key in witness.beyond], most=NAMED)
        yield Note(text=f"differences that {witness.method} does not show: {named}")


CHECK = Check(
    id="COV011",
    title="The cross-check with pg_dump finds no unexplained difference",
    severity=Severity.BLOCKER,
    phases=(Phase.PREFLIGHT,),
    run=run,
)
