"""From results to a verdict, and from a verdict to an exit code. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from migration_audit.model.drift import Severity
from migration_audit.model.finding import CheckResult, Outcome, Verdict


def decide(results: Iterable[CheckResult]) -> Verdict:
    """What an environment's results amount to.

    A check that errored, or that was due and could not be decided in whole, makes the verdict ``incomplete``, whatever the
    others found: "could not check" is never "fine", and never "these are all the findings" either. No result at all is
    incomplete.
    """
    results = tuple(results)
    if not results or any(result.is_undecided for result in results):
        return Verdict.INCOMPLETE
    failed = {r.weight for r in results if r.outcome is Outcome.FAILED}
    if Severity.BLOCKER in failed:
        return Verdict.BLOCKED
    return Verdict.REVIEW if Severity.WARNING in failed else Verdict.CLEAN


EXIT_CODES: Mapping[Verdict, int] = {
    Verdict.CLEAN: 0,
    Verdict.REVIEW: 0,
    Verdict.BLOCKED: 1,
    Verdict.INCOMPLETE: 3,
}
"""The exit code of one environment; of several it is the largest."""
