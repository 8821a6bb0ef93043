"""What the rules about documents find: whether a document says something, in which section and on which line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from migration_audit.checks.code_scopes import no_rule
from migration_audit.model.documents import Document, DocumentRule, Passage, PassageKind, Sought
from migration_audit.model.enumeration import plural, some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Unavailable

SHOWN_KINDS = frozenset({PassageKind.TEXT, PassageKind.HEADING})
"""What a document says; an open task, a block of code, an image's text and hidden text only show something."""
SHOWN = frozenset(PassageKind)
"""All that a reader sees: where a claim must not be."""

_SENTENCE_END = re.compile(r"""[.!?]["')\]]*\Z""")
_BEFORE_A_SENTENCE = re.compile(r"""(?:\A|[\n.!?:;|]|\s-|[^\w\s,'"()\[\]&+/%$#@=-])[\s"'(\[]*\Z""")
"""Nothing, the end of another one, a dash, or a sign such as ✅."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring passages of one section as one text, a line break between them."""

    text: str
    starts: tuple[int, ...]
    passages: tuple[Passage, ...]

    def line(self, offset: int, *, linked: bool) -> int:
        number = max(n for n, start in enumerate(self.starts) if start <= offset)
        passage = self.passages[number]
        return (passage.linked if linked else passage.shown).line(offset - self.starts[number])


def has_heading(document: Document, section: Sought) -> bool:
    """Whether the document has a heading of these words, at any level."""
    return any(section.words in passage.sections for passage in document.passages)


def heading_line(document: Document, section: Sought | None) -> int:
    """The line of that heading; of the document's first passage without such a heading, or without a section."""
    for passage in document.passages:
        if section and passage.kind is PassageKind.HEADING and passage.sections[-1:] == (section.words,):
            return passage.line
    return next((p.line for p in document.passages if p.kind is not PassageKind.CODE), 1)


def lines_that_say(document: Document, sought: Sought, *, section: Sought | None) -> list[int]:
    """Lines at which the document says ``sought`` in this section.

    A statement that ends as a sentence does must begin as one too: "It is wrong that Processor never runs DDL." does not
    say that it never does. It may go over several paragraphs or items.
    """
    sentence = bool(_SENTENCE_END.search(sought.words))
    return [line for line, starts in _found(document, sought.words, section, SHOWN_KINDS) if starts or not sentence]


def lines_that_show(
    document: Document, sought: Sought, *, section: Sought | None, kinds: frozenset[PassageKind] = SHOWN
) -> list[int]:
    """Lines at which the document shows ``sought``; in any kind of passage, unless the caller asks for some.

    The end of a sentence does not matter: a claim stays one when more words follow. A link counts by its alias and by the
    page that it leads to. Where the document has no such section, all of it is looked at.
    """
    within = section if section and has_heading(document, section) else None
    words = sought.words.rstrip(" .!?,;:")
    return sorted({line for line, _ in _found(document, words, within, kinds)})


def only_beginning(document: Document, sought: Sought, *, section: Sought | None) -> str | None:
    """The longest beginning of ``sought`` that the document says, when that is three words or more."""
    words = sought.words.split(" ")
    for count in range(len(words) - 1, 2, -1):
        beginning = " ".join(words[:count])
        if any(True for _ in _found(document, beginning, section, SHOWN_KINDS)):
            return beginning
    return None


def _found(
    document: Document, words: str, section: Sought | None, kinds: frozenset[PassageKind]
) -> Iterator[tuple[int, bool]]:
    """Each line with these words, and whether a sentence begins there."""
    if not words:
        return
    before, after = (r"(?<!\w)" if words[:1].isalnum() else ""), (r"(?!\w)" if words[-1:].isalnum() else "")
    pattern = re.compile(before + r"[ \n]".join(map(re.escape, words.split(" "))) + after)
    for linked in (False, True):
        for run in _runs(document, section, kinds, linked=linked):
            for match in pattern.finditer(run.text):
                yield run.line(match.start(), linked=linked), bool(_BEFORE_A_SENTENCE.search(run.text[: match.start()]))


def _runs(document: Document, section: Sought | None, kinds: frozenset[PassageKind], *, linked: bool) -> Iterator[_Run]:
    inside = [p for p in document.passages if section is None or section.words in p.sections]
    inside.sort(key=lambda p: p.kind is PassageKind.ASIDE)  # an image does not end a sentence
    by_place = groupby(
        inside, key=lambda p: (p.sections, p.kind if p.kind in {PassageKind.CODE, PassageKind.ASIDE} else None)
    )
    for _, group in by_place:
        passages = tuple(p for p in group if p.kind in kinds)
        texts = [(p.linked if linked else p.shown).text for p in passages]
        starts, at = [], 0
        for text in texts:
            starts.append(at)
            at += len(text) + 1
        if passages:
            yield _Run("\n".join(texts), tuple(starts), passages)


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
    """A finding for each line with a claim that must not be made; a document that does not exist cannot be judged."""
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
    yield Note(text=f"looked at {len(documents)} {plural('document', len(documents))}")


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
    """What the document has in its place."""
    for lines, how in (
        (lines_that_show(document, sought, section=section, kinds=SHOWN_KINDS), "within a longer sentence"),
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
