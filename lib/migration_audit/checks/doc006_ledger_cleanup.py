"""DOC006: only the operators' handbook has the clean-up of the unused ledger."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.code_scopes import FindingKeys, no_rule
from migration_audit.checks.documents import heading_line, lines_that_show, rules_of, unreadable
from migration_audit.checks.phases import retired_check
from migration_audit.model.documents import DocumentRule, DropRule
from migration_audit.model.enumeration import plural, some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable


def run(document_rules: tuple[DocumentRule, ...], drop_rules: tuple[DropRule, ...]) -> Iterator[CheckOutput]:
    """Check that the clean-up is documented where operators read, and that nothing else drops a ledger.

    Why: the legacy ledger remains in existing databases. Whether to drop it is an operator's decision, made once and by
    hand. A script or a migration that drops it does so everywhere, and if both runners' ledgers have the same name, it drops
    the owner's.
    Fix: put the statement into the handbook, in its text or in a block of code. Remove it from the file that the finding
    names.
    Source: the rules of audit.toml; the table may stay in existing databases.
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


def _handbook(rule: DocumentRule) -> Iterator[CheckOutput]:
    for path in rule.missing:
        if rule.if_there:
            yield Note(text=f"{path} does not exist, which its rule allows: no clean-up is documented there")
        else:
            yield Finding(
                key=f"DOC006:{path}", summary=f"{path} does not exist: it must document the clean-up", where=str(rule.at)
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


def _dropped(rule: DropRule) -> Iterator[CheckOutput]:
    for why in rule.unreadable:
        yield Unavailable(reason=why)
    if rule.missing:
        yield Unavailable(reason=f"{rule.at}: {some_of(rule.missing)} matches no file, so nothing was checked there")
    keys = FindingKeys("DOC006")
    for drop in rule.drops:
        yield Finding(
            key=keys.key(drop.at.path, drop.table),
            summary=f"{drop.at.path} drops {drop.table}: only an operator may do that, once and by hand",
            expected=f"nothing that drops {drop.table}",
            actual=drop.text,
            where=str(drop.at),
        )
    yield Note(text=f"{rule.files} {plural('file', rule.files)} searched for statements that drop {some_of(rule.tables)}")


CHECK = retired_check(
    "DOC006",
    "The handbook, if there is one, documents the ledger's clean-up; nothing else drops the ledger",
    Severity.WARNING,
    run,
)
