"""Liquibase's own reading of SQL: its tokens, where it ends a statement, and the comments that it takes out.

Liquibase knows no dollar quotes: comments and semicolons within ``$$ … $$`` are what they are elsewhere for it, so that the
body of a function reaches the server without its comments. The rules are those of ``SimpleSqlGrammar`` and of
``StringUtil.processMultiLineSQL``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_NAME = r"(?:[^\W\d]|\$)[\w$\#@]*"
_QUOTED = r"(?:\"[^\n\r\"]+\"|`[^\n\r`]+`|\[[^0-9,][^\n\r\]]*\])"
_LITERAL = r"(?:'(?:''|\\.|[^\\'])*(?:'|\\')|\"(?:\"\"|\\.|[^\\\"])*(?:\"|\\\"))"
_PATTERNS = tuple(
    (kind, re.compile(pattern, re.IGNORECASE | re.DOTALL))
    for kind, pattern in (
        ("space", r"[ \t\n\r\x85\xa0\u1680\u180e\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]+"),
        ("comment", r"--[^\r\n]*"),
        ("comment", r"/\*[^*]*\*(?:\*|[^*/][^*]*\*)*/"),
        ("number", r"(?:\d+)?\.\d+(?:e[+-]?\d+)?|\d+\.(?:e[+-]?\d+)?|\d+e[+-]?\d+"),
        ("number", r"\d+"),
        ("name", rf"(?:{_NAME}|{_QUOTED})(?:[\r\n ]*\.[\r\n ]*(?:{_NAME}|{_QUOTED}))+"),
        ("name", _NAME),
        ("string", rf"(?:rb|_utf8|[uenrb])?{_LITERAL}"),
        ("quoted", _QUOTED),
        ("quoted", r'""'),
        ("symbol", r"."),
    )
)
_NOT_A_BLOCK = frozenset({"transaction", "trans", "tran"})
_NO_BEGIN = _NOT_A_BLOCK | {"dialog", "conversation", "distributed"}


@dataclass(frozen=True, slots=True)
class Piece:
    """What Liquibase takes for one token, by offsets."""

    text: str
    start: int
    end: int
    is_comment: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the text that reaches the server; ``ends`` where Liquibase ends a statement behind it."""

    start: int
    end: int
    ends: bool = False


def pieces(text: str) -> Iterator[Piece]:
    """The tokens; the longest one wins, and of two the kind that is named first."""
    at = 0
    while at < len(text):
        kind, end = "symbol", at + 1
        for each, pattern in _PATTERNS:
            match = pattern.match(text, at)
            if match is not None and (match.end() > end or (match.end() == end and kind == "symbol")):
                kind, end = each, match.end()
        yield Piece(text[at:end], at, end, kind == "comment")
        at = end


def spans(text: str, *, strips_comments: bool, splits: bool, delimiter: str | None) -> Iterator[Span]:
    """What reaches the server of ``text``, in order, without delimiters, and without comments where they are stripped.

    Raises re.error for a delimiter that is no regular expression.
    """
    found = [piece for piece in pieces(text) if not (piece.is_comment and strips_comments)]
    if delimiter is not None:
        found = list(_merged(found, delimiter))
    blocks, previous = 0, None
    for number, piece in enumerate(found):
        word = piece.text.lower()
        if word in {"begin", "end"}:
            following = _following(found, number)
            if word == "begin" and following not in _NO_BEGIN:
                blocks += 1
            elif word == "end" and blocks and following not in _NOT_A_BLOCK:
                blocks -= 1
        if blocks == 0 and splits and _is_delimiter(piece.text, previous, delimiter):
            yield Span(piece.start, piece.start, ends=True)
        else:
            yield Span(piece.start, piece.end)
        previous = piece.text


def _following(found: Sequence[Piece], number: int) -> str | None:
    return next((piece.text.strip().lower() for piece in found[number + 1 :] if piece.text.strip()), None)


def _merged(found: Sequence[Piece], delimiter: str) -> Iterator[Piece]:
    """Tokens that together make the delimiter become one; the beginning of one at the end of the text is lost."""
    waiting: list[Piece] = []
    for piece in found:
        together = "".join(each.text for each in waiting) + piece.text
        if not waiting:
            if delimiter.startswith(piece.text):
                waiting.append(piece)
            else:
                yield piece
        elif together == delimiter:
            yield Piece(together, waiting[0].start, piece.end)
            waiting = []
        elif delimiter.startswith(together):
            waiting.append(piece)
        else:
            yield from waiting
            yield piece
            waiting = []


def _is_delimiter(piece: str, previous: str | None, delimiter: str | None) -> bool:
    if delimiter is None:
        return piece == ";" or (piece.lower() in {"go", "/"} and (previous is None or previous.endswith("\n")))
    if piece.lower() == delimiter.lower():
        return delimiter != "/" or previous is None or previous.endswith("\n")
    if len(delimiter) == 1:
        return False
    return (
        re.fullmatch(r"[\s\n\r]*" + delimiter.lower(), f"{'null' if previous is None else previous}{piece}".lower())
        is not None
    )
