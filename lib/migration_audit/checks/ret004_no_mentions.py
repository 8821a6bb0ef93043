"""RET004: the ledger is not mentioned."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from migration_audit.checks.code_scopes import FindingKeys, opaque, search, word_pattern
from migration_audit.checks.phases import retired_check
from migration_audit.model.code import CodeFacts, CodeFile, CodeScope
from migration_audit.model.finding import CheckOutput, Finding, Severity
from migration_audit.model.location import Location

if TYPE_CHECKING:
    from migration_audit.project import AuditRule, Project


def run(code: CodeFacts, project: Project) -> Iterator[CheckOutput]:
    """Look for names, such as that of the runner's ledger, in identifiers, strings and templates.

    Why: after the retirement the ledger is no longer written; code that still reads it decides by stale rows. The name is
    matched as a whole word, in any case (SQL folds it), also if the text is concatenated from pieces; * and ? match any
    characters.
    Fix: remove the reference. A mention in a comment is allowed.
    Source: the rules of audit.toml, which list the names.
    """
    keys = FindingKeys("RET004")

    def found(rule: AuditRule, scope: CodeScope) -> Iterator[CheckOutput]:
        yield from opaque(scope, rule, partial(may_mention, rule=rule))
        for file in scope.files:
            for name in rule.what:
                for kind, at in mentions(file, name):
                    yield Finding(
                        key=keys.key(file.path, name),
                        summary=f"{file.path} mentions {name} in {kind}",
                        expected=f"{name} is not mentioned",
                        actual=kind,
                        where=str(at),
                    )

    yield from search("RET004", project, code, found)


def may_mention(text: str, rule: AuditRule) -> bool:
    """Whether a text that could not be read has one of the names."""
    return any(word_pattern(name).search(text) for name in rule.what)


def mentions(file: CodeFile, name: str) -> Iterator[tuple[str, Location]]:
    """Where a file has this name, one for each line: what holds it, and the place."""
    word = word_pattern(name)
    found: dict[Location, str] = {}
    for literal in file.literals:
        for match in word.finditer(literal.text):
            found.setdefault(Location(file.path, literal.line_of(match.start())), "a text")
    for each in file.names:
        if word.fullmatch(each.text):
            found.setdefault(each.at, "a name")
    for script in file.scripts:
        if any(word.search(part) for part in (script.name, *script.words)):
            found.setdefault(script.at, f"the script {script.name}")
    return ((kind, at) for at, kind in sorted(found.items()))


CHECK = retired_check("RET004", "The writer's source does not mention the runner's ledger", Severity.BLOCKER, run)
