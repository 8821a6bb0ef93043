"""One spelling for text that people write in many: so that a statement is found however it is wrapped or typeset."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from migration_audit.model.documents import SearchableText

_INVISIBLE: Final = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufe0e\ufe0f\ufeff")
_SINGLE: Final = "‘’‚‛′`´ʼ＇‹›"
_DOUBLE: Final = "“”„‟″«»＂"
_DASHES: Final = "‐‑‒–—―−﹘﹣－"
_SAME: Final = str.maketrans({**dict.fromkeys(_SINGLE, "'"), **dict.fromkeys(_DOUBLE, '"'), **dict.fromkeys(_DASHES, "-")})

_MARK: Final = re.compile(r"\[\^[^\]\s]+\]|\[![A-Za-z-]+\][+-]?")
"""A footnote's mark, and the mark of a callout: ``[^1]``, ``[!note]``."""
_WIKI_LINK: Final = re.compile(
    r"!?\[\[(?:[^\[\]|#]{0,300}/)?(?P<page>[^\[\]|#/]{0,300}?)(?:\.md)?(?:#[^\[\]|]{0,300})?(?:\|(?P<alias>[^\[\]]{0,300}))?\]\]"
)
"""``[[page]]``, ``[[folder/page#heading|alias]]``, and an embedded page."""


@dataclass(frozen=True, slots=True)
class TextOnLine:
    """Text that is on one line of a file."""

    text: str
    line: int


@dataclass(slots=True)
class _Traced:
    """Text in which each character knows its line."""

    text: str
    lines: list[int]

    def replace(self, pattern: re.Pattern[str], *groups: str) -> _Traced:
        """Each match becomes the first of these groups that took part in it, or nothing."""
        text: list[str] = []
        lines: list[int] = []
        done = 0
        for match in pattern.finditer(self.text):
            spans = [match.span(group) for group in groups if match[group] is not None]
            start, end = spans[0] if spans else (match.start(), match.start())
            for a, b in ((done, match.start()), (start, end)):
                text.append(self.text[a:b])
                lines.extend(self.lines[a:b])
            done = match.end()
        text.append(self.text[done:])
        lines.extend(self.lines[done:])
        return _Traced("".join(text), lines)


def fold_pieces(pieces: list[TextOnLine], *, targets: bool = False) -> SearchableText:
    """The text of ``pieces``, ready to be searched.

    Unicode compatibility forms, curly quotes, dashes, blanks of any kind and length, invisible characters and the case of
    letters make no difference. ``[[page|alias]]`` is its alias, or with ``targets`` the page's name; marks of footnotes go.
    """
    text = "".join(piece.text for piece in pieces)
    whole = _Traced(text, [piece.line for piece in pieces for _ in piece.text])
    names = ("page",) if targets else ("alias", "page")
    return _words(whole.replace(_MARK).replace(_WIKI_LINK, *names))


def fold_text(text: str) -> str:
    """``text`` as ``fold_pieces`` spells it.

    >>> fold_text("It’s  *not*\\u00a0[[a|The B]] — yet")
    "it's *not* the b - yet"
    """
    return fold_pieces([TextOnLine(text, 1)]).text


@lru_cache(maxsize=4096)
def _folded(char: str) -> str:
    # Both times: NFKC makes two characters of some quotes, and other forms into quotes.
    return unicodedata.normalize("NFKC", char.translate(_SAME)).translate(_SAME).casefold()


def _words(whole: _Traced) -> SearchableText:
    out: list[str] = []
    marks: list[tuple[int, int]] = []
    size = 0
    for char, line in zip(whole.text, whole.lines, strict=True):
        for folded in _folded(char):
            last = out[-1] if out else " "
            if folded in _INVISIBLE or (folded == "-" and last == "-"):
                continue
            blank = folded.isspace()
            if blank and last == " ":
                continue
            if not marks or marks[-1][1] != line:
                marks.append((size, line))
            out.append(" " if blank else folded)
            size += 1
    text = "".join(out)
    return SearchableText(text=text.rstrip(" "), lines=tuple(marks))
