"""What still exists of paths that must be absent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.code_scopes import no_rule
from migration_audit.model.code import PathFact, PathFacts
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Unavailable

if TYPE_CHECKING:
    from migration_audit.project import Project


def still_there(check: str, project: Project, paths: PathFacts) -> Iterator[CheckOutput]:
    """A finding for each file that must be absent and exists."""
    rules = project.rules_for(check)
    if not rules:
        yield no_rule(check)
    for rule in rules:
        for fact in paths[rule.at]:
            yield from _one(check, fact)
        gone = [fact.path for fact in paths[rule.at] if fact.unknown is None and fact.kind == "none"]
        if gone:
            yield Note(text=f"{some_of(gone)} {'does' if len(gone) == 1 else 'do'} not exist")


def _one(check: str, fact: PathFact) -> Iterator[CheckOutput]:
    emptied = "removed, or empty and git-ignored"
    if fact.unknown is not None:
        yield Unavailable(reason=f"{fact.path}: {fact.unknown}")
    elif fact.kind == "link":
        yield _finding(check, fact.path, "still exists (a broken link)", expected="gone", actual="a link")
    elif fact.kind not in ("none", "folder"):
        yield _finding(check, fact.path, "still exists", expected="gone", actual="a file")
    elif fact.holds:
        for path in fact.holds:
            yield _finding(check, path, "still exists", expected=f"{fact.path} is {emptied}", actual="a file")
    elif fact.kind == "folder" and fact.ignored_by is None:
        yield Finding(
            key=f"{check}:{fact.path}",
            summary=f"the folder {fact.path} is empty but not git-ignored: files put there would be committed",
            expected=emptied,
            actual="empty and not ignored",
            where=f"{fact.path}:1",
        )
    elif fact.kind == "folder":
        yield Note(text=f"{fact.path} is empty and git-ignored ({fact.ignored_by})")


def _finding(check: str, path: str, what: str, *, expected: str, actual: str) -> Finding:
    return Finding(key=f"{check}:{path}", summary=f"{path} {what}", expected=expected, actual=actual, where=f"{path}:1")
