"""Acceptance commands: run here, or known from a report that is about this very commit."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from migration_audit.artifacts.documents.commands import read_command, read_junit, run_acceptance_command
from migration_audit.model.documents import CommandState
from migration_audit.model.errors import ArtifactError
from migration_audit.model.location import Location
from migration_audit.project import AuditRule, Verb

PYTHON = f"'{sys.executable}'"


def rule(command: str = "pnpm test", **given) -> AuditRule:
    return AuditRule(check="CMD001", verb=Verb.COMMAND, what=(command,), at=Location("audit.toml", 9), **given)


def run(command: str, root: Path, **given):
    return run_acceptance_command(rule(command, **given), root, environ=dict(os.environ))


# What a command did.


def test_a_command_that_succeeds(tmp_path):
    assert run(f"{PYTHON} -c pass", tmp_path).state is CommandState.SUCCEEDED


def test_a_command_that_fails_shows_the_end_of_what_it_wrote(tmp_path):
    script = "import sys; print('line\\n' * 99); print('\\x1b[31mboom\\x1b[0m', file=sys.stderr); sys.exit(3)"
    (tmp_path / "fail.py").write_text(script)
    result = run(f"{PYTHON} fail.py", tmp_path)
    assert (result.state, result.summary) == (CommandState.FAILED, "ended with exit code 3")
    lines = result.detail.splitlines()
    assert len(lines) == 30
    assert "boom" in lines
    assert lines[0] == "line"


def test_passwords_of_urls_are_not_repeated(tmp_path):
    result = run("echo postgresql://processor:hunter2@db/trm; exit 1", tmp_path)
    assert result.detail == "postgresql://processor:***@db/trm"


def test_a_command_runs_in_its_directory_without_anybody_to_ask(tmp_path):
    (tmp_path / "service").mkdir()
    script = "import os, sys; print(os.path.basename(os.getcwd()), repr(sys.stdin.read()), os.environ['CI']); sys.exit(1)"
    (tmp_path / "service" / "say.py").write_text(script)
    assert run(f"{PYTHON} say.py", tmp_path, directory="service").detail == "service '' true"


@pytest.mark.parametrize(
    ("command", "state"),
    [
        ("true && false", CommandState.FAILED),
        ("false || true", CommandState.SUCCEEDED),
        ("X=1 sh -c 'test $X = 1'", CommandState.SUCCEEDED),
        ("sh -c 'kill -9 $$'", CommandState.FAILED),
    ],
)
def test_a_shell_is_there_for_what_needs_one(tmp_path, command, state):
    assert run(command, tmp_path).state is state


@pytest.mark.parametrize("command", ["no-such-program --fix", "no-such-program && true"])
def test_a_program_that_is_not_installed_is_not_a_failure(tmp_path, command):
    result = run(command, tmp_path)
    assert result.state is CommandState.UNKNOWN
    assert "install it" in result.summary


def test_a_directory_that_is_not_there(tmp_path):
    assert run("true", tmp_path, directory="gone").state is CommandState.UNKNOWN


def test_a_command_and_what_it_started_are_ended_when_the_time_is_over(tmp_path):
    started = time.monotonic()
    result = run("echo begun; sleep 600 & echo $! > pid; wait", tmp_path, time_limit=1)
    assert (result.state, result.summary, result.detail) == (CommandState.FAILED, "did not end within 1 seconds", "begun")
    assert time.monotonic() - started < 30
    assert is_gone(int((tmp_path / "pid").read_text()))


def is_gone(pid: int) -> bool:
    for _ in range(200):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


# What a report says.

PASSED = '<testsuite name="unit" tests="2"><testcase classname="pool" name="connects"/><testcase name="writes"/></testsuite>'
FAILED = (
    '<testsuite name="unit" tests="2" failures="1"><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite>'
)
COMMIT = '<properties><property name="commit" value="{}"/></properties>'


def with_commit(xml: str, commit: str) -> str:
    return xml.replace(">", f">{COMMIT.format(commit)}", 1)


@pytest.fixture
def checkout(tmp_path):
    """A repository with one commit, a service and a place for its reports; git's answers, not a stand-in's."""
    (tmp_path / "service" / "reports").mkdir(parents=True)
    (tmp_path / "service" / "main.ts").write_text("start()\n")
    (tmp_path / "notes.md").write_text("x\n")
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "first"]):
        subprocess.run(["git", "-C", tmp_path, *words], check=True)
    return tmp_path


def head(checkout: Path) -> str:
    done = subprocess.run(["git", "-C", checkout, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def read(checkout: Path, xml: str | None):
    if xml is not None:
        (checkout / "service/reports/junit.xml").write_text(xml)
    return read_command(rule(directory="service", junit="service/reports/junit.xml"), checkout)


def test_a_report_of_this_commit(checkout):
    result = read(checkout, with_commit(PASSED, head(checkout)))
    assert (result.state, result.summary) == (
        CommandState.SUCCEEDED,
        "2 tests passed, according to service/reports/junit.xml",
    )
    assert read(checkout, with_commit(PASSED, head(checkout)[:9].upper())).state is CommandState.SUCCEEDED


def test_a_report_of_this_commit_with_failures(checkout):
    result = read(checkout, with_commit(FAILED, head(checkout)))
    assert (result.state, result.detail, result.where) == (CommandState.FAILED, "b", "service/reports/junit.xml:1")
    assert result.summary == "failed on this commit: 1 of 2 tests"


def test_the_commit_next_to_the_report(checkout):
    (checkout / "service/reports/junit.xml.commit").write_text(head(checkout) + "\n")
    assert read(checkout, PASSED).state is CommandState.SUCCEEDED
    (checkout / "service/reports/junit.xml.commit").write_text("0" * 40)
    assert read(checkout, PASSED).state is CommandState.UNKNOWN


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        (None, "the report service/reports/junit.xml does not exist"),
        (PASSED, "does not name its commit"),
        (with_commit(PASSED, "0123456789abcdef"), "is checked out"),
        (with_commit(FAILED, "0123456789abcdef"), "is checked out"),
        (with_commit(PASSED, "main"), "names something that is not a commit"),
        (with_commit(with_commit(PASSED, "a" * 40), "b" * 40), "names 2 commits"),
        ("<testsuite", "not well-formed XML"),
        ("<html/>", "not JUnit"),
    ],
)
def test_a_report_that_proves_nothing_is_neither_success_nor_failure(checkout, xml, said):
    result = read(checkout, xml)
    assert result.state is CommandState.UNKNOWN
    assert said in result.summary


@pytest.mark.parametrize("change", ["service/main.ts", "service/new.ts"])
def test_a_report_is_not_about_what_was_changed_since(checkout, change):
    (checkout / change).write_text("migrate()\n")
    result = read(checkout, with_commit(PASSED, head(checkout)))
    assert result.state is CommandState.UNKNOWN
    assert f"{Path(change).name} was changed since" in result.summary


def test_what_was_changed_elsewhere_is_not_the_commands_business(checkout):
    (checkout / "notes.md").write_text("y\n")
    assert read(checkout, with_commit(PASSED, head(checkout))).state is CommandState.SUCCEEDED


def test_no_report_outside_of_git(tmp_path):
    (tmp_path / "service/reports").mkdir(parents=True)
    result = read(tmp_path, with_commit(PASSED, "a" * 40))
    assert result.state is CommandState.UNKNOWN
    assert "git cannot determine the commit" in result.summary


def test_a_command_without_a_report_asks_to_be_run(checkout):
    result = read_command(rule(), checkout)
    assert result.state is CommandState.UNKNOWN
    assert "migration-audit run --commands" in result.todo


REPORTS = {
    "nested suites": (f"<testsuites>{PASSED}<testsuite>{FAILED}</testsuite></testsuites>", 4, ["b"], 0),
    "an error": ('<testsuite><testcase classname="c" name="n"><error/></testcase></testsuite>', 1, ["c n"], 0),
    "all skipped": ("<testsuite><testcase><skipped/></testcase></testsuite>", 1, [], 1),
    "a suite that broke": ('<testsuite name="db" errors="1"><testcase name="a"/></testsuite>', 1, ["db"], 0),
    "a suite with an error of its own": ('<testsuite name="db"><error/></testsuite>', 0, ["db"], 0),
    "a failure that nobody names": ('<testsuites tests="3" failures="1"/>', 3, ["a test that the report does not name"], 0),
    "with a namespace": ('<testsuite xmlns="urn:x"><testcase name="a"><failure/></testcase></testsuite>', 1, ["a"], 0),
    "no tests": ("<testsuites/>", 0, [], 0),
}


@pytest.mark.parametrize(("xml", "tests", "failed", "skipped"), REPORTS.values(), ids=REPORTS)
def test_a_report(tmp_path, xml, tests, failed, skipped):
    (tmp_path / "junit.xml").write_text(xml)
    report = read_junit(tmp_path / "junit.xml", shown_from=tmp_path)
    assert (report.tests, list(report.failed), report.skipped) == (tests, failed, skipped)


@pytest.mark.parametrize("xml", ["<testsuites/>", "<testsuite><testcase><skipped/></testcase></testsuite>"])
def test_a_report_in_which_no_test_ran_is_no_success(checkout, xml):
    (checkout / "service/reports/junit.xml.commit").write_text(head(checkout))
    result = read(checkout, xml)
    assert result.state is CommandState.FAILED
    assert "ran no test" in result.summary


def test_entities_are_refused(tmp_path):
    bomb = '<!DOCTYPE t [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><testsuite name="&b;"/>'
    (tmp_path / "junit.xml").write_text(bomb)
    with pytest.raises(ArtifactError, match="document type"):
        read_junit(tmp_path / "junit.xml", shown_from=tmp_path)
