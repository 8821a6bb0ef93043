"""Acceptance commands: run here on request, or read from the report that CI wrote for this commit.

JUnit XML has no standard; what vitest, jest-junit, pytest, Surefire and gotestsum write is read, see
https://github.com/testmoapp/junitxml for what they have in common.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree

from migration_audit.artifacts.git.repository import changed_files, read_tree
from migration_audit.artifacts.text import check_artifact_inside
from migration_audit.model.documents import CommandResult, CommandState
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import ArtifactError
from migration_audit.project import AuditRule
from migration_audit.project.boundary import boundary_of
from migration_audit.project.locate import shown_path

_SHELL: Final = re.compile(r"[|&;<>()$`*?~\n]|\A\s*\w+=")
"""What only a shell understands."""
_CREDENTIALS: Final = re.compile(r"(://[^\s/@:]*:)[^\s@]*@")
_ESCAPES: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TAIL_BYTES: Final = 64_000
_TAIL_LINES: Final = 30
_TAIL_CHARACTERS: Final = 4_000
_NOT_FOUND: Final = 127
"""The exit code of a shell that did not find the program."""
_INSTALL: Final = "install it, or name CI's report with junit"
_GRACE: Final = 5
"""Seconds between asking a command to end and ending it."""
_COMMIT_PROPERTIES: Final = ("commit", "git.commit", "git_commit", "git.sha", "git_sha", "revision", "vcs.revision")
"""Names of a ``<property>`` that holds the commit, in any case."""
_TODO: Final = "name the report that the test runner wrote"
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")
_ASK: Final = "run `migration-audit run --commands`, or use CI's report for this commit"


def run_acceptance_command(rule: AuditRule, root: Path, *, environ: Mapping[str, str]) -> CommandResult:
    """Run the command of ``rule`` in its directory, at most its time limit; what it wrote last is the detail.

    A shell is only used where the command needs one. The command and what it started are ended when the time is over.
    ``CI`` is set, so that no test runner waits for changes.
    """
    (command,), directory = rule.what, root / (rule.directory or ".")
    if not directory.is_dir():
        return _unknown(rule, f"the directory {rule.directory} does not exist: correct it in audit.toml")
    words = ["/bin/sh", "-c", command] if _SHELL.search(command) else shlex.split(command)
    with tempfile.TemporaryFile() as output:
        try:
            code = _wait(words, directory, {"CI": "true", **environ}, output, rule.time_limit)
        except FileNotFoundError:
            return _unknown(rule, f"{words[0]} is not installed here: {_INSTALL}")
        except OSError as error:
            return _unknown(rule, f"cannot be started: {error.strerror or error}")
        tail = _tail(output)
    if code == _NOT_FOUND and words[0] == "/bin/sh":
        return _unknown(rule, f"the shell did not find one of its programs ({tail}): {_INSTALL}")
    return _ended(rule, code, tail)


def _ended(rule: AuditRule, code: int | None, tail: str) -> CommandResult:
    if code == 0:
        return _command_result(rule, CommandState.SUCCEEDED, "run now, exit code 0")
    if code is None:
        how = f"did not end within {rule.time_limit} seconds"
    else:
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return _command_result(rule, CommandState.FAILED, how, detail=tail)


def _unknown(rule: AuditRule, why: str) -> CommandResult:
    return _command_result(rule, CommandState.UNKNOWN, why)


def _wait(words: list[str], directory: Path, environ: Mapping[str, str], output: IO[bytes], limit: int) -> int | None:
    """The exit code; None when the time was over."""
    process = subprocess.Popen(
        words,
        cwd=directory,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        return process.wait(timeout=limit)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command if it still runs, and whatever it left behind: it is the leader of a group of its own."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
        except (ProcessLookupError, PermissionError):
            break
        try:
            process.wait(timeout=_GRACE)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _tail(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _TAIL_BYTES))
    text = _ESCAPES.sub("", output.read().decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n"))
    lines = [line.rstrip() for line in _CREDENTIALS.sub(r"\1***@", text).strip().splitlines()]
    return "\n".join(lines[-_TAIL_LINES:])[-_TAIL_CHARACTERS:]


@dataclass(frozen=True, slots=True, kw_only=True)
class JUnitReport:
    """One report."""

    tests: int
    failed: tuple[str, ...]
    """Names of the tests that failed or broke, ``class name``; of a suite that broke as a whole, the suite's."""
    skipped: int
    commits: tuple[str, ...]
    """What its properties say; more than one when they disagree."""


def read_junit(path: Path, *, shown_from: Path) -> JUnitReport:
    """The report at ``path``. Raises ArtifactError when it is not there, is not XML, is not JUnit XML, or has a DTD."""
    shown = shown_path(path, shown_from)
    check_artifact_inside(path, shown_from)
    try:
        root = ElementTree.fromstring(path.read_bytes(), forbid_dtd=True)
    except OSError as error:
        raise ArtifactError(f"cannot be read: {error.strerror or error}", where=shown, todo=_TODO) from error
    except ParseError as error:
        raise ArtifactError(f"is not well-formed XML: {error}", where=f"{shown}:{error.position[0]}", todo=_TODO) from error
    except DefusedXmlException as error:
        raise ArtifactError("has a document type or entities, which are not read", where=shown, todo=_TODO) from error
    if _name(root) not in {"testsuites", "testsuite"}:
        raise ArtifactError(f"is XML, but not JUnit: its root is <{_name(root)}>", where=f"{shown}:1", todo=_TODO)
    return _report(root)


