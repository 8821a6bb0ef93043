"""The inside of a Markdown block: its text without marks, each piece with its line."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

from markdown_it.token import Token

from migration_audit.artifacts.documents.fold import TextOnLine

_TAG: Final = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z][\w-]*)")
_STRUCK: Final = frozenset({"del", "s", "strike"})
_UNSEEN: Final = frozenset({*_STRUCK, "script", "style", "template", "title"})
_BLOCKS: Final = frozenset({"p", "div", "li", "td", "th", "tr", "hr", "summary", *(f"h{level}" for level in range(1, 7))})
_FOOTNOTE: Final = re.compile(r"\^[^\]\s]+")
"""Where the note is a single word, Markdown takes ``[^1]: word`` for the target of a link, and the mark for its text."""
_NEAR: Final = 4_000
"""Characters that marks and the target of a link may take before the next text."""


def inline_pieces(token: Token, *, first: int) -> list[TextOnLine]:
    """The text of an inline token that starts on line ``first``; struck-out text, comments and tags are not in it."""
    reader = _Inline(token.content, first)
    for child in token.children or ():
        reader.take(child)
    return reader.pieces


def html_blocks(html: str, *, first: int) -> list[list[TextOnLine]]:
    """The text of HTML that starts on line ``first``, block by block, without comments, scripts and struck-out text."""
    reader = _Html(first)
    reader.feed(html)
    reader.close()
    return reader.blocks


class _Inline:
    """Follows the tokens through the raw text, since they do not carry lines of their own."""

    def __init__(self, raw: str, first: int) -> None:
        self.pieces: list[TextOnLine] = []
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
            self.pieces.append(TextOnLine(text, self._line))

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
        if tag and tag["name"].lower() in _STRUCK and not html.endswith("/>"):
            self._struck = max(self._struck + (-1 if tag["close"] else 1), 0)
        elif tag and tag["name"].lower() == "br":
            self._say(" ")
        self._cursor += max(self._raw.find(html, self._cursor) - self._cursor, 0) + len(html)


class _Html(HTMLParser):
    def __init__(self, first: int) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[list[TextOnLine]] = [[]]
        self._first = first
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _UNSEEN:
            self._unseen.append(tag)
        elif tag in _BLOCKS:
            self.blocks.append([])
        elif tag == "br":
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unseen:
            self._unseen.remove(tag)
        elif tag in _BLOCKS:
            self.blocks.append([])

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        line = self._first + self.getpos()[0] - 1
        for number, text in enumerate(data.split("\n")):
            self.blocks[-1].append(TextOnLine(f" {text}" if number else text, line + number))
