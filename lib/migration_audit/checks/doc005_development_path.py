"""DOC005: the writer's README says how to develop without the owner."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.documents import say_what_is_missing
from migration_audit.model.documents import DocumentRule
from migration_audit.model.drift import Severity
from migration_audit.model.finding import Check, Phase, Said


def run(document_rules: tuple[DocumentRule, ...]) -> Iterator[Said]:
    """Look for the path for development without the owner in the writer's README.

    Why: the runner also made the schema of each developer's local database. Without it the writer finds no table until the
    developer has loaded the owner's SQL, and has to know how.
    Fix: document the chosen path: the owner's files by hand, or a bootstrap script from the test fixtures.
    Source: seed, Dev workflow: "Document the chosen path in processor/README.md".
    """
    yield from say_what_is_missing("DOC005", document_rules)


CHECK = Check(
    id="DOC005",
    title="The writer's README documents development without the owner",
    severity=Severity.WARNING,
    phases=(Phase.RETIRED,),
    run=run,
    work_list=True,
)
