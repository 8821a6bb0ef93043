"""The SQL of one changeset as it reaches the server, in the lines of its file."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from migration_audit.formats.lexer import next_token
from migration_audit.formats.liquibase_changelog import Changeset
from migration_audit.formats.liquibase_tokens import spans
from migration_audit.model.errors import SourceError


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
        what = f"the endDelimiter {changeset.delimiter} is no regular expression: {error}"
        raise SourceError(what, where=f"{shown}:{changeset.line}", todo="write another one") from None
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
