"""What the rules about documents find, for the checks that share their verbs."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.code_scopes import no_rule
from migration_audit.checks.statements import (
    SAID,
    has_heading,
    heading_line,
    lines_that_say,
    lines_that_show,
    only_beginning,
)
from migration_audit.model.documents import Document, DocumentRule, PassageKind, Sought
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Unavailable

_CODE_ONLY = frozenset({PassageKind.CODE})


def rules_of(check: str, rules: tuple[DocumentRule, ...]) -> tuple[DocumentRule, ...]:
    """The rules of audit.toml that speak for this check."""
    return tuple(rule for rule in rules if rule.check == check)


def say_what_is_missing(check: str, rules: tuple[DocumentRule, ...]) -> Iterator[CheckOutput]:
    """A finding for each sentence that a document does not say, and for each document that is not there."""
    mine = rules_of(check, rules)
    if not mine:
        yield no_rule(check)
        return
    for rule in mine:
        yield from unreadable(rule)
        yield from _missing_documents(check, rule)
        for document in rule.documents:
            for sought in rule.sought:
                if not lines_that_say(document, sought, section=rule.section):
                    yield _unsaid(check, rule, document, sought)
    documents = {document.path for rule in mine for document in rule.documents}
    if documents:
        yield Note(text=f"looked at {some_of(sorted(documents))}")


def say_what_is_still_claimed(check: str, rules: tuple[DocumentRule, ...]) -> Iterator[CheckOutput]:
    """A finding for each line with a claim that must be gone; a document that is not there cannot be judged."""
    mine = rules_of(check, rules)
    if not mine:
        yield no_rule(check)
        return
    for rule in mine:
        yield from unreadable(rule)
        if rule.missing and not rule.if_there:
            yield Unavailable(
                reason=f"{rule.at}: {some_of(rule.missing)} matches no file, so its claims "
                "were not checked: correct the path, or set if_there = true"
            )
        for document in rule.documents:
            for sought in rule.sought:
                lines = lines_that_show(document, sought, section=rule.section)
                yield from (_claimed(check, document, sought, line, n) for n, line in enumerate(lines, start=1))
    documents = {document.path for rule in mine for document in rule.documents}
    yield Note(text=f"looked at {len(documents)} {'document' if len(documents) == 1 else 'documents'}")


def unreadable(rule: DocumentRule) -> Iterator[Unavailable]:
    """What could not be read is not fine."""
    for why in rule.unreadable:
        yield Unavailable(reason=why)


def _missing_documents(check: str, rule: DocumentRule) -> Iterator[CheckOutput]:
    for path in rule.missing:
        if rule.if_there:
            yield Note(text=f"{path} does not exist")
        else:
            yield Finding(
                key=f"{check}:{path}",
                summary=f"{path} does not exist: it must contain {_quoted(rule.sought)}",
                expected=rule.sought[0].text,
                where=str(rule.at),
            )


def _unsaid(check: str, rule: DocumentRule, document: Document, sought: Sought) -> Finding:
    section = rule.section
    if section and not has_heading(document, section):
        hint = f": it lacks the section “{section.text}”"
    else:
        below = f" below “{section.text}”" if section else ""
        hint = below + _hint(document, sought, section)
    return Finding(
        key=f"{check}:{document.path}:{sought.key}",
        summary=f"{document.path} does not contain “{sought.text}”{hint}",
        expected=sought.text,
        where=str(document.at(heading_line(document, section))),
    )


def _hint(document: Document, sought: Sought, section: Sought | None) -> str:
    """What stands there in place of it."""
    for lines, how in (
        (lines_that_show(document, sought, section=section, kinds=SAID), "within a longer sentence"),
        (lines_that_show(document, sought, section=section, kinds=_CODE_ONLY), "in a block of code"),
        (lines_that_show(document, sought, section=section), "as a task that is still open"),
    ):
        if lines:
            return f": line {lines[0]} has it only {how}"
    if section and (elsewhere := lines_that_say(document, sought, section=None)):
        return f": it is in another section (line {elsewhere[0]})"
    beginning = only_beginning(document, sought, section=section)
    return f": only its beginning “{beginning}” was found" if beginning else ""


def _claimed(check: str, document: Document, sought: Sought, line: int, number: int) -> Finding:
    # Counted, not by line: a waiver outlives an edit elsewhere in the document.
    counted = f":{number}" if number > 1 else ""
    return Finding(
        key=f"{check}:{document.path}:{sought.key}{counted}",
        summary=f"{document.path} still says “{sought.text}”",
        expected=f"nothing about “{sought.text}”",
        actual=document.excerpt(line),
        where=str(document.at(line)),
    )


def _quoted(sought: tuple[Sought, ...]) -> str:
    return " and ".join(f"“{one.text}”" for one in sought)
