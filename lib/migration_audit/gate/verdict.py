"""From results and waivers to a verdict, and from a verdict to an exit code. Pure.

An accepted finding says so and weighs less; what could not be checked stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from migration_audit.model.evidence import Evidence
from migration_audit.model.finding import CheckResult, Finding, Outcome, Severity, Verdict, WaiverState, WaiverUse
from migration_audit.project import Waiver

EXIT_CODES: Mapping[Verdict, int] = {
    Verdict.CLEAN: 0,
    Verdict.REVIEW: 0,
    Verdict.BLOCKED: 1,
    Verdict.INCOMPLETE: 3,
}
"""The exit code of one environment; of several it is the largest."""


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


def apply_waivers(
    results: Iterable[CheckResult], waivers: Iterable[Waiver], *, environment: str, today: date
) -> tuple[tuple[CheckResult, ...], tuple[WaiverUse, ...]]:
    """The results with waived findings marked, and what became of each waiver of this environment, in their order.

    No outcome changes: a check that failed has failed, and one that could not be decided is not made so by a waiver. A
    waiver without a reason, or whose last day is over, waives nothing. The first of two waivers of one finding counts.
    """
    results = tuple(results)
    uses = tuple(_use(waiver, results, today) for waiver in waivers if waiver.environment == environment)
    words = {use.finding: use.sentence for use in reversed(uses) if use.state is WaiverState.APPLIED}
    return tuple(_marked(result, words) for result in results), uses


def still_waived(evidence: Evidence, *, today: date) -> tuple[CheckResult, ...]:
    """The results of an evidence, with the waivers alone that it applied and that still hold ``today``."""
    held = {
        w.finding for w in evidence.waivers if w.state is WaiverState.APPLIED and w.reason.strip() and today <= w.expires
    }
    return tuple(
        replace(r, findings=tuple(f if f.key in held else replace(f, waived=None) for f in r.findings))
        for r in evidence.checks
    )


def _use(waiver: Waiver, results: Sequence[CheckResult], today: date) -> WaiverUse:
    return WaiverUse(
        finding=waiver.finding,
        reason=waiver.reason,
        owner=waiver.owner,
        expires=waiver.expires,
        at=str(waiver.at),
        state=_state(waiver, results, today),
    )


def _state(waiver: Waiver, results: Sequence[CheckResult], today: date) -> WaiverState:
    check, colon, _ = waiver.finding.partition(":")
    if not colon:
        return WaiverState.IMPOSSIBLE
    if not waiver.reason.strip():
        return WaiverState.REASONLESS
    if today > waiver.expires:
        return WaiverState.EXPIRED
    if any(f.key == waiver.finding for r in results if _can_be_waived(r) for f in r.findings):
        return WaiverState.APPLIED
    own = [r for r in results if r.id == check]
    if any(r.outcome is Outcome.PENDING or r.is_undecided for r in own):
        return WaiverState.NOT_DUE
    return WaiverState.UNUSED


def _can_be_waived(result: CheckResult) -> bool:
    return result.outcome in {Outcome.FAILED, Outcome.PENDING}


def _marked(result: CheckResult, words: Mapping[str, str]) -> CheckResult:
    if not _can_be_waived(result) or not any(f.key in words for f in result.findings):
        return result
    return replace(result, findings=tuple(_finding(f, words) for f in result.findings))


def _finding(finding: Finding, words: Mapping[str, str]) -> Finding:
    return replace(finding, waived=words.get(finding.key))
