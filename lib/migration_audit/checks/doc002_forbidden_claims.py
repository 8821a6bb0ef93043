"""DOC002: the documents no longer say what is no longer so."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.documents import say_what_is_still_claimed
from migration_audit.model.documents import DocumentRule
from migration_audit.model.drift import Severity
from migration_audit.model.finding import Check, Phase, Said


def run(document_rules: tuple[DocumentRule, ...]) -> Iterator[Said]:
    """Look for claims that must be gone from the documents.

    Why: a page that still names two owners sends the next reader to a runner that is not there. A claim counts wherever a
    reader sees it: in text, quotations, headings, tables, open tasks and blocks of code, since a command in a README is
    followed. Comments and struck-out text do not count. A link counts by its alias and by the page it leads to.
    Fix: rewrite the line that the finding names. Where it has to stay (a history), leave the file out with except.
    Source: seed, docs/wiki deliverables 1 to 3 ("drop the caveat", "remove any split schema authority framing"), and deploy
    deliverable 2 ("doesn't mention the processor's migration runner anywhere").
    """
    yield from say_what_is_still_claimed("DOC002", document_rules)


CHECK = Check(
    id="DOC002",
    title="No document claims that the runner is still there",
    severity=Severity.BLOCKER,
    phases=(Phase.RETIRED,),
    run=run,
    work_list=True,
)
