"""Acceptance commands, read from the report that CI made of this commit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from migration_audit.artifacts.documents.junit_xml import JUnitReport, read_junit
from migration_audit.artifacts.git.repository import changed_files, read_tree
from migration_audit.model.documents import CommandResult, CommandState
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import ArtifactError
from migration_audit.project import Rule
from migration_audit.project.boundary import boundary_of

_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")
_ASK: Final = "run `migration-audit run --commands`, or take the report of this commit from CI"


def read_command(rule: Rule, root: Path) -> CommandResult:
    """What the JUnit XML of ``rule`` says, if it is about the commit that stands here; otherwise why it is not known."""
    if rule.junit is None:
        return command_result(rule, CommandState.UNKNOWN, "was not run, and names no junit report", todo=_ASK)
    if not (root / rule.junit).is_file():
        return command_result(rule, CommandState.UNKNOWN, f"there is no report {rule.junit}", todo=_ASK)
    try:
        report = read_junit(root / rule.junit, shown_from=root)
    except ArtifactError as error:
        return command_result(rule, CommandState.UNKNOWN, str(error))
    stale = _why_no_commit(rule.junit, _named_commits(root / rule.junit, report)) or _why_stale(rule, root, report)
    if stale:
        return command_result(rule, CommandState.UNKNOWN, stale, todo=_ASK)
    return _told(rule, rule.junit, report)


def _told(rule: Rule, junit: str, report: JUnitReport) -> CommandResult:
    where = f"{junit}:1"
    if report.failed:
        names = [*report.failed[:10], *(["…"] if len(report.failed) > 10 else [])]
        summary = f"failed on this commit: {len(report.failed)} of {report.tests} tests"
        return command_result(rule, CommandState.FAILED, summary, detail="\n".join(names), where=where)
    skipped = f", {report.skipped} skipped" if report.skipped else ""
    if report.tests <= report.skipped:
        return command_result(rule, CommandState.FAILED, f"ran no test on this commit{skipped}", where=where)
    return command_result(rule, CommandState.SUCCEEDED, f"{report.tests} tests, none failed{skipped}, says {junit}")


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
        how = f"let CI write the property commit into it, or `git rev-parse HEAD > {junit}.commit` beside it"
        return f"{junit} does not say which commit it is about: {how}"
    if len(named) > 1:
        return f"{junit} names {len(named)} commits"
    return None if _COMMIT.fullmatch(min(named)) else f"{junit} names a commit that is none"


def _why_stale(rule: Rule, root: Path, report: JUnitReport) -> str | None:
    path, folder = root / str(rule.junit), root / (rule.directory or ".")
    commit = min(_named_commits(path, report))
    head = read_tree(folder).commit if folder.is_dir() else None
    if head is None:
        return "git does not say which commit stands here"
    if not head.startswith(commit):
        return f"{rule.junit} is about commit {commit[:12]}, and {head[:12]} stands here"
    changed = changed_files(folder, besides=(path, _beside(path)))
    if changed is None:
        return "git does not say whether anything was changed since the report"
    if changed:
        return f"{some_of(changed, most=1)} was changed since the commit of {rule.junit}"
    return None


def command_result(
    rule: Rule, state: CommandState, summary: str, *, detail: str | None = None, where: str | None = None, todo: str = ""
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
