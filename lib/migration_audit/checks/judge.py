"""Run checks on their inputs; an input that is not there is an outcome, never a pass."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from migration_audit.model.finding import Check, CheckResult, Finding, Outcome, Phase, Told, Unavailable


def judge(checks: Iterable[Check], inputs: Mapping[str, Any], phase: Phase) -> tuple[CheckResult, ...]:
    """The result of each check, in the given order.

    ``inputs`` holds every name that a check may ask for; a value may be an ``Unavailable``. Raises KeyError when a check
    asks for a name that is not there at all: that is a mistake of ours, not a fact about a database.
    """
    return tuple(_judge_one(check, inputs, phase) for check in checks)


def _judge_one(check: Check, inputs: Mapping[str, Any], phase: Phase) -> CheckResult:
    if phase not in check.phases:
        return _result(check, phase, Outcome.PENDING, reason=f"due in the phase {check.phases[0].value}")
    given = {name: inputs[name] for name in inspect.signature(check.run).parameters}
    lacking = [value for value in given.values() if isinstance(value, Unavailable)]
    if lacking:
        worst = next((v for v in lacking if v.outcome is Outcome.ERRORED), None)
        return _unavailable(check, phase, worst or next((v for v in lacking if v.required), lacking[0]))
    try:
        said = list(check.run(**given))
    except Exception as error:  # a check that crashed must not take the others along
        return _result(check, phase, Outcome.ERRORED, reason=f"the check itself failed: {type(error).__name__}: {error}")
    findings = tuple(sorted((s for s in said if isinstance(s, Finding)), key=lambda f: f.key))
    blind = [s for s in said if isinstance(s, Unavailable)]
    told = "; ".join(s.text for s in said if isinstance(s, Told)) or None
    if findings:
        reason = "; ".join([*(b.reason for b in blind), *([told] if told else [])]) or None
        return _result(check, phase, Outcome.FAILED, reason=reason, findings=findings)
    if blind:
        return _unavailable(check, phase, blind[0])
    return _result(check, phase, Outcome.PASSED, reason=told)


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
