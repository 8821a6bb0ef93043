"""What CI systems read: junit.xml, results.sarif, annotations; each valid by its format, whatever names say."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from tests.report_example import HOSTILE, evidence, result

from migration_audit.cli.verdicts import write_to_github
from migration_audit.model.finding import Finding, Outcome, Severity, Verdict
from migration_audit.report.ci import github_annotations, junit_xml, sarif, summary_markdown
from migration_audit.runner import RunResult

SARIF = jsonschema.Draft202012Validator(
    json.loads((Path(__file__).parents[1] / "data/schemas/sarif-2.1.0.json").read_text("utf-8"))
)

JUNIT = {
    "testsuites": ({"name", "tests", "failures", "errors"}, ["testsuite"]),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "timestamp"},
        ["properties", "testcase", "system-out", "system-err"],
    ),
    "properties": (set(), ["property"]),
    "property": ({"name", "value"}, []),
    "testcase": ({"name", "classname"}, ["skipped", "error", "failure", "system-out", "system-err"]),
    "skipped": ({"message"}, []),
    "error": ({"message", "type"}, []),
    "failure": ({"message", "type"}, []),
    "system-out": (set(), []),
}
"""Elements, the attributes that we write, and the order of their children, by the schema of Jenkins' xUnit plugin."""


def finding(summary="index x is missing", **more):
    return Finding(**{"key": "COV003:index:public.x", "summary": summary, "where": "db/001.sql:7", **more})


def with_checks(*results, **more):
    return evidence(checks=results, config=replace(evidence().config, prefix="ops/"), **more)


def assert_junit(text):
    root = ET.fromstring(text)
    for element in root.iter():
        attributes, children = JUNIT[element.tag]
        assert set(element.attrib) <= attributes
        order = [children.index(child.tag) for child in element]
        assert order == sorted(order)
    return root


OUTCOMES = {
    "failed-blocker": (result("COV003", "A question", Outcome.FAILED, findings=[finding()]), "failure"),
    "failed-warning": (
        result("COV013", "A question", Outcome.FAILED, severity=Severity.WARNING, findings=[finding()]),
        "system-out",
    ),
    "waived-blocker": (
        result("COV004", "A question", Outcome.FAILED, findings=(finding(waived="until it is made again"),)),
        "system-out",
    ),
    "errored": (result("LIV001", "A question", Outcome.ERRORED, reason="no route to host"), "error"),
    "partly unseen": (
        result("LIV011", "A question", Outcome.FAILED, reason="x", unchecked="half of it", severity=Severity.WARNING),
        "error",
    ),
    "skipped-though-due": (result("LIV010", "A question", Outcome.SKIPPED, reason="cannot be read"), "error"),
    "does-not-apply": (result("LIV011", "A question", Outcome.SKIPPED, reason="no ledger", required=False), "skipped"),
    "pending": (result("RET001", "A question", Outcome.PENDING, reason="due in the phase retired"), "skipped"),
    "passed": (result("SQL001", "A question", Outcome.PASSED), None),
}


def test_a_cause_that_stops_many_checks_is_reported_once():
    held = [result(f"LIV{n:03}", "x", Outcome.ERRORED, reason="no route to host\n  → open the port") for n in range(1, 19)]
    root = assert_junit(junit_xml(with_checks(*held, verdict=Verdict.INCOMPLETE)))
    messages = [error.get("message") for error in root.iter("error")]
    assert messages[0] == "LIV001–LIV018 (18 checks): no route to host → open the port"
    assert set(messages[1:]) == {"could not check: stopped by the same cause as LIV001"}
    assert len(messages) == 18


@pytest.mark.parametrize("name", OUTCOMES)
def test_junit_says_how_each_check_ended(name):
    given, expected = OUTCOMES[name]
    root = assert_junit(junit_xml(with_checks(given)))
    case = next(c for c in root.iter("testcase") if c.get("name").startswith(given.id))
    assert [child.tag for child in case] == ([expected] if expected else [])
    suite = root.find("testsuite")
    assert suite.get("name") == evidence().environment
    for tag, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert suite.get(attribute) == str(len(list(root.iter(tag))))


def test_junit_of_an_unfinished_run_is_an_error():
    found = evidence(checks=(), complete=False, error="the kernel died", verdict=Verdict.INCOMPLETE)
    root = assert_junit(junit_xml(found))
    assert "the kernel died" in root.find(".//error").get("message")


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_makes_valid_documents(name):
    hostile = finding(HOSTILE[name], where=f"{HOSTILE[name]}:3", key=HOSTILE[name])
    passed = result("COV004", "A question", Outcome.PASSED, reason=HOSTILE[name])
    found = with_checks(result("COV003", "A question", Outcome.FAILED, findings=[hostile], reason=HOSTILE[name]), passed)
    assert_junit(junit_xml(found))
    log = sarif(found)
    SARIF.validate(log)
    for text in (junit_xml(found), json.dumps(log, indent=1, ensure_ascii=False), summary_markdown(found)):
        assert all(line.isprintable() for line in text.split("\n"))
    for line in github_annotations(found):
        assert line.startswith("::")
        assert line.isprintable()


