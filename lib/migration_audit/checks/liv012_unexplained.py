"""LIV012: live objects that neither source creates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.describe import essence
from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.drift import DiffVerdict, Drift
from migration_audit.model.enumeration import plural
from migration_audit.model.finding import CheckOutput, Excluded, Finding, Note, Severity
from migration_audit.model.snapshot import Snapshot

if TYPE_CHECKING:
    from migration_audit.project import Environment


def run(
    live_drift: Drift, legacy: Snapshot, excluded: tuple[Excluded, ...], environment: Environment
) -> Iterator[CheckOutput]:
    """List the objects that are live, in scope, and created by neither source.

    Why: an object that was created by hand is missing from the next fresh database, and may be the one that makes a query
    fast.
    Fix: port it to the owner's SQL, drop it, or exclude it in audit.toml with a reason.
    Fine when: the owner manages it by other means (a program's own tables): exclude those with a scope rule. Excluded
    objects are counted by rule, so a rule that excludes too much is visible.
    Source: every live object is compared with both shadows; PostgreSQL's system catalogs list the objects.
    """
    found = Counter(difference.verdict for difference in live_drift.differences)
    number = sum(n for _, n in live_drift.looked_up) - found[DiffVerdict.MISSING] + found[DiffVerdict.UNEXPECTED]
    yield Note(text=f"looked up {number:,} {plural('object', number)} of {environment.name} in what the SQL sources create")
    known = legacy.by_key
    for difference in live_drift.roots:
        if difference.verdict is not DiffVerdict.UNEXPECTED or (difference.kind, difference.key) in known:
            continue
        yield Finding(
            key=f"LIV012:{environment.name}:{difference.kind}:{difference.key}",
            summary=f"{difference.kind} {difference.key} is in {environment.name}, and neither source creates it"
            + (f" ({difference.note})" if difference.note else ""),
            actual=essence(difference.present_object),
        )
    for row in live_drift.unmodelled_actual:
        yield Finding(
            key=f"LIV012:{environment.name}:{row.kind}:{row.identity}",
            summary=f"{row.kind} {row.identity} is in {environment.name}, and the audit cannot compare this kind",
        )
    if excluded:
        number, rules = sum(rule.objects for rule in excluded), len(excluded)
        yield Note(text=f"out of scope by {rules} {plural('rule', rules)}: {number:,} {plural('object', number)}")


CHECK = check_of_both_phases(
    "LIV012", "Every live object in scope is created by one of the two sources", Severity.WARNING, run
)
