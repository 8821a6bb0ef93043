"""DOC004: the documents of the first phase have a note about what changed since."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.documents import say_what_is_missing
from migration_audit.checks.phases import retired_check
from migration_audit.model.documents import DocumentRule
from migration_audit.model.finding import CheckOutput, Severity


def run(document_rules: tuple[DocumentRule, ...]) -> Iterator[CheckOutput]:
    """Look for the notes in the phase's task document and in the roadmap.

    Why: both describe the runner as it was built. Without the note, readers take it for the present state.
    Fix: add the note in the section that the rule names.
    Source: the rules of audit.toml, such as one for the note "Migration runner retired in phase 3".
    """
    yield from say_what_is_missing("DOC004", document_rules)


CHECK = retired_check(
    "DOC004", "The planning documents and the roadmap have a note about the retirement", Severity.WARNING, run
)
