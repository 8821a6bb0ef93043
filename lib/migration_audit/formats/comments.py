"""Whole comment lines of SQL text: the only place where a runner's marker counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migration_audit.formats.lexer import TokenKind, next_token
from migration_audit.model.location import line_at


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
    """The whole ``--`` comment lines of ``text``, in order; what stands in strings, bodies and ``/* */`` is none."""
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


def at_line(shown: str, text: bytes, offset: int) -> str:
    """``path:line`` of an offset into a file's text."""
    return f"{shown}:{line_at(text, offset)}"
