"""Whether a document says something: in one of its sections, in a sentence of its own, and on which line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from migration_audit.model.documents import Document, Passage, PassageKind, Sought

SAID = frozenset({PassageKind.TEXT, PassageKind.HEADING})
"""What a document says; an open task and a block of code only show something."""
SHOWN = frozenset(PassageKind)
"""All that a reader sees: where a claim must not stand."""

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
    """The line of that heading; of the document's first passage when there is none, or none is asked for."""
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
    return [line for line, starts in _found(document, sought.words, section, SAID) if starts or not sentence]


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
        if any(True for _ in _found(document, beginning, section, SAID)):
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
    by_place = groupby(inside, key=lambda p: (p.sections, p.kind if p.kind is PassageKind.CODE else None))
    for _, group in by_place:
        passages = tuple(p for p in group if p.kind in kinds)
        texts = [(p.linked if linked else p.shown).text for p in passages]
        starts, at = [], 0
        for text in texts:
            starts.append(at)
            at += len(text) + 1
        if passages:
            yield _Run("\n".join(texts), tuple(starts), passages)
