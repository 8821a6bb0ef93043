"""Run checks on their inputs; an input that is not there is an outcome, never a pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import Check, CheckResult, Finding, Note, Outcome, Phase, Unavailable


def judge(checks: Iterable[Check], inputs: Mapping[str, Any], phase: Phase) -> tuple[CheckResult, ...]:
    """The result of each check, in the given order.

    ``inputs`` holds every name that a check may ask for; a value may be an ``Unavailable``. Raises KeyError when a check
    asks for a name that is not there at all: that is a mistake of ours, not a fact about a database.

    A check that is not due in this phase is pending. One marked ``work_list`` runs before it is due as well: its findings
    are the list of what is left to do.
    """
    return tuple(_judge_one(check, inputs, phase) for check in checks)


def _judge_one(check: Check, inputs: Mapping[str, Any], phase: Phase) -> CheckResult:
    if phase not in check.phases:
        is_ahead = _is_ahead(check, phase)
        due = f"{'' if is_ahead else 'only '}due in the phase {check.phases[0].value}"
        if check.work_list and is_ahead:
            return _as_work(_judge_due(check, inputs, phase), due)
        return _result(check, phase, Outcome.PENDING, reason=due)
    return _judge_due(check, inputs, phase)


def _is_ahead(check: Check, phase: Phase) -> bool:
    order = tuple(Phase)
    return order.index(phase) < min(order.index(due) for due in check.phases)


def _as_work(result: CheckResult, due: str) -> CheckResult:
    """What a check that is not due yet saw: its findings stay, and whatever came out, nothing is decided by it."""
    notes = {
        Outcome.FAILED: f"{len(result.findings)} to do" + (f"; {result.reason}" if result.reason else ""),
        Outcome.PASSED: "nothing to do" + (f": {result.reason}" if result.reason else ""),
        Outcome.ERRORED: f"the work could not be listed: {result.reason}",
        Outcome.SKIPPED: f"the work could not be listed: {result.reason}" if result.required else f"{result.reason}",
    }[result.outcome]
    return replace(result, outcome=Outcome.PENDING, reason=f"{due}; {notes}", required=True)


def _judge_due(check: Check, inputs: Mapping[str, Any], phase: Phase) -> CheckResult:
    given = {name: inputs[name] for name in check.inputs}
    lacking = [value for value in given.values() if isinstance(value, Unavailable)]
    if lacking:
        return _unavailable(check, phase, _worst(lacking))
    try:
        outputs = list(check.run(**given))
    except Exception as error:  # a check that crashed must not take the others along
        return _result(
            check, phase, Outcome.ERRORED, reason=f"internal error in this check: {type(error).__name__}: {error}"
        )
    findings = tuple(sorted((s for s in outputs if isinstance(s, Finding)), key=lambda f: f.key))
    blind = [s for s in outputs if isinstance(s, Unavailable)]
    unseen = some_of(list(dict.fromkeys(b.reason for b in blind)), between="; ")
    notes = "; ".join(s.text for s in outputs if isinstance(s, Note))
    if findings:
        reason = "; ".join(filter(None, (unseen, notes))) or None
        failed = _result(check, phase, Outcome.FAILED, reason=reason, findings=findings)
        is_partial = any(b.required or b.outcome is Outcome.ERRORED for b in blind)
        return replace(failed, unchecked=unseen) if is_partial else failed
    if blind:
        return _unavailable(check, phase, replace(_worst(blind), reason=unseen))
    return _result(check, phase, Outcome.PASSED, reason=notes or None)


def _worst(blind: Sequence[Unavailable]) -> Unavailable:
    """An error before what was only skipped, and what is required before what is not asked for."""
    return min(blind, key=lambda each: (each.outcome is not Outcome.ERRORED, not each.required))


def _unavailable(check: Check, phase: Phase, why: Unavailable) -> CheckResult:
    return _result(check, phase, why.outcome, reason=why.reason, required=why.required)


def _result(
    check: Check,
    phase: Phase,
    outcome: Outcome,
    *,
    reason: str | None = None,
    findings: tuple[Finding, ...] = (),
    required: bool = True,
) -> CheckResult:
    return CheckResult(
        id=check.id,
        title=check.title,
        severity=check.severity_in(phase),
        outcome=outcome,
        reason=reason,
        findings=findings,
        required=required,
    )
