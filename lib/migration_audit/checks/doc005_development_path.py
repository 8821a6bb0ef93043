"""DOC005: the writer's README says how to develop without the owner."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.documents import say_what_is_missing
from migration_audit.checks.phases import retired_check
from migration_audit.model.documents import DocumentRule
from migration_audit.model.finding import CheckOutput, Severity


def run(document_rules: tuple[DocumentRule, ...]) -> Iterator[CheckOutput]:
    """Check that the writer's README describes development without the owner.

    Why: the runner also created the schema of each developer's local database. Without it the writer finds no table until
    the developer has loaded the owner's SQL, and the README must explain how.
    Fix: document the chosen way: the owner's files by hand, or a bootstrap script from the test fixtures.
    Source: the rules of audit.toml.
    """
    yield from say_what_is_missing("DOC005", document_rules)


CHECK = retired_check("DOC005", "The writer's README documents development without the owner", Severity.WARNING, run)
