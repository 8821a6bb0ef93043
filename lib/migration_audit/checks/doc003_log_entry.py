"""DOC003: the log has an entry about the retirement."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migration_audit.checks.code_scopes import no_rule
from migration_audit.checks.documents import SHOWN_KINDS, rules_of, unreadable
from migration_audit.checks.phases import retired_check
from migration_audit.model.documents import Document, DocumentRule, Sought
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity

_KIND = re.compile(
    r"""
    (?: [\s\[\](){}*|:·•,;./-]                                                  # what people set a date apart with
      | \d{4}-\d{1,2}-\d{1,2} (?: [t\s]+\d{1,2}:\d{2}(?::\d{2})? (?:z|[+-]\d{2}:?\d{2}|\ utc)? )?
      | \d{1,2}[./]\d{1,2}[./]\d{4}
    )*
    (?P<kind>\w+(?:-\w+)*)
    """,
    re.VERBOSE,
)


def entries_of_kind(document: Document, kind: str) -> list[int]:
    """Positions of the passages that begin an entry of this kind (folded)."""
    return [
        number
        for number, passage in enumerate(document.passages)
        if passage.kind in SHOWN_KINDS and (match := _KIND.match(passage.shown.text)) and match["kind"] == kind
    ]


def lacking(document: Document, entry: int, about: tuple[Sought, ...]) -> tuple[Sought, ...]:
    """Those words that the entry, its head and all that belongs to it, does not say."""
    passages = document.passages[entry : document.passages[entry].until]
    read = [p for p in passages if p.kind in SHOWN_KINDS]
    texts = [" ".join(p.shown.text for p in read), " ".join(p.linked.text for p in read)]
    patterns = {one: re.compile(rf"(?<!\w){re.escape(one.words)}") for one in about}
    return tuple(one for one in about if not any(map(patterns[one].search, texts)))


def run(document_rules: tuple[DocumentRule, ...]) -> Iterator[CheckOutput]:
    """Look for the log's entry about the retirement, by its kind and its words.

    Why: readers look up in the log when and why the schema got a single owner. An entry is a heading with the text below it,
    an item of a list, a row of a table or a paragraph; its kind is the first word next to the date: ``## [2026-05-02] note |
    …``, ``- 2026-05-02 note: …``, ``| 2026-05-02 | note | … |``. Each word of the rule's ``about`` is matched at the
    beginning of words, so "retire" matches "retired" and "retirement".
    Fix: append the entry.
    Source: the rules of audit.toml, such as one for a note in the project's log.
    """
    mine = rules_of("DOC003", document_rules)
    if not mine:
        yield no_rule("DOC003")
    for rule in mine:
        yield from unreadable(rule)
        for path in rule.missing:
            yield Finding(
                key=f"DOC003:{path}", summary=f"{path} does not exist: it must contain {_wanted(rule)}", where=str(rule.at)
            )
        yield from (_search(rule, document) for document in rule.documents)


def _search(rule: DocumentRule, document: Document) -> CheckOutput:
    (kind,) = rule.sought
    entries = entries_of_kind(document, kind.words)
    found = next((entry for entry in entries if not lacking(document, entry, rule.about)), None)
    if found is not None:
        return Note(text=f"{document.at(document.passages[found].line)}")
    closest = min(entries, key=lambda entry: len(lacking(document, entry, rule.about)), default=None)
    last = max((passage.line for passage in document.passages), default=1)
    hint, line = "", last
    if closest is not None and len(lacking(document, closest, rule.about)) < len(rule.about):
        line = document.passages[closest].line
        words = " and ".join(f"“{one.text}”" for one in lacking(document, closest, rule.about))
        hint = f": the {kind.text} entry on line {line} lacks {words}"
    elif not entries:
        hint = f": it has no {kind.text} entry"
    return Finding(
        key=f"DOC003:{document.path}:{kind.key}",
        summary=f"{document.path} has no {_wanted(rule)}{hint}",
        expected=f"## [date] {kind.text} | {', '.join(one.text for one in rule.about)}",
        where=str(document.at(line)),
    )


def _wanted(rule: DocumentRule) -> str:
    words = " and ".join(f"“{one.text}”" for one in rule.about)
    return f"{rule.sought[0].text} entry about {words}"


CHECK = retired_check("DOC003", "The log has an entry about the retirement", Severity.BLOCKER, run)
