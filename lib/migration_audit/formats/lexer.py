"""The tokens of SQL text as psql sees them, and its whole comment lines: the only place where a runner's marker counts.

The rules are those of PostgreSQL's own scanner (``scan.l`` and ``psqlscan.l``). Text that is broken is still tokens: an
unclosed string or comment reaches to the end of the text, and the server has the last word on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from migration_audit.model.location import line_at


class TokenKind(StrEnum):
    """What a token is to someone who looks for statements."""

    COMMENT = "comment"
    STRING = "string"
    """Any constant in quotes or between dollars."""
    QUOTED = "quoted"
    """An identifier in double quotes."""
    WORD = "word"
    VARIABLE = "variable"
    """``:name``, ``:'name'``, ``:"name"`` or ``:{?name}``, which psql may replace."""
    OPEN = "open"
    CLOSE = "close"
    SQUARE = "square"
    UNSQUARE = "unsquare"
    SEMICOLON = "semicolon"
    BACKSLASH = "backslash"
    """Outside of quotes and comments: a command of psql begins."""
    OTHER = "other"


class SqlToken(NamedTuple):
    """One token by its place in the text, in bytes."""

    kind: TokenKind
    start: int
    end: int


# Possessive and atomic groups: a string of many megabytes must not leave a backtracking stack of its own size.
_ESCAPED = rb"(?>[^'\\]*+(?:(?:''|\\(?:.|\Z))[^'\\]*+)*+)'?"
_PLAIN = rb"(?>[^']*+(?:''[^']*+)*+)'?"
_PATTERN = rb"""[ \t\n\r\f\v]*+(?:
   (?P<other>[0-9,.+*=<>!@\#%%^&|`?~{}\x01-\x08\x0e-\x1f\x7f]++)
 | (?P<escaped>%(escape_prefix)s'%(escaped)s)
 | (?P<string>(?:%(plain_prefix)s)'%(plain)s)
 | (?P<quoted>(?:[uU]&)?"(?>[^"]*+(?:""[^"]*+)*+)"?)
 | (?P<word>[A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*+)
 | (?P<semicolon>;) | (?P<open>\() | (?P<close>\)) | (?P<square>\[) | (?P<unsquare>\])
 | (?P<comment>--[^\n\r]*+) | (?P<block>/\*)
 | (?P<dollar>\$(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*+)?\$)
 | (?P<colons>::|:=)
 | (?P<variable>:(?:[A-Za-z0-9_\x80-\xff]++|'[A-Za-z0-9_\x80-\xff]++'|"[A-Za-z0-9_\x80-\xff]++"|\{\?[A-Za-z0-9_\x80-\xff]++\}))
 | (?P<backslash>\\)
 | (?P<single>.)
)"""  # noqa: E501 - one alternative per line


def _compile(*, escape_prefix: bytes, plain_prefix: bytes) -> re.Pattern[bytes]:
    parts = {
        b"escape_prefix": escape_prefix,
        b"plain_prefix": plain_prefix,
        b"escaped": _ESCAPED,
        b"plain": _PLAIN,
    }
    return re.compile(_PATTERN % parts, re.VERBOSE | re.DOTALL)


CONFORMING = _compile(escape_prefix=rb"[eE]", plain_prefix=rb"[bBxXnN]|[uU]&|")
"""Tokens while ``standard_conforming_strings`` is on, as it is unless a file says otherwise."""
LEGACY = _compile(escape_prefix=rb"[eEnN]?", plain_prefix=rb"[bBxX]|[uU]&")
"""Tokens after ``SET standard_conforming_strings = off``: a backslash escapes in every plain string."""

_COMMENT_EDGE = re.compile(rb"/\*|\*/")
_CONTINUED = re.compile(rb"[ \t\f\v]*+[\n\r](?:[ \t\n\r\f\v]++|--[^\n\r]*+[\n\r])*+'" + _ESCAPED, re.DOTALL)
_KINDS = {
    "escaped": TokenKind.STRING,
    "dollar": TokenKind.STRING,
    "block": TokenKind.COMMENT,
    "colons": TokenKind.OTHER,
    "single": TokenKind.OTHER,
} | {kind.value: kind for kind in TokenKind}


def next_token(data: bytes | bytearray, at: int, pattern: re.Pattern[bytes] = CONFORMING) -> SqlToken | None:
    """The first token at or after ``at``; None at the end of the text."""
    match = pattern.match(data, at)
    if match is None:
        return None
    group = match.lastgroup or "single"
    start, end = match.span(group)
    if group == "block":
        close = _comment_end(data, end)
        # A comment that is not closed hides everything after it: it is code, for the server to refuse.
        return SqlToken(TokenKind.COMMENT, start, close) if close else SqlToken(TokenKind.OTHER, start, len(data))
    if group == "dollar":
        end = _dollar_end(data, start, end)
    elif group == "escaped":
        end = _continued_end(data, end)
    return SqlToken(_KINDS[group], start, end)


def tokens(data: bytes) -> Iterator[SqlToken]:
    """The tokens that are not comments, in order."""
    at = 0
    while (token := next_token(data, at)) is not None:
        if token.kind is not TokenKind.COMMENT:
            yield token
        at = token.end


def _comment_end(data: bytes | bytearray, at: int) -> int | None:
    """Block comments nest in PostgreSQL; None for one that is not closed."""
    depth = 1
    while depth:
        edge = _COMMENT_EDGE.search(data, at)
        if edge is None:
            return None
        depth += 1 if edge[0] == b"/*" else -1
        at = edge.end()
    return at


def _dollar_end(data: bytes | bytearray, start: int, end: int) -> int:
    tag = bytes(data[start:end])
    close = data.find(tag, end)
    return len(data) if close < 0 else close + len(tag)


def _continued_end(data: bytes | bytearray, end: int) -> int:
    """``E'a'`` and ``'b'`` on the next line are one constant, and the second part has escapes too."""
    while data[end - 1 : end] == b"'" and (more := _CONTINUED.match(data, end)) is not None:
        end = more.end()
    return end


@dataclass(frozen=True, slots=True)
class CommentLine:
    """One ``-- …`` comment that has its line for itself (blanks before it aside)."""

    start: int
    """Offset of the line's first byte."""
    end: int
    """Offset behind its line end."""
    line: int
    """Counted from 1."""
    text: str
    """From ``--`` to the end of the line, without the line end."""


def comment_lines(text: bytes) -> Iterator[CommentLine]:
    """The whole ``--`` comment lines of ``text``, in order, without those in strings, bodies and ``/* */``."""
    at, line, counted = 0, 1, 0
    while (token := next_token(text, at)) is not None:
        at = token.end
        if token.kind is not TokenKind.COMMENT or not text.startswith(b"--", token.start):
            continue
        start = text.rfind(b"\n", 0, token.start) + 1
        if text[start : token.start].strip():
            continue
        line += text.count(b"\n", counted, start)
        counted = start
        stop = text.find(b"\n", token.start)
        stop = len(text) if stop < 0 else stop + 1
        yield CommentLine(start, stop, line, text[token.start : token.end].decode(errors="replace"))


def unquoted(constant: str) -> str:
    """What is in a string constant, between quotes or dollars; escapes stay.

    >>> unquoted("$a$it's$a$"), unquoted("E'it''s'")
    ("it's", "it's")
    """
    if constant.startswith("$"):
        tag = constant[: constant.index("$", 1) + 1]
        return constant.removeprefix(tag).removesuffix(tag)
    return constant.lstrip("eEnN")[1:].removesuffix("'").replace("''", "'")


def at_line(shown: str, text: bytes, offset: int) -> str:
    """``path:line`` of an offset into a file's text."""
    return f"{shown}:{line_at(text, offset)}"
