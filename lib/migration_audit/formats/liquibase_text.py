"""The SQL of one changeset as it reaches the server, in the lines of its file, tokenized as Liquibase does.

Liquibase knows no dollar quotes: comments and semicolons within ``$$ … $$`` mean the same as elsewhere, so the body of a
function reaches the server without its comments. The rules are those of ``SimpleSqlGrammar`` and of
``StringUtil.processMultiLineSQL``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migration_audit.formats.lexer import next_token
from migration_audit.formats.liquibase_changelog import Changeset
from migration_audit.model.errors import SourceError

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
class LiquibaseToken:
    """One token as Liquibase splits the text, by offsets."""

    text: str
    start: int
    end: int
    is_comment: bool = False


@dataclass(frozen=True, slots=True)
class SentSpan:
    """A part of the text that reaches the server; ``ends`` where Liquibase ends a statement behind it."""

    start: int
    end: int
    ends: bool = False


def pieces(text: str) -> Iterator[LiquibaseToken]:
    """The tokens; the longest one wins, and of two the kind that is named first."""
    at = 0
    while at < len(text):
        kind, end = "symbol", at + 1
        for each, pattern in _PATTERNS:
            match = pattern.match(text, at)
            if match is not None and (match.end() > end or (match.end() == end and kind == "symbol")):
                kind, end = each, match.end()
        yield LiquibaseToken(text[at:end], at, end, kind == "comment")
        at = end


def spans(text: str, *, strips_comments: bool, splits: bool, delimiter: str | None) -> Iterator[SentSpan]:
    """What reaches the server of ``text``, in order, without delimiters, and without comments where they are stripped.

    Raises re.error for a delimiter that is not a regular expression.
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
            yield SentSpan(piece.start, piece.start, ends=True)
        else:
            yield SentSpan(piece.start, piece.end)
        previous = piece.text


def _following(found: Sequence[LiquibaseToken], number: int) -> str | None:
    return next((piece.text.strip().lower() for piece in found[number + 1 :] if piece.text.strip()), None)


def _merged(found: Sequence[LiquibaseToken], delimiter: str) -> Iterator[LiquibaseToken]:
    """Tokens that together make the delimiter become one; the beginning of one at the end of the text is lost."""
    waiting: list[LiquibaseToken] = []
    for piece in found:
        together = "".join(each.text for each in waiting) + piece.text
        if not waiting:
            if delimiter.startswith(piece.text):
                waiting.append(piece)
            else:
                yield piece
        elif together == delimiter:
            yield LiquibaseToken(together, waiting[0].start, piece.end)
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


@dataclass(frozen=True, slots=True)
class Sent:
    """What is sent of a changeset."""

    text: bytes
    """Each statement begins in the line in which it begins in the file."""
    cuts: tuple[int, ...]
    """Offsets into ``text`` at which Liquibase ends a statement."""


def sent(changeset: Changeset, sql: str, shown: str) -> Sent:
    """``sql`` is the changeset's lines joined by newlines, properties expanded. Raises SourceError for a bad delimiter."""
    try:
        found = list(
            spans(sql, strips_comments=changeset.strips_comments, splits=changeset.splits, delimiter=changeset.delimiter)
        )
    except re.error as error:
        what = f"the endDelimiter {changeset.delimiter} is not a valid regular expression: {error}"
        raise SourceError(what, where=f"{shown}:{changeset.line}", todo="use another one") from None
    parts: list[str] = []
    origins: list[int] = []  # where each part begins in sql
    starts: list[int] = []  # and where in what is sent, in bytes
    cuts: list[int] = []
    size = 0
    for span in found:
        part = ";" if span.ends else sql[span.start : span.end].replace("\r", "")
        starts.append(size)
        origins.append(span.start)
        parts.append(part)
        size += len(part.encode())
        if span.ends:
            cuts.append(size)
    return _in_lines("".join(parts).encode(), _Origins(changeset, sql, starts, origins), cuts)


class _Origins:
    """The line of the file in which a byte of what is sent began."""

    def __init__(self, changeset: Changeset, sql: str, starts: list[int], origins: list[int]) -> None:
        self._starts = starts
        self._origins = origins
        self._rows = [number for number, _ in changeset.rows]
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", sql))]

    def line(self, offset: int) -> int:
        at = self._origins[bisect_right(self._starts, offset) - 1]
        return self._rows[bisect_right(self._line_starts, at) - 1]


def _in_lines(text: bytes, origins: _Origins, cuts: list[int]) -> Sent:
    """Newlines that were taken out come back between tokens, never within one: a body must stay what is sent."""
    out = bytearray()
    line, at = 1, 0
    starts: list[int] = []
    moved: list[int] = []
    while (token := next_token(text, at)) is not None:
        before = text[at : token.start]
        out += before
        line += before.count(b"\n")
        missing = origins.line(token.start) - line
        if missing > 0:
            out += b"\n" * missing
            line += missing
        starts.append(token.start)
        moved.append(len(out))
        body = text[token.start : token.end]
        out += body
        line += body.count(b"\n")
        at = token.end
    out += text[at:]
    found = (bisect_right(starts, cut - 1) - 1 for cut in cuts)
    return Sent(bytes(out), tuple(cut - starts[index] + moved[index] for cut, index in zip(cuts, found, strict=True)))
