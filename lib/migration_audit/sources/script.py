"""One file as psql reads it: where statements may end, psql's own commands, the data of COPY.

``psql -f`` decides where a statement ends without parsing it, by the rules of its ``psqlscan.l``; so does this module. What
psql keeps from the server (its commands, the data of COPY) is blanked out of the text, byte for byte, so that every
offset and line still means what it meant in the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from migration_audit.formats.lexer import CONFORMING, LEGACY, Token, TokenKind, next_token


@dataclass(frozen=True, slots=True)
class Segment:
    """What stands between two semicolons that are neither quoted nor commented out."""

    first: int | None
    """Where its first token starts; None if there is nothing but space and comments."""
    last: int
    """Where its last token ends."""
    semicolon: int
    """Where its semicolon stands; the length of the text if it has none."""
    ends: bool
    """Whether psql takes that semicolon for the end of a statement."""


@dataclass(frozen=True, slots=True)
class Command:
    """A backslash command of psql."""

    at: int
    name: str
    rest: str
    """The rest of its line, stripped."""
    pending: bool
    """Whether it stands in the middle of a statement."""


@dataclass(frozen=True, slots=True)
class Variable:
    """``:name`` in any of its spellings, where psql would look for a variable of that name."""

    at: int
    text: str
    in_brackets: bool
    """Between square brackets, where the colon of an array slice stands."""

    @property
    def name(self) -> str:
        """The name alone."""
        return self.text.strip(":'\"{?}")


@dataclass(slots=True)
class Script:
    """What one file holds, by offsets into ``text``."""

    text: bytes
    """The bytes of the file with psql's commands and the data of COPY blanked out."""
    segments: list[Segment] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    copies: dict[int, bytes] = field(default_factory=dict)
    """The data of each ``COPY … FROM stdin``, by the offset of its semicolon; see ``unclosed``."""
    unclosed: list[int] = field(default_factory=list)
    """Semicolons of those COPY whose data no line ``\\.`` ends."""
    conforming: bool = True
    """False once the file has switched ``standard_conforming_strings`` off."""


_BLANK = bytes(byte if byte == 0x0A else 0x20 for byte in range(256))
_COPY_END = re.compile(rb"^\\\.\r?$", re.MULTILINE)
_COMMAND_NAME = re.compile(rb"[^\s\\]*")
_STRINGS_SETTING = re.compile(
    rb"(?:set\s+(?:session\s+|local\s+)?standard_conforming_strings\s*(?:=|\s+to\s)\s*'?(\w+)'?"
    rb"|reset\s+(?:standard_conforming_strings|all))\s*\Z",
    re.IGNORECASE,
)
_ROUTINE = re.compile(r"create (?:or replace )?(?:function|procedure)\b")


def read_script(data: bytes, *, psql: bool = True) -> Script:
    """Everything that ``data`` (UTF-8 without a byte order mark) holds; never fails, drops nothing.

    Without ``psql`` nobody reads the text before the server does: backslash commands and ``:variables`` are plain text.
    """
    return _Reader(data, psql=psql).read()


