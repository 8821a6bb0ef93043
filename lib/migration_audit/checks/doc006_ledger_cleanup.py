"""DOC006: only the operators' handbook has the clean-up of the orphaned ledger."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.documents import no_rule, rules_of, unreadable
from migration_audit.checks.statements import heading_line, lines_that_show
from migration_audit.model.documents import DocumentRule, DropRule
from migration_audit.model.drift import Severity
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import Check, Finding, Phase, Said, Told, Unavailable


def run(document_rules: tuple[DocumentRule, ...], drop_rules: tuple[DropRule, ...]) -> Iterator[Said]:
    """Look whether the clean-up is documented where operators read, and whether anything else drops a ledger.

    Why: the legacy ledger stays in existing databases; dropping it is a decision of an operator, once, by hand. A script or
    a migration that drops it does so everywhere, and both runners' ledgers may have one name: the owner's would go.
    Fix: write the statement into the handbook, in its text or in a block of code; remove it from the file that is named.
    Source: seed, What goes: "Don't drop it from existing databases", and Risks: "Document a one-off cleanup query".
    """
    documents = rules_of("DOC006", document_rules)
    drops = tuple(rule for rule in drop_rules if rule.check == "DOC006")
    if not documents and not drops:
        yield no_rule("DOC006")
    for rule in documents:
        yield from unreadable(rule)
        yield from _handbook(rule)
    for dropping in drops:
        yield from _dropped(dropping)


def _handbook(rule: DocumentRule) -> Iterator[Said]:
    for path in rule.missing:
        if rule.if_there:
            yield Told(text=f"there is no {path} yet")
        else:
            yield Finding(
                key=f"DOC006:{path}", summary=f"{path} is not there: the clean-up belongs in it", where=str(rule.at)
            )
    for document in rule.documents:
        for sought in rule.sought:
            # The one statement that a block of code does say: it is SQL to be copied.
            if not lines_that_show(document, sought, section=rule.section):
                yield Finding(
                    key=f"DOC006:{document.path}:{sought.key}",
                    summary=f"{document.path} does not document the clean-up “{sought.text}”",
                    expected=sought.text,
                    where=str(document.at(heading_line(document, rule.section))),
                )


def _dropped(rule: DropRule) -> Iterator[Said]:
    for why in rule.unreadable:
        yield Unavailable(reason=why)
    if rule.missing:
        yield Unavailable(reason=f"{rule.at}: {some_of(rule.missing)} names no file, so nothing was looked at there")
    seen: dict[tuple[str, str], int] = {}
    for drop in rule.drops:
        number = seen[drop.at.path, drop.table] = seen.get((drop.at.path, drop.table), 0) + 1
        yield Finding(
            key=f"DOC006:{drop.at.path}:{drop.table}" + (f":{number}" if number > 1 else ""),
            summary=f"{drop.at.path} drops {drop.table}: only an operator does that, once and by hand",
            expected=f"nothing that drops {drop.table}",
            actual=drop.text,
            where=str(drop.at),
        )
    yield Told(text=f"{rule.files} {'file' if rule.files == 1 else 'files'} searched for what drops {some_of(rule.tables)}")


CHECK = Check(
    id="DOC006",
    title="The clean-up of the ledger is documented, and nothing else does it",
    severity=Severity.WARNING,
    phases=(Phase.RETIRED,),
    run=run,
    work_list=True,
)
