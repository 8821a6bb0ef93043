"""Runners that read a file line by line and cut it where a line ends with a semicolon: goose, sql-migrate.

Their scanners are Go's ``bufio.ScanLines`` and ``bufio.ScanWords``: https://pkg.go.dev/bufio. What is between two cuts goes
to the server as one message.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from migration_audit.formats.lexer import TokenKind, next_token, tokens
from migration_audit.model.errors import SourceError
from migration_audit.model.location import line_at

_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""What Go treats as white space."""
_SPACES = re.compile(f"[{_SPACE}]+")


@dataclass(slots=True)
class Message:
    """Lines that the runner sends as one message."""

    first: int
    """The line of the file that comes first, counted from 0."""
    lines: list[bytes | None] = field(default_factory=list)
    """None for a line of the file that is left out of the message."""

    @property
    def sent(self) -> bytes:
        """The message."""
        return b"".join(line + b"\n" for line in self.lines if line is not None)


def scan_lines(text: bytes, most: int, shown: str, runner: str) -> list[bytes]:
    """The lines without their ends; raises SourceError for one of ``most`` bytes or more, at which the runner gives up."""
    lines = [line.removesuffix(b"\r") for line in text.split(b"\n")]
    if lines[-1] == b"":
        lines.pop()
    for number, line in enumerate(lines, 1):
        if len(line) >= most:
            what = f"{runner} fails at a line of {most // 1024 // 1024} MB or more"
            raise SourceError(what, where=f"{shown}:{number}", todo="split the line")
    return lines


def fields(line: bytes) -> list[str]:
    """The words of a line."""
    return [word for word in _SPACES.split(line.decode(errors="replace")) if word]


def is_blank(line: bytes) -> bool:
    """Whether there is nothing but space."""
    return not fields(line)


def ends_statement(line: bytes) -> bool:
    """Whether the last word before a word that begins with ``--`` ends with a semicolon."""
    words = fields(line)
    stop = next((number for number, word in enumerate(words) if word.startswith("--")), len(words))
    return stop > 0 and words[stop - 1].endswith(";")


def refuse_unfinished(message: Message | None, shown: str, runner: str) -> None:
    """Raise SourceError for a statement that no semicolon ends, where the runner needs one."""
    if message and not is_blank(message.sent):
        number = next(n for n, line in enumerate(message.lines, message.first + 1) if line and not is_blank(line))
        what = f"this statement is not terminated: {runner} requires a line that ends with a semicolon"
        raise SourceError(what, where=f"{shown}:{number}", todo="end it with a semicolon")


def assemble(chunks: Sequence[Message], shown: str, runner: str, todo: str) -> tuple[bytes, tuple[int, ...]]:
    """One text of all messages, each statement at its line of the file, and the offsets at which each message ends.

    Raises SourceError where a message ends within a string, a body or a comment.
    """
    out, line = bytearray(), 0
    ends: dict[int, int] = {}
    for chunk in chunks:
        text = _aligned(chunk)
        last = None
        for token in tokens(text):
            last = token
        if last is None:  # comments: the server does nothing
            continue
        out += b"\n" * (chunk.first - line) + text
        line = chunk.first + text.count(b"\n")
        if last.kind is not TokenKind.SEMICOLON:
            out += b";"
        ends[len(out)] = line
    _refuse_cut_tokens(bytes(out), ends, shown, runner, todo)
    return bytes(out), tuple(ends)


def _aligned(chunk: Message) -> bytes:
    """The message with an empty line for each that is left out; those within a string or body come behind it instead."""
    text, left_out = bytearray(), deque[int]()
    last = max(number for number, line in enumerate(chunk.lines) if line is not None)
    for line in chunk.lines[: last + 1]:
        if line is None:
            left_out.append(len(text))
        text += (line or b"") + b"\n"
    if not left_out:
        return bytes(text)
    out, at, done = bytearray(), 0, 0
    while (token := next_token(text, done)) is not None:
        moved = 0
        while left_out and left_out[0] < token.end:
            offset = left_out.popleft()
            if offset > token.start:
                out += text[at:offset]
                at, moved = offset + 1, moved + 1
        out += text[at : token.end] + b"\n" * moved
        at = done = token.end
    return bytes(out + text[at:])


def _refuse_cut_tokens(text: bytes, ends: Mapping[int, int], shown: str, runner: str, todo: str) -> None:
    """``ends`` are the offsets at which messages end, with the line."""
    at, rest = 0, deque(ends)
    while rest and (token := next_token(text, at)) is not None:
        at = token.end
        while rest and rest[0] <= token.start:
            rest.popleft()
        if rest and rest[0] < token.end:
            begins = line_at(text, token.start)
            what = f"{runner} ends a statement here, inside the string, body or comment that begins at line {begins}"
            raise SourceError(what, where=f"{shown}:{ends[rest[0]]}", todo=todo)
