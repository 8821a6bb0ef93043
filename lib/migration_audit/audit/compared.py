"""A comparison as checks take it: where nothing was compared, there is a reason instead of differences."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from migration_audit.compare import AGAINST_LIVE, Rules, compare, in_scope, left_out_by_scope
from migration_audit.model.drift import Drift
from migration_audit.model.finding import Outcome, Unavailable
from migration_audit.model.rule_use import Excluded
from migration_audit.model.snapshot import Snapshot

if TYPE_CHECKING:
    from migration_audit.project import Project

Keys = tuple[tuple[str, str], ...]
"""Kind and key of objects."""


def compared(
    *,
    expected: tuple[str, Snapshot],
    actual: tuple[str, Snapshot],
    rules: Rules,
    expected_applied_by: str | None = None,
    actual_applied_by: str | None = None,
) -> Drift | Unavailable:
    """The differences between two named sides, or why nothing could be compared: no differences would read as success.

    ``expected_applied_by`` and ``actual_applied_by`` are as ``compare`` takes them. Raises AuditError when one snapshot
    holds a key twice.
    """
    drift = compare(
        expected=expected[1],
        actual=actual[1],
        rules=rules,
        expected_applied_by=expected_applied_by,
        actual_applied_by=actual_applied_by,
    )
    if drift.compared_nothing:
        return Unavailable(reason=drift.why_nothing(expected=expected[0], actual=actual[0]), outcome=Outcome.ERRORED)
    return drift


def compared_in_scope(
    project: Project,
    *,
    expected: tuple[str, Snapshot],
    actual: tuple[str, Snapshot],
    rules: Rules,
    expected_applied_by: str | None = None,
    actual_applied_by: str | None = None,
) -> Drift | Unavailable:
    """The same of what is in scope; a ``[scope]`` that leaves out all that the expected side makes is a reason as well."""
    if count := left_out_by_scope(expected[1], project):
        why = f"nothing was compared: [scope] in audit.toml excludes all objects that {expected[0]} creates ({count})"
        return Unavailable(reason=why, outcome=Outcome.ERRORED)
    (left, _), (right, _) = in_scope(expected[1], project), in_scope(actual[1], project)
    named = (expected[0], left), (actual[0], right)
    return compared(
        expected=named[0],
        actual=named[1],
        rules=rules,
        expected_applied_by=expected_applied_by,
        actual_applied_by=actual_applied_by,
    )


def without(snapshot: Snapshot, keys: Collection[tuple[str, str]]) -> Snapshot:
    """The snapshot without these objects."""
    if not keys:
        return snapshot
    gone = frozenset(keys)
    return snapshot.keeping(obj for obj in snapshot.objects if (obj.kind, obj.key) not in gone)


def scoped_drift(
    project: Project, *, owner: Snapshot | Unavailable, live: Snapshot, prelude: Keys
) -> tuple[Drift | Unavailable, tuple[Excluded, ...]]:
    """The drift of what is in scope, and how many live objects each rule left out."""
    excluded = (*_excluded_by_prelude(live, prelude), *in_scope(without(live, prelude), project)[1])
    if isinstance(owner, Unavailable):
        return owner, excluded
    drift = compared_in_scope(
        project,
        expected=("the owner's SQL", replace(owner, unmodelled=())),
        actual=("the live database", without(live, prelude)),
        rules=AGAINST_LIVE.override(project.rules),
        expected_applied_by=owner.server.read_as,
    )
    return drift, excluded


def _excluded_by_prelude(live: Snapshot, keys: Keys) -> tuple[Excluded, ...]:
    """How many live objects are the prelude's; empty without one."""
    count = len(live.by_key.keys() & set(keys))
    return (Excluded(pattern="(prelude)", reason="what `prelude` in audit.toml creates", objects=count),) if keys else ()
