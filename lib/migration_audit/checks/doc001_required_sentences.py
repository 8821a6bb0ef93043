"""DOC001: the documents say what is so from now on."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.documents import say_what_is_missing
from migration_audit.model.documents import DocumentRule
from migration_audit.model.drift import Severity
from migration_audit.model.finding import Check, Phase, Said


def run(document_rules: tuple[DocumentRule, ...]) -> Iterator[Said]:
    """Look for the sentences that the documents must hold.

    Why: whoever reads the wiki after the deletion must learn who runs DDL. Line breaks, emphasis, quotation marks, code
    spans, entities, links and capitals make no difference. What stands in a comment, struck out, in a block of code or in
    a task that is still open is not said; nor is a sentence that is only a part of another one.
    Fix: write the sentence as audit.toml has it, below the heading that the rule names, or change the rule.
    Source: seed, docs/wiki deliverable 1: "Replace with a single sentence", and its acceptance criteria.
    """
    yield from say_what_is_missing("DOC001", document_rules)


CHECK = Check(
    id="DOC001",
    title="The documents name the only owner of the schema",
    severity=Severity.BLOCKER,
    phases=(Phase.RETIRED,),
    run=run,
    work_list=True,
)
