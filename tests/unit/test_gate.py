"""From results to a verdict: "could not check" is never "fine"."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from migration_audit.gate import EXIT_CODES, decide
from migration_audit.model.finding import CheckResult, Finding, Outcome, Severity, Verdict


def result(outcome, severity=Severity.BLOCKER, *, required=True):
    findings = (Finding(key="k", summary="s"),) if outcome is Outcome.FAILED else ()
    return CheckResult(id="X", title="x", severity=severity, outcome=outcome, findings=findings, required=required)


PASSED = result(Outcome.PASSED)


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        pytest.param([], Verdict.INCOMPLETE, id="nothing was checked"),
        pytest.param([PASSED], Verdict.CLEAN, id="passed"),
        pytest.param([PASSED, result(Outcome.PENDING)], Verdict.CLEAN, id="pending is not due"),
        pytest.param([PASSED, result(Outcome.SKIPPED, required=False)], Verdict.CLEAN, id="does not apply"),
        pytest.param([PASSED, result(Outcome.SKIPPED)], Verdict.INCOMPLETE, id="could not be seen"),
        pytest.param([PASSED, result(Outcome.SKIPPED, Severity.INFO)], Verdict.INCOMPLETE, id="not even an info"),
        pytest.param([PASSED, result(Outcome.ERRORED)], Verdict.INCOMPLETE, id="errored"),
        pytest.param([PASSED, result(Outcome.FAILED)], Verdict.BLOCKED, id="a blocker"),
        pytest.param([PASSED, result(Outcome.FAILED, Severity.WARNING)], Verdict.REVIEW, id="a warning"),
        pytest.param([PASSED, result(Outcome.FAILED, Severity.INFO)], Verdict.CLEAN, id="an information"),
        pytest.param(
            [replace(result(Outcome.FAILED), unchecked="half")], Verdict.INCOMPLETE, id="a blocker, and unread files"
        ),
        pytest.param([result(Outcome.FAILED), result(Outcome.ERRORED)], Verdict.INCOMPLETE, id="incomplete wins"),
    ],
)
def test_the_verdict(results, verdict):
    assert decide(results) is verdict


def test_the_order_of_results_does_not_matter():
    results = [PASSED, result(Outcome.FAILED, Severity.WARNING), result(Outcome.FAILED)]
    assert {decide(order) for order in itertools.permutations(results)} == {Verdict.BLOCKED}


def test_every_verdict_has_an_exit_code():
    assert {v: EXIT_CODES[v] for v in Verdict} == {"clean": 0, "review": 0, "blocked": 1, "incomplete": 3}
