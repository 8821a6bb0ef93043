"""Entries of a log that people write by hand: which passages begin one, of which kind, and what all of it says."""

from __future__ import annotations

import re

from migration_audit.model.documents import Document, PassageKind, Sought

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
    said = {PassageKind.TEXT, PassageKind.HEADING}
    return [
        number
        for number, passage in enumerate(document.passages)
        if passage.kind in said and (match := _KIND.match(passage.shown.text)) and match["kind"] == kind
    ]


def lacking(document: Document, entry: int, about: tuple[Sought, ...]) -> tuple[Sought, ...]:
    """Those words that the entry, its head and all that belongs to it, does not say."""
    passages = document.passages[entry : document.passages[entry].until]
    said = [p for p in passages if p.kind in {PassageKind.TEXT, PassageKind.HEADING}]
    texts = [" ".join(p.shown.text for p in said), " ".join(p.linked.text for p in said)]
    return tuple(one for one in about if not any(_begins_a_word(one.words, text) for text in texts))


def _begins_a_word(words: str, text: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(words)}", text))
