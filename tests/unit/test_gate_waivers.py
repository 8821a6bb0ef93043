"""Waivers: an accepted finding says so and does not block; what could not be checked stays as it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tests.report_example import evidence

from migration_audit.gate import apply_waivers, decide, still_waived
from migration_audit.model.finding import CheckResult, Finding, Outcome, Severity, Verdict, WaiverState
from migration_audit.model.location import Location
from migration_audit.project import Waiver, load_project
from migration_audit.report.check_tables import check_table, findings_table
from migration_audit.report.ci import summary_markdown
from migration_audit.report.html import render_report

TODAY = date(2026, 11, 23)


def waiver(finding="LIV004:index:public.i", **how):
    given = {"environment": "prod", "reason": "known", "owner": "ann", "expires": TODAY, "at": Location("audit.toml", 9)}
    return Waiver(finding=finding, **{**given, **how})


def result(outcome=Outcome.FAILED, severity=Severity.BLOCKER, keys=("index:public.i",), id_="LIV004", **how):
    findings = tuple(Finding(key=f"{id_}:{key}", summary=f"{key} is missing") for key in keys)
    return CheckResult(id=id_, title="t", severity=severity, outcome=outcome, findings=findings, **how)


NOTHING = {"keys": ()}
PASSED = result(Outcome.PASSED, id_="LIV001", **NOTHING)
APPLIED, EXPIRED, UNUSED = WaiverState.APPLIED, WaiverState.EXPIRED, WaiverState.UNUSED


def applied(results, *waivers, today=TODAY):
    marked, uses = apply_waivers(results, waivers, environment="prod", today=today)
    return marked, [use.state for use in uses]


@pytest.mark.parametrize(
    ("results", "given", "state", "verdict"),
    [
        pytest.param([result()], {}, APPLIED, Verdict.REVIEW, id="a blocker"),
        pytest.param([result(severity=Severity.WARNING)], {}, APPLIED, Verdict.CLEAN, id="a warning"),
        pytest.param([result(severity=Severity.INFO)], {}, APPLIED, Verdict.CLEAN, id="an information"),
        pytest.param([result(keys=("index:public.i", "b"))], {}, APPLIED, Verdict.BLOCKED, id="one of two"),
        pytest.param([result(), result(id_="LIV003")], {}, APPLIED, Verdict.BLOCKED, id="another check"),
        pytest.param([result()], {"expires": date(2026, 11, 22)}, EXPIRED, Verdict.BLOCKED, id="its day is over"),
        pytest.param([result()], {"expires": date(2026, 11, 24)}, APPLIED, Verdict.REVIEW, id="a day is left"),
        pytest.param([result()], {"reason": ""}, WaiverState.REASONLESS, Verdict.BLOCKED, id="no reason"),
        pytest.param([result()], {"reason": " \n"}, WaiverState.REASONLESS, Verdict.BLOCKED, id="a blank reason"),
        pytest.param([result()], {"finding": "LIV004:index:public.j"}, UNUSED, Verdict.BLOCKED, id="another finding"),
        pytest.param([result()], {"finding": "LIV004:index:*"}, UNUSED, Verdict.BLOCKED, id="no patterns"),
        pytest.param([result()], {"finding": "LIV004"}, WaiverState.IMPOSSIBLE, Verdict.BLOCKED, id="a whole check"),
        pytest.param([PASSED, result(Outcome.PASSED, **NOTHING)], {}, UNUSED, Verdict.CLEAN, id="solved"),
        pytest.param([PASSED], {}, UNUSED, Verdict.CLEAN, id="no such check"),
        pytest.param([result(Outcome.ERRORED, **NOTHING)], {}, WaiverState.NOT_DUE, Verdict.INCOMPLETE, id="errored"),
        pytest.param([result(Outcome.ERRORED)], {}, WaiverState.NOT_DUE, Verdict.INCOMPLETE, id="errored with findings"),
        pytest.param([result(Outcome.SKIPPED, **NOTHING)], {}, WaiverState.NOT_DUE, Verdict.INCOMPLETE, id="not seen"),
        pytest.param([result(Outcome.SKIPPED)], {}, WaiverState.NOT_DUE, Verdict.INCOMPLETE, id="skipped with findings"),
        pytest.param([PASSED, result(Outcome.PENDING)], {}, APPLIED, Verdict.CLEAN, id="of the list of work"),
        pytest.param([PASSED, result(Outcome.PENDING, **NOTHING)], {}, WaiverState.NOT_DUE, Verdict.CLEAN, id="not due yet"),
    ],
)
def test_what_a_waiver_does(results, given, state, verdict):
    marked, states = applied(results, waiver(**given))
    assert states == [state]
    assert decide(marked) is verdict
    assert [r.outcome for r in marked] == [r.outcome for r in results]
    said = {f.key for r in marked for f in r.findings if f.waived}
    assert said == ({"LIV004:index:public.i"} if state is APPLIED else set())


def test_a_waiver_of_another_environment_is_none_here():
    marked, states = applied([result()], waiver(environment="stage"))
    assert (decide(marked), states) == (Verdict.BLOCKED, [])


def test_a_failure_without_a_finding_cannot_be_waived():
    marked, _ = applied([result(**NOTHING)], waiver("LIV004:"))
    assert decide(marked) is Verdict.BLOCKED


def test_evidence_is_judged_by_the_waivers_that_hold_on_the_day():
    marked, uses = apply_waivers([result()], [waiver()], environment="prod", today=TODAY)
    found = evidence(checks=marked, waivers=uses)
    assert decide(still_waived(found, today=TODAY)) is Verdict.REVIEW
    assert decide(still_waived(found, today=date(2026, 11, 24))) is Verdict.BLOCKED
    # The word of a finding alone waives nothing, nor does a waiver that was not applied.
    assert decide(still_waived(replace(found, waivers=()), today=TODAY)) is Verdict.BLOCKED
    unused = replace(found, waivers=(replace(uses[0], state=WaiverState.UNUSED),))
    assert decide(still_waived(unused, today=TODAY)) is Verdict.BLOCKED


def test_it_shows_as_waived_everywhere():
    marked, uses = apply_waivers(
        [PASSED, result(keys=("index:public.i", "b"))], [waiver(reason="<b>known</b>")], environment="prod", today=TODAY
    )
    found = evidence(verdict=decide(marked), checks=marked, waivers=uses)
    page = render_report(notebooks=[], evidence=found)
    first, _, rest = page.partition('<main id="main"')
    assert "index:public.i is missing" not in first
    assert "b is missing" in first
    assert "waived until 2026-11-23 by ann: &lt;b&gt;known&lt;/b&gt;" in rest
    assert "1 blocker, 1 waived" in rest
    summary = summary_markdown(found)
    assert "waived until 2026-11-23 by ann" in summary
    text = repr(findings_table(marked))
    assert "waived until 2026-11-23 by ann" in text
    assert "waived" in repr(check_table([applied([result()], waiver())[0][0]]))


TOML = """[project]
name = "trm"
[legacy]
sql = ["l/*.sql"]
[owner]
sql = ["o/*.sql"]
[environments.prod]
dsn_env = "P"
[[waiver]]
finding = "LIV004:index:public.i"
environment = "prod"
owner = "ann"
expires = {expires}
"""


@pytest.mark.parametrize("expires", ["2026-11-23", '"2026-11-23"'])
def test_it_is_read_from_audit_toml(tmp_path: Path, expires: str):
    (tmp_path / "audit.toml").write_text(TOML.format(expires=expires))
    (found,) = load_project(tmp_path / "audit.toml").waivers
    assert (found.expires, found.reason, str(found.at)) == (TODAY, "", "audit.toml:9")
