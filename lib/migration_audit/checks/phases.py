"""In which phase a check is due: before the deletion, after it, or in both phases."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from migration_audit.model.finding import Check, CheckOutput, Phase, Severity

Run = Callable[..., Iterable[CheckOutput]]


def preflight_check(check_id: str, title: str, severity: Severity, run: Run) -> Check:
    """A check that is due before the deletion alone."""
    return Check(id=check_id, title=title, severity=severity, phases=(Phase.PREFLIGHT,), run=run)


def retired_check(check_id: str, title: str, severity: Severity, run: Run) -> Check:
    """A check that is due after the deletion; until then its findings are the work list."""
    return Check(id=check_id, title=title, severity=severity, phases=(Phase.RETIRED,), run=run, work_list=True)


def check_of_both_phases(check_id: str, title: str, severity: Severity, run: Run) -> Check:
    """A check that is due before the deletion and after it."""
    return Check(id=check_id, title=title, severity=severity, phases=tuple(Phase), run=run)