class _Reader:
    """psql's state while it reads a file."""

    def __init__(self, data: bytes, *, psql: bool) -> None:
        self._is_psql = psql
        self._text = bytearray(data)
        self._script = Script(b"")
        self._pattern = CONFORMING
        self._first: int | None = None
        self._last = 0
        self._data_from = 0
        self._start_statement()

    def _start_statement(self) -> None:
        self._pending: int | None = None
        self._parens = 0
        self._brackets = 0
        self._bodies = 0
        self._words: list[str] = []
        self._previous = ""
        self._is_routine = False
        self._is_copy = False

    def read(self) -> Script:
        actions: dict[TokenKind, Callable[[Token], int]] = {
            TokenKind.WORD: self._word,
            TokenKind.SEMICOLON: self._semicolon,
            TokenKind.OPEN: self._open,
            TokenKind.CLOSE: self._close,
            TokenKind.SQUARE: self._square,
            TokenKind.UNSQUARE: self._unsquare,
            TokenKind.BACKSLASH: self._backslash if self._is_psql else self._solid,
            TokenKind.VARIABLE: self._variable if self._is_psql else self._solid,
            TokenKind.OTHER: self._solid,
            TokenKind.STRING: self._solid,
            TokenKind.QUOTED: self._solid,
            TokenKind.COMMENT: _skip,
        }
        at = 0
        text = self._text
        while (token := next_token(text, at, self._pattern)) is not None:
            at = actions[token.kind](token)
        self._end_segment(len(text), ends=True)
        self._script.text = bytes(text)
        return self._script

    def _solid(self, token: Token) -> int:
        if self._first is None:
            self._first = token.start
        if self._pending is None:
            self._pending = token.start
        self._last = token.end
        self._previous = ""
        return token.end

    def _open(self, token: Token) -> int:
        self._parens += 1
        return self._solid(token)

    def _close(self, token: Token) -> int:
        self._parens = max(0, self._parens - 1)
        return self._solid(token)

    def _square(self, token: Token) -> int:
        self._brackets += 1
        return self._solid(token)

    def _unsquare(self, token: Token) -> int:
        self._brackets = max(0, self._brackets - 1)
        return self._solid(token)

    def _variable(self, token: Token) -> int:
        text = bytes(self._text[token.start : token.end]).decode(errors="replace")
        self._script.variables.append(Variable(token.start, text, self._brackets > 0))
        return self._solid(token)

    def _word(self, token: Token) -> int:
        words, previous = self._words, self._previous
        self._solid(token)
        if len(words) >= 5 and not self._is_routine and words[0] != "copy":
            return token.end
        word = self._text[token.start : token.end].decode(errors="replace").lower()
        self._previous = word
        if len(words) < 5:
            words.append(word)
            self._is_routine = _ROUTINE.match(" ".join(words)) is not None
        if self._parens == 0:
            self._follow_body(previous, word)
            self._is_copy |= words[0] == "copy" and (previous, word) == ("from", "stdin")
        return token.end

    def _follow_body(self, previous: str, word: str) -> None:
        """Count ``BEGIN ATOMIC`` and CASE against END: the semicolons of such a body end no statement."""
        if not self._is_routine:
            return
        if (previous, word) == ("begin", "atomic") or (word == "case" and self._bodies):
            self._bodies += 1
        elif word == "end":
            self._bodies = max(0, self._bodies - 1)

    def _semicolon(self, token: Token) -> int:
        ends = self._parens == 0 and self._bodies == 0
        self._end_segment(token.start, ends=ends)
        if ends:
            if self._is_copy:
                self._take_copy_data(token.start)
            elif self._words[:1] in (["set"], ["reset"]) and self._pending is not None:
                self._follow_setting(bytes(self._text[self._pending : token.start]))
            self._start_statement()
        return token.end

    def _end_segment(self, semicolon: int, *, ends: bool) -> None:
        self._script.segments.append(Segment(self._first, self._last, semicolon, ends))
        self._first = None

    def _follow_setting(self, statement: bytes) -> None:
        setting = _STRINGS_SETTING.match(statement)
        if setting is None:
            return
        off = (setting[1] or b"on").lower() in (b"off", b"false", b"no", b"0")
        self._pattern = LEGACY if off else CONFORMING
        self._script.conforming &= not off

    def _take_copy_data(self, semicolon: int) -> None:
        """The data begins on the next line, whatever else stands on this one."""
        start = self._text.find(b"\n", semicolon) + 1 or len(self._text)
        start = max(start, self._data_from)
        end = _COPY_END.search(self._text, start)
        stop, after = (len(self._text),) * 2 if end is None else end.span()
        if end is None:
            self._script.unclosed.append(semicolon)
        self._script.copies[semicolon] = bytes(self._text[start:stop])
        self._text[start:after] = self._text[start:after].translate(_BLANK)
        self._data_from = after + 1

    def _backslash(self, token: Token) -> int:
        stop = self._text.find(b"\n", token.start)
        stop = len(self._text) if stop < 0 else stop
        name = _COMMAND_NAME.match(self._text, token.end)
        after = name.end() if name else token.end
        self._script.commands.append(
            Command(
                at=token.start,
                name=self._text[token.end : after].decode(errors="replace"),
                rest=self._text[after:stop].decode(errors="replace").strip(),
                pending=self._pending is not None,
            )
        )
        self._text[token.start : stop] = self._text[token.start : stop].translate(_BLANK)
        return stop


def _skip(token: Token) -> int:
    return token.end
