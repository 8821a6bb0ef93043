"""DOC004: the documents of the first phase tell what changed since."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.documents import say_what_is_missing
from migration_audit.model.documents import DocumentRule
from migration_audit.model.finding import Check, CheckOutput, Phase, Severity


def run(document_rules: tuple[DocumentRule, ...]) -> Iterator[CheckOutput]:
    """Look for the notes in the phase's task document and in the roadmap.

    Why: both describe the runner as it was built. Without the note, readers take it for the present state.
    Fix: add the note in the section that the rule names.
    Source: the rules of audit.toml; an example of such a note is "Migration runner retired in Phase 3 task 3.5".
    """
    yield from say_what_is_missing("DOC004", document_rules)


CHECK = Check(
    id="DOC004",
    title="The planning documents and the roadmap have a note about the retirement",
    severity=Severity.WARNING,
    phases=(Phase.RETIRED,),
    run=run,
    work_list=True,
)
