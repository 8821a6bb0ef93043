"""Acceptance commands, read from the report that CI made of this commit.

JUnit XML has no standard; what vitest, jest-junit, pytest, Surefire and gotestsum write is read, see
https://github.com/testmoapp/junitxml for what they have in common.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
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

COMMIT_PROPERTIES: Final = ("commit", "git.commit", "git_commit", "git.sha", "git_sha", "revision", "vcs.revision")
"""Names of a ``<property>`` that holds the commit, in any case."""
_TODO: Final = "name the report that the test runner wrote"


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
    failed = [_case(case) for case in cases if _has(case, "failure", "error")]
    suites = [element for element in root.iter() if _name(element) == "testsuite"]
    for suite in suites:
        broken = _has(suite, "error", "failure") or _count(suite, "failures") + _count(suite, "errors") > _broken_within(
            suite
        )
        if broken:
            failed.append(suite.get("name") or "a suite without a name")
    if not suites and _count(root, "failures") + _count(root, "errors") > len(failed):
        failed.append("a test that the report does not name")
    properties = [
        (element.get("name", "").lower(), element.get("value") or (element.text or ""))
        for suite in (root, *suites)
        for group in suite
        if _name(group) == "properties"
        for element in group
    ]
    return JUnitReport(
        tests=len(cases) or _count(root, "tests"),
        failed=tuple(failed),
        skipped=sum(_has(case, "skipped") for case in cases),
        commits=tuple(sorted({value.strip().lower() for name, value in properties if name in COMMIT_PROPERTIES})),
    )


def _broken_within(suite: Element) -> int:
    """Failing cases of this suite and of those in it; a report may count either way."""
    return sum(_has(case, "failure", "error") for case in suite.iter() if _name(case) == "testcase")


def _case(case: Element) -> str:
    return " ".join(filter(None, (case.get("classname"), case.get("name")))) or "a test without a name"


def _has(element: Element, *names: str) -> bool:
    return any(_name(child) in names for child in element)


def _count(element: Element, attribute: str) -> int:
    value = element.get(attribute, "0")
    return int(value) if value.isdigit() else 0


def _name(element: Element) -> str:
    """Without a namespace: some runners write one."""
    return str(element.tag).rpartition("}")[2]


_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")
_ASK: Final = "run `migration-audit run --commands`, or use CI's report for this commit"


def read_command(rule: AuditRule, root: Path) -> CommandResult:
    """What the JUnit XML of ``rule`` says, if it is about the commit that is here; otherwise why it is not known."""
    if rule.junit is None:
        return command_result(rule, CommandState.UNKNOWN, "was not run, and its rule names no JUnit report", todo=_ASK)
    if not (root / rule.junit).is_file():
        return command_result(rule, CommandState.UNKNOWN, f"the report {rule.junit} does not exist", todo=_ASK)
    try:
        report = read_junit(root / rule.junit, shown_from=root)
    except ArtifactError as error:
        return command_result(rule, CommandState.UNKNOWN, str(error))
    stale = _why_no_commit(rule.junit, _named_commits(root / rule.junit, report)) or _why_stale(rule, root, report)
    if stale:
        return command_result(rule, CommandState.UNKNOWN, stale, todo=_ASK)
    return _result(rule, rule.junit, report)


def _result(rule: AuditRule, junit: str, report: JUnitReport) -> CommandResult:
    where = f"{junit}:1"
    if report.failed:
        names = [*report.failed[:10], *(["…"] if len(report.failed) > 10 else [])]
        summary = f"failed on this commit: {len(report.failed)} of {report.tests} tests"
        return command_result(rule, CommandState.FAILED, summary, detail="\n".join(names), where=where)
    skipped = f", {report.skipped} skipped" if report.skipped else ""
    if report.tests <= report.skipped:
        return command_result(rule, CommandState.FAILED, f"ran no test on this commit{skipped}", where=where)
    return command_result(rule, CommandState.SUCCEEDED, f"{report.tests} tests passed{skipped}, according to {junit}")


def _named_commits(path: Path, report: JUnitReport) -> frozenset[str]:
    beside = _beside(path)
    if not beside.is_file() or boundary_of(beside.parent).target_outside(beside):
        return frozenset(report.commits)
    written = [beside.read_text("utf-8", "replace").strip().lower()]
    return frozenset({*report.commits, *written})


def _beside(path: Path) -> Path:
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
    changed = changed_files(folder, besides=(path, _beside(path)))
    if changed is None:
        return "git cannot determine whether anything changed since the report"
    if changed:
        return f"{some_of(changed, most=1)} was changed since the commit of {rule.junit}"
    return None


def command_result(
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
