"""RET009: files that must stay exist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.code_scopes import no_rule
from migration_audit.checks.phases import retired_check
from migration_audit.model.code import PathFact, PathFacts
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable

if TYPE_CHECKING:
    from migration_audit.project import AuditRule, Project


def run(paths: PathFacts, project: Project) -> Iterator[CheckOutput]:
    """Check that the files that the retirement must not change exist, and are unchanged where their rule asks for it.

    Why: the runner shares a folder with code that remains in use. A deletion that also removes that code, or cleans it up,
    is a different change from the one that was reviewed.
    Fix: restore the file. Put an intended change into a separate commit, before or after.
    Source: the rules of audit.toml, which name the files.
    """
    rules = project.rules_for("RET009")
    if not rules:
        yield no_rule("RET009")
    for rule in rules:
        for fact in paths[rule.at]:
            yield from _one(fact)
        present = [fact.path for fact in paths[rule.at] if fact.kind == "file" and fact.unknown is None and not fact.changed]
        if present:
            yield Note(text=f"{some_of(present)} {_what_was_compared(rule, len(present))}")


def _what_was_compared(rule: AuditRule, number: int) -> str:
    is_one = number == 1
    if rule.sha256 is not None:
        return "has the SHA-256 of its rule"
    if rule.unchanged_since is not None:
        return f"{'is' if is_one else 'are'} unchanged since {rule.unchanged_since}"
    return f"{'exists' if is_one else 'exist'}; contents were not compared: the rule has no unchanged_since and no sha256"


def _one(fact: PathFact) -> Iterator[CheckOutput]:
    if fact.kind != "file":
        what = "does not exist" if fact.kind == "none" else "is not a file"
        yield Finding(
            key=f"RET009:{fact.path}",
            summary=f"{fact.path} must stay, but it {what}",
            expected="there",
            actual=what,
            where=f"{fact.path}:1",
        )
    elif fact.unknown is not None:
        yield Unavailable(reason=f"{fact.path}: {fact.unknown}")
    elif fact.changed is not None:
        yield Finding(
            key=f"RET009:{fact.path}:changed",
            summary=f"{fact.path} must stay unchanged, but {fact.changed}",
            expected="unchanged",
            actual=fact.changed,
            where=f"{fact.path}:1",
        )


CHECK = retired_check(
    "RET009", "Files that must stay exist, and are unchanged where a rule asks for it", Severity.BLOCKER, run
)