def _report(root: Element) -> JUnitReport:
    cases = [element for element in root.iter() if _name(element) == "testcase"]
    broken = [case for case in cases if _has(case, "failure", "error")]
    failed = [" ".join(filter(None, (c.get("classname"), c.get("name")))) or "a test without a name" for c in broken]
    suites = [element for element in root.iter() if _name(element) == "testsuite"]
    failed += [suite.get("name") or "a suite without a name" for suite in suites if _is_broken(suite)]
    if not suites and _counted(root) > len(failed):
        failed.append("a test that the report does not name")
    return JUnitReport(
        tests=len(cases) or _count(root, "tests"),
        failed=tuple(failed),
        skipped=sum(_has(case, "skipped") for case in cases),
        commits=tuple(sorted({value for name, value in _properties(root, *suites) if name in _COMMIT_PROPERTIES})),
    )


def _is_broken(suite: Element) -> bool:
    """Whether more failed than its cases, and those of the suites in it, show; a report may count either way."""
    shown = sum(_has(case, "failure", "error") for case in suite.iter() if _name(case) == "testcase")
    return _has(suite, "error", "failure") or _counted(suite) > shown


def _counted(suite: Element) -> int:
    return _count(suite, "failures") + _count(suite, "errors")


def _properties(*suites: Element) -> Iterator[tuple[str, str]]:
    for suite in suites:
        for group in suite:
            for element in group if _name(group) == "properties" else ():
                yield element.get("name", "").lower(), (element.get("value") or element.text or "").strip().lower()


def _has(element: Element, *names: str) -> bool:
    return any(_name(child) in names for child in element)


def _count(element: Element, attribute: str) -> int:
    value = element.get(attribute, "0")
    return int(value) if value.isdigit() else 0


def _name(element: Element) -> str:
    """Without a namespace: some runners write one."""
    return str(element.tag).rpartition("}")[2]


def read_command(rule: AuditRule, root: Path) -> CommandResult:
    """What the JUnit XML of ``rule`` says, if it is about the commit that is here; otherwise why it is not known."""
    if rule.junit is None:
        return _command_result(rule, CommandState.UNKNOWN, "was not run, and its rule names no JUnit report", todo=_ASK)
    if not (root / rule.junit).is_file():
        return _command_result(rule, CommandState.UNKNOWN, f"the report {rule.junit} does not exist", todo=_ASK)
    try:
        report = read_junit(root / rule.junit, shown_from=root)
    except ArtifactError as error:
        return _command_result(rule, CommandState.UNKNOWN, str(error))
    stale = _why_no_commit(rule.junit, _named_commits(root / rule.junit, report)) or _why_stale(rule, root, report)
    if stale:
        return _command_result(rule, CommandState.UNKNOWN, stale, todo=_ASK)
    return _result(rule, rule.junit, report)


def _result(rule: AuditRule, junit: str, report: JUnitReport) -> CommandResult:
    where = f"{junit}:1"
    if report.failed:
        names = [*report.failed[:10], *(["…"] if len(report.failed) > 10 else [])]
        summary = f"failed on this commit: {len(report.failed)} of {report.tests} tests"
        return _command_result(rule, CommandState.FAILED, summary, detail="\n".join(names), where=where)
    skipped = f", {report.skipped} skipped" if report.skipped else ""
    if report.tests <= report.skipped:
        return _command_result(rule, CommandState.FAILED, f"ran no test on this commit{skipped}", where=where)
    return _command_result(rule, CommandState.SUCCEEDED, f"{report.tests} tests passed{skipped}, according to {junit}")


def _named_commits(path: Path, report: JUnitReport) -> frozenset[str]:
    file = _commit_file(path)
    if not file.is_file() or boundary_of(file.parent).target_outside(file):
        return frozenset(report.commits)
    written = [file.read_text("utf-8", "replace").strip().lower()]
    return frozenset({*report.commits, *written})


def _commit_file(path: Path) -> Path:
    """Where CI writes the commit when the test runner cannot."""
    return path.with_name(f"{path.name}.commit")


def _why_no_commit(junit: str, named: frozenset[str]) -> str | None:
    if not named:
        how = f"have CI write the property commit into it, or `git rev-parse HEAD > {junit}.commit` next to it"
        return f"{junit} does not name its commit: {how}"
    if len(named) > 1:
        return f"{junit} names {len(named)} commits"
    return None if _COMMIT.fullmatch(min(named)) else f"{junit} names something that is not a commit"


def _why_stale(rule: AuditRule, root: Path, report: JUnitReport) -> str | None:
    path, folder = root / str(rule.junit), root / (rule.directory or ".")
    commit = min(_named_commits(path, report))
    head = read_tree(folder).commit if folder.is_dir() else None
    if head is None:
        return "git cannot determine the commit that is checked out"
    if not head.startswith(commit):
        return f"{rule.junit} is about commit {commit[:12]}, but {head[:12]} is checked out"
    changed = changed_files(folder, besides=(path, _commit_file(path)))
    if changed is None:
        return "git cannot determine whether anything changed since the report"
    if changed:
        return f"{some_of(changed, most=1)} was changed since the commit of {rule.junit}"
    return None


def _command_result(
    rule: AuditRule,
    state: CommandState,
    summary: str,
    *,
    detail: str | None = None,
    where: str | None = None,
    todo: str = "",
) -> CommandResult:
    """A result of the command that ``rule`` names."""
    return CommandResult(
        command=rule.what[0],
        directory=rule.directory or ".",
        at=rule.at,
        state=state,
        summary=summary,
        detail=detail or None,
        where=where,
        todo=todo,
    )
