"""DOC001: the documents describe the state after the deletion."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.documents import say_what_is_missing
from migration_audit.checks.phases import retired_check
from migration_audit.model.documents import DocumentRule
from migration_audit.model.finding import CheckOutput, Severity


def run(document_rules: tuple[DocumentRule, ...]) -> Iterator[CheckOutput]:
    """Look for the sentences that the documents must contain.

    Why: readers of the documents must learn who runs DDL after the deletion. Line breaks, emphasis, quotation marks, code
    spans, entities, links and letter case make no difference. Text in a comment, struck-out text, a block of code or an open
    task does not count, and neither does a part of a longer sentence.
    Fix: write the sentence as audit.toml has it, below the heading that the rule names, or change the rule.
    Source: the rules of audit.toml, such as one sentence in a wiki in the place of a caveat.
    """
    yield from say_what_is_missing("DOC001", document_rules)


CHECK = retired_check("DOC001", "The documents name the only owner of the schema", Severity.BLOCKER, run)
