"""DOC002: the documents no longer make outdated claims."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.documents import say_what_is_still_claimed
from migration_audit.checks.phases import retired_check
from migration_audit.model.documents import DocumentRule
from migration_audit.model.finding import CheckOutput, Severity


def run(document_rules: tuple[DocumentRule, ...]) -> Iterator[CheckOutput]:
    """Look for claims that the documents must no longer make.

    Why: a page that still names two owners sends the next reader to a runner that no longer exists. A claim counts wherever
    a reader sees it: in text, quotations, headings, tables, open tasks and blocks of code, since readers run the commands of
    a README. Comments and struck-out text do not count. A link counts by its alias and by the page that it leads to.
    Fix: rewrite the line that the finding names. If it has to remain (a history), exclude the file with except.
    Source: the rules of audit.toml, such as claims that two services share the schema.
    """
    yield from say_what_is_still_claimed("DOC002", document_rules)


CHECK = retired_check("DOC002", "No document claims that the runner still exists", Severity.BLOCKER, run)