def test_sarif_points_at_files_of_the_repository():
    missing, nowhere = finding(), finding("extra index", where=None, key="LIV012:index:public.y", waived="made by the DBA")
    found = with_checks(
        result("COV003", "A question", Outcome.FAILED, findings=[missing]),
        result("LIV012", "A question", Outcome.FAILED, severity=Severity.WARNING, findings=[nowhere]),
    )
    log = sarif(found)
    SARIF.validate(log)
    first, second = log["runs"][0]["results"]
    where = [r["locations"][0]["physicalLocation"] for r in (first, second)]
    assert [(w["artifactLocation"]["uri"], w["region"]["startLine"]) for w in where] == [
        ("ops/db/001.sql", 7),
        ("ops/audit.toml", 31),
    ]
    assert [r["level"] for r in (first, second)] == ["error", "warning"]
    assert second["suppressions"][0]["justification"] == "made by the DBA"
    assert "suppressions" not in first
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert [rules[r["ruleIndex"]]["id"] for r in (first, second)] == ["COV003", "LIV012"]


def test_sarif_tells_what_could_not_be_checked():
    log = sarif(
        with_checks(result("LIV001", "A question", Outcome.ERRORED, reason="no route to host"), verdict=Verdict.INCOMPLETE)
    )
    (invocation,) = log["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "no route to host" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_a_file_outside_the_repository_is_reported_at_the_environment():
    outside = finding(where="../../other/001.sql:7")
    (line,) = github_annotations(with_checks(result("COV003", "A question", Outcome.FAILED, findings=[outside])))
    assert "file=ops/audit.toml,line=31," in line


def test_what_a_command_makes_is_reported_at_the_environment():
    made = finding(where="command `npx knex migrate:latest`")
    found = with_checks(result("COV003", "A question", Outcome.FAILED, findings=[made]))
    (line,) = github_annotations(found)
    assert "file=ops/audit.toml,line=31," in line
    (location,) = sarif(found)["runs"][0]["results"][0]["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "ops/audit.toml"


def test_annotations_stop_at_what_github_shows():
    many = [finding(f"index x{n} is missing", key=f"COV003:index:public.x{n}") for n in range(25)]
    lines = list(github_annotations(with_checks(result("COV003", "A question", Outcome.FAILED, findings=many))))
    assert len(lines) == 10
    assert "16 more are in report.html" in lines[-1]


def test_what_is_waived_is_no_annotation():
    waived = finding(waived="until it is made again")
    found = with_checks(result("COV003", "A question", Outcome.FAILED, findings=[waived, finding("index y is missing")]))
    (line,) = github_annotations(found)
    assert "index y is missing" in line
    assert "waived: until it is made again" not in junit_xml(found).partition("<failure")[2].partition("</failure>")[0]


def test_annotations_escape_what_would_end_a_command():
    (line,) = github_annotations(
        with_checks(
            result("COV003", "A question", Outcome.FAILED, findings=[finding("100%::error::x", where="a,b:c.sql:3")])
        )
    )
    assert line == "::error file=ops/a%2Cb%3Ac.sql,line=3,title=COV003 prod::100%25::error::x"


def run_results(tmp_path, *texts):
    checks = [result("COV003", "A question", Outcome.FAILED, findings=[finding(text)]) for text in texts]
    return [RunResult(environment="prod", folder=tmp_path, evidence=with_checks(check)) for check in checks]


def test_the_job_summary_is_appended_and_stays_under_its_limit(tmp_path, monkeypatch, capsys):
    summary = tmp_path / "summary.md"
    summary.write_text("what an earlier tool of this step wrote\n", "utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    write_to_github(run_results(tmp_path, "x" * 900_000, "y" * 900_000))
    written = summary.read_text("utf-8")
    assert written.startswith("what an earlier tool")
    assert len(written.encode()) <= 1 << 20
    assert written.count("## ") >= 2
    assert capsys.readouterr().out == ""


def test_a_summary_without_space_is_reported(tmp_path, monkeypatch, capsys):
    summary = tmp_path / "summary.md"
    summary.write_text("x" * 1_000_000, "utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    write_to_github(run_results(tmp_path, "index x is missing"))
    assert summary.stat().st_size == 1_000_000
    assert "has no space left for its summary: prod is blocked" in capsys.readouterr().err


def test_a_summary_that_cannot_be_written_is_reported(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "absent" / "summary.md"))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    write_to_github(run_results(tmp_path, "index x is missing"))
    said = capsys.readouterr()
    assert "cannot be written" in said.err
    assert said.out.startswith("::error file=ops/db/001.sql")
    assert os.linesep not in said.out.strip()
