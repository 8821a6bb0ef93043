"""What a report compares a run with: the last finished run of the environment and phase, and the last signed one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.report_example import evidence

from migration_audit.audit.facts.files import write_json_file
from migration_audit.model.errors import AuditError
from migration_audit.model.evidence import EarlierRuns, evidence_body
from migration_audit.model.finding import Outcome, Phase, Verdict
from migration_audit.runner.folders import EARLIER_FILE, earlier_runs, load_earlier, save_earlier


def run(out, day, *, signed=False, **more):
    folder = (out / "signed" if signed else out) / "prod" / f"202611{day:02}T060000Z-abcdef0"
    folder.mkdir(parents=True)
    found = evidence(generated_at=datetime(2026, 11, day, 6, tzinfo=UTC), **more)
    write_json_file(folder / "evidence.json", evidence_body(found))
    return folder


def names(found):
    return [(each.run[:8], each.signed) for each in found.compared]


def test_the_last_run_and_the_last_signed_one(tmp_path):
    run(tmp_path, 1, signed=True)
    run(tmp_path, 2, signed=True, verdict=Verdict.REVIEW)
    run(tmp_path, 3)
    new = run(tmp_path, 4)
    found = earlier_runs(tmp_path, "prod", phase=Phase.PREFLIGHT, before=new)
    assert names(found) == [("20261103", False), ("20261102", True)]
    assert found.compared[1].verdict is Verdict.REVIEW
    assert "LIV004:index:public.positions_device_ts" in found.compared[0].findings


def test_checks_that_could_not_decide_are_named(tmp_path):
    partly, whole, *others = evidence().checks
    checks = (
        replace(partly, outcome=Outcome.FAILED, unchecked="one file"),
        replace(whole, outcome=Outcome.ERRORED, findings=()),
        *others,
    )
    run(tmp_path, 1, checks=checks)
    found = earlier_runs(tmp_path, "prod", phase=Phase.PREFLIGHT, before=run(tmp_path, 2))
    assert found.compared[0].undecided[:2] == (partly.id, whole.id)


def test_a_last_run_that_is_signed_is_named_once(tmp_path):
    run(tmp_path, 1)
    run(tmp_path, 2, signed=True)
    new = run(tmp_path, 4)
    assert names(earlier_runs(tmp_path, "prod", phase=Phase.PREFLIGHT, before=new)) == [("20261102", True)]


def test_what_is_not_comparable_is_passed_over(tmp_path):
    run(tmp_path, 1)
    run(tmp_path, 2, phase=Phase.RETIRED)
    run(tmp_path, 3, complete=False)
    (run(tmp_path, 4) / "evidence.json").write_text("{")
    run(tmp_path, 5, environment="stage")
    new = run(tmp_path, 6)
    run(tmp_path, 7)
    assert names(earlier_runs(tmp_path, "prod", phase=Phase.PREFLIGHT, before=new)) == [("20261101", False)]


def test_they_are_kept_with_the_run(tmp_path):
    run(tmp_path, 1)
    new = run(tmp_path, 2)
    found = earlier_runs(tmp_path, "prod", phase=Phase.PREFLIGHT, before=new)
    save_earlier(new, found)
    assert load_earlier(new) == found
    (new / EARLIER_FILE).write_text('{"verdicts": [{"run": 1}]}')
    with pytest.raises(AuditError, match=EARLIER_FILE):
        load_earlier(new)


def test_a_first_run_has_no_such_file(tmp_path):
    new = run(tmp_path, 1)
    save_earlier(new, earlier_runs(tmp_path, "prod", phase=Phase.PREFLIGHT, before=new))
    assert not (new / EARLIER_FILE).exists()
    assert load_earlier(new) == EarlierRuns()


def test_the_verdicts_of_earlier_runs_come_last_one_first_and_say_what_has_none(tmp_path):
    run(tmp_path, 1, signed=True, verdict=Verdict.CLEAN)
    run(tmp_path, 2, phase=Phase.RETIRED)
    run(tmp_path, 3, complete=False)
    (run(tmp_path, 4) / "evidence.json").write_text("{")
    run(tmp_path, 5)
    new = run(tmp_path, 6)
    run(tmp_path, 7)
    found = earlier_runs(tmp_path, "prod", phase=Phase.PREFLIGHT, before=new)
    assert [(each.run[6:8], each.signed, each.verdict) for each in found.verdicts] == [
        ("05", False, Verdict.BLOCKED),
        ("04", False, None),
        ("03", False, None),
        ("01", True, Verdict.CLEAN),
    ]


def test_of_many_runs_the_last_dozen_is_listed(tmp_path):
    for day in range(1, 21):
        run(tmp_path, day)
    new = run(tmp_path, 21)
    found = earlier_runs(tmp_path, "prod", phase=Phase.PREFLIGHT, before=new).verdicts
    assert [each.run[6:8] for each in found] == [f"{day:02}" for day in range(20, 9, -1)]
