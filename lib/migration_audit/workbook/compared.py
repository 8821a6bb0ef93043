"""A comparison as checks take it: where nothing was compared, there is a reason instead of differences."""

from __future__ import annotations

from migration_audit.compare import Rules, compare, in_scope, left_out_by_scope
from migration_audit.model.drift import Drift
from migration_audit.model.finding import Outcome, Unavailable
from migration_audit.model.snapshot import Snapshot
from migration_audit.project import Project


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
        why = f"nothing was compared: [scope] in audit.toml leaves out all objects that {expected[0]} makes ({count})"
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
