"""COV011: pg_dump sees no difference that the audit does not."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.model.drift import Severity
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import Check, Finding, Phase, Said, Told
from migration_audit.model.witness import Witness

NAMED = 5
"""How many of the differences that only the audit sees are named."""


def run(witness: Witness) -> Iterator[Said]:
    """Compare the dumps of both shadows and look for what no difference of the audit explains.

    Why: the audit reads catalogs with queries of its own. A second method with another author tells what they forget.
    Fix: compare the object by hand, waive the finding with what was found, and report the bug in the audit.
    Source: https://www.postgresql.org/docs/current/app-pgdump.html
    """
    for one in witness.unexplained:
        yield Finding(
            key=f"COV011:{one.kind}:{one.name}",
            summary=f"{witness.method} sees {one.kind} {one.name} differ, and the comparison of catalogs does not",
            expected=one.expected or "nothing",
            actual=one.actual or "nothing",
        )
    if witness.beyond:
        named = some_of([f"{kind} {key}" for kind, key in witness.beyond], most=NAMED)
        yield Told(text=f"differences that {witness.method} does not see: {named}")


CHECK = Check(
    id="COV011",
    title="A dump of both sides shows no difference that the audit does not explain",
    severity=Severity.BLOCKER,
    phases=(Phase.PREFLIGHT,),
    run=run,
)
