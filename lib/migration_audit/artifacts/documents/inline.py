"""The inside of a Markdown block: its text without marks, each piece with its line."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser
from typing import Final

from markdown_it.token import Token

from migration_audit.model.documents import SearchableText

_TAG: Final = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z][\w-]*)")
_STRUCK: Final = frozenset({"del", "s", "strike"})
_UNSEEN: Final = frozenset({*_STRUCK, "script", "style", "template", "title"})
_VOID: Final = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
_HIDING: Final = re.compile(r"display:none|visibility:hidden|font-size:0(?![.\d])|opacity:0(?![.\d])")
_BLOCKS: Final = frozenset({"p", "div", "li", "td", "th", "tr", "hr", "summary", *(f"h{level}" for level in range(1, 7))})
_FOOTNOTE: Final = re.compile(r"\^[^\]\s]+")
"""Where the note is a single word, Markdown takes ``[^1]: word`` for the target of a link, and the mark for its text."""
_NEAR: Final = 4_000
"""Characters that marks and the target of a link may take before the next text."""
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


Pieces = tuple[list["TextOnLine"], list["TextOnLine"]]
"""The text of a document, and separately what only some readers see: the text of an image, a tooltip, hidden text."""


def inline_pieces(token: Token, *, first: int) -> Pieces:
    """The text of an inline token that starts on line ``first``; struck-out text, comments and tags are not in it."""
    reader = _Inline(token.content, first)
    for child in token.children or ():
        reader.take(child)
    return reader.pieces, reader.aside


def html_blocks(html: str, *, first: int, hidden: list[str]) -> tuple[list[list[TextOnLine]], list[TextOnLine]]:
    """The text of HTML that starts on line ``first``, block by block, without comments, scripts and struck-out text.

    Behind it what only some readers see. ``hidden`` are the tags that hide what follows: those that are open before, and
    then after it.
    """
    reader = _Html(first, hidden)
    reader.feed(html)
    reader.close()
    return reader.blocks, reader.aside


def _hides(tag: str, attributes: Mapping[str, str | None]) -> bool:
    style = re.sub(r"\s", "", attributes.get("style") or "").lower()
    return tag not in _VOID and ("hidden" in attributes or _HIDING.search(style) is not None)


def _shown_by(attributes: Mapping[str, str | None]) -> Iterator[str]:
    """The texts of attributes that readers can see."""
    yield from (text for name in ("alt", "title", "aria-label") if (text := attributes.get(name)))


class _Inline:
    """Follows the tokens through the raw text, since they do not carry lines of their own."""

    def __init__(self, raw: str, first: int) -> None:
        self.pieces: list[TextOnLine] = []
        self.aside: list[TextOnLine] = []
        self._hidden: list[str] = []
        self._raw = raw
        self._cursor = 0
        self._line, self._counted = first, 0
        self._struck = 0
        self._in_link = False

    def take(self, child: Token) -> None:
        if child.type in {"softbreak", "hardbreak"}:
            self._cursor = self._raw.find("\n", self._cursor) + 1 or len(self._raw)
            self._say(" ")
        elif child.type in {"link_open", "link_close"}:
            self._in_link = child.type == "link_open"
            self._add_aside(str(child.attrs.get("title") or ""))
        elif child.type == "image":
            self._add_aside(child.content)
            self._add_aside(str(child.attrs.get("title") or ""))
        elif child.type == "text" and self._in_link and _FOOTNOTE.fullmatch(child.content):
            self._cursor = self._find(child.content)
        elif child.type in {"text", "code_inline"}:
            start = self._find(child.content)
            self._say(child.content)
            self._cursor = start
        elif child.type == "html_inline":
            self._html(child.content)
        elif child.type in {"s_open", "s_close"}:
            self._struck += 1 if child.type == "s_open" else -1

    def _say(self, text: str) -> None:
        if not self._struck:
            self._line += self._raw.count("\n", self._counted, self._cursor)
            self._counted = self._cursor
            (self.aside if self._hidden else self.pieces).append(TextOnLine(text, self._line))

    def _add_aside(self, text: str) -> None:
        if text:
            self.aside += [TextOnLine(" | ", self._line), TextOnLine(" ".join(text.split()), self._line)]

    def _find(self, content: str) -> int:
        """Move to where ``content`` is in the raw text; the position after it.

        A code span has blanks where the raw text has line breaks; text with entities or escapes is not found as it
        is, and then begins where the cursor is: on the same line, since breaks are tokens of their own.
        """
        pattern = re.compile(r"\s+".join(map(re.escape, content.split(" "))))
        match = pattern.search(self._raw, self._cursor, self._cursor + len(content) + _NEAR)
        if match is None or (self._raw.count("\n", self._cursor, match.start()) and "\n" not in match[0]):
            return self._cursor
        self._cursor = match.start()
        return match.end()

    def _html(self, html: str) -> None:
        tag = _TAG.match(html)
        name = tag["name"].lower() if tag else ""
        if name in _STRUCK and not html.endswith("/>"):
            self._struck = max(self._struck + (-1 if tag and tag["close"] else 1), 0)
        elif name == "br":
            self._say(" ")
        elif name in _UNSEEN:
            self._hidden = [*self._hidden, name] if tag and not tag["close"] else self._hidden[:-1]
        elif tag:
            reader = _Html(1, self._hidden)
            reader.feed(html)
            self.aside += [TextOnLine(piece.text, self._line) for piece in reader.aside]
        self._cursor += max(self._raw.find(html, self._cursor) - self._cursor, 0) + len(html)


class _Html(HTMLParser):
    def __init__(self, first: int, hidden: list[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[list[TextOnLine]] = [[]]
        self.aside: list[TextOnLine] = []
        self._first = first
        self._unseen: list[str] = []
        self._hidden = hidden

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        line = self._first + self.getpos()[0] - 1
        for text in _shown_by(attributes):
            self.aside += [TextOnLine(" | ", line), TextOnLine(" ".join(text.split()), line)]
        if tag in _UNSEEN:
            self._unseen.append(tag)
        elif _hides(tag, attributes) or self._hidden[-1:] == [tag]:
            self._hidden.append(tag)
        elif tag in _BLOCKS:
            self.blocks.append([])
        elif tag == "br":
            self.handle_data(" ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unseen:
            self._unseen.remove(tag)
        elif self._hidden[-1:] == [tag]:
            self._hidden.pop()
        elif tag in _BLOCKS:
            self.blocks.append([])

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        line = self._first + self.getpos()[0] - 1
        target = self.aside if self._hidden else self.blocks[-1]
        for number, text in enumerate(data.split("\n")):
            target.append(TextOnLine(f" {text}" if number else text, line + number))


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
