"""The text that psql reads: a file, and in it the values of its variables, which are read as if they stood there.

Everything read so far is in ``text``, and all offsets count in it. psql reads a value to its end before it goes on behind
the variable: no word, operator or variable begins in the one and ends in the other, but a quote may.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from migration_audit.formats.lexer import LEGACY, SqlToken, TokenKind, next_token

_BLANK = bytes(byte if byte == 0x0A else 0x20 for byte in range(256))
_COPY_END = re.compile(rb"^\\\.\r?$", re.MULTILINE)
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_ATOMS = rb"""[ \t\n\r\f\v]*+(?:
   [0-9,.+*=<>!@\#%^&|`?~{}\x01-\x08\x0e-\x1f\x7f]++ | ::
 | [A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*+(?!['"])
 | "[^"]*+" | '[^']*+' | -(?!-) | /(?!\*)
)"""
_SOLID = re.compile(
    rb"(?>%(atoms)s | [ \t\n\r\f\v]*+ \( (?:%(atoms)s)*+ [ \t\n\r\f\v]*+ \))++" % {b"atoms": _ATOMS}, re.VERBOSE
)
"""Words, numbers, operators, closed quotes, and such in parentheses, in a row, while no backslash escapes."""


@dataclass(slots=True)
class _Buffer:
    """The file, or one value that is being read."""

    data: bytearray
    at: int = 0
    name: str | None = None
    """Whose value it is; None for the file."""


class Feed:
    """A file as psql reads it."""

    def __init__(self, data: bytes) -> None:
        """Start at the beginning of the file."""
        self.text = bytearray()
        self.values: list[tuple[int, int]] = []
        """From where to where in ``text`` are the values of variables that the file names."""
        self.nested = 0
        """How many variables within values were replaced."""
        self.nested_size = 0
        """How many bytes their values have."""
        self._buffers = [_Buffer(bytearray(data))]
        self._value_from = 0
        self._data_from = 0

    @property
    def within(self) -> tuple[str, ...]:
        """The variables whose values are being read, the outermost first."""
        return tuple(buffer.name for buffer in self._buffers if buffer.name is not None)

    def next(self, pattern: re.Pattern[bytes]) -> SqlToken | None:
        """The next token, now the end of ``text``; None at the end of the file."""
        while True:
            buffer = self._buffers[-1]
            token = next_token(buffer.data, buffer.at, pattern)
            if token is None:
                self.text += buffer.data[buffer.at :]
                if len(self._buffers) == 1:
                    return None
                self._leave()
            elif len(self._buffers) > 1 and token.end == len(buffer.data) and _is_open(buffer.data, token, pattern):
                self._spill()
            else:
                shift = len(self.text) - buffer.at
                self.text += buffer.data[buffer.at : token.end]
                buffer.at = token.end
                return SqlToken(token.kind, token.start + shift, token.end + shift) if shift else token

    def next_solid(self) -> SqlToken | None:
        """Words, numbers, operators, quotes and closed parentheses in a row as one token; None where there are none.

        Of the file itself, for who needs neither the words nor LEGACY's rules: several times faster than one by one.
        """
        buffer = self._buffers[-1]
        if len(self._buffers) > 1 or (match := _SOLID.match(buffer.data, buffer.at)) is None:
            return None
        start = len(self.text) + len(match[0]) - len(match[0].lstrip())
        self.text += match[0]
        buffer.at = match.end()
        return SqlToken(TokenKind.OTHER, start, len(self.text))

    def replace(self, token: SqlToken, value: bytes) -> SqlToken:
        """Put ``value``, which psql does not read again, in the place of the token that came last."""
        del self.text[token.start :]
        self.text += value
        if len(self._buffers) == 1:
            self.values.append((token.start, len(self.text)))
        return SqlToken(TokenKind.OTHER, token.start, len(self.text))

    def enter(self, token: SqlToken, name: str, value: bytes) -> None:
        """Go on with ``value`` in the place of the token that came last."""
        del self.text[token.start :]
        if len(self._buffers) == 1:
            self._value_from = token.start
        else:
            self.nested += 1
            self.nested_size += len(value)
        self._buffers.append(_Buffer(bytearray(value), name=name))

    def place(self, offset: int) -> int:
        """The offset, or where the value that is being read was put into the file."""
        return offset if len(self._buffers) == 1 else min(offset, self._value_from)

    def follows(self, byte: bytes) -> bool:
        """Whether ``byte`` comes next."""
        buffer = self._buffers[-1]
        return buffer.data.startswith(byte, buffer.at)

    def drop(self, token: SqlToken) -> SqlToken:
        """Drop the backslash that came last, and take the byte behind it as a token."""
        buffer = self._buffers[-1]
        del self.text[token.start :]
        self.text += buffer.data[buffer.at : buffer.at + 1]
        buffer.at += 1
        return SqlToken(TokenKind.OTHER, token.start, token.start + 1)

    def rest_of_line(self) -> bytes:
        """What is in the line of the file behind the token that came last."""
        file = self._buffers[0]
        stop = file.data.find(b"\n", file.at)
        return bytes(file.data[file.at : len(file.data) if stop < 0 else stop])

    def take(self, token: SqlToken, length: int) -> None:
        """Keep the token that came last and the ``length`` bytes of the file behind it from the server."""
        size = token.end - token.start + length
        del self.text[token.start :]
        self.text += b" " * size
        self._buffers[0].at += length

    def blank(self, start: int, end: int) -> None:
        """Keep what is in ``text`` between ``start`` and ``end`` from the server; line ends stay."""
        self.text[start:end] = self.text[start:end].translate(_BLANK)

    def take_copy_data(self) -> tuple[bytes, bool]:
        """The data that begin on the next line of the file, and whether a line ``\\.`` ends them."""
        file = self._buffers[0]
        start = file.data.find(b"\n", file.at) + 1 or len(file.data)
        start = max(start, self._data_from)
        end = _COPY_END.search(file.data, start)
        stop, after = (len(file.data),) * 2 if end is None else end.span()
        data = bytes(file.data[start:stop])
        file.data[start:after] = file.data[start:after].translate(_BLANK)
        self._data_from = after + 1
        return data, end is not None

    def _leave(self) -> None:
        self._buffers.pop()
        if len(self._buffers) == 1:
            self.values.append((self._value_from, len(self.text)))

    def _spill(self) -> None:
        """Read on behind the variable with what opens in its value: the quote ends where the text behind it says."""
        value = self._buffers[-1]
        outer = self._buffers[-2]
        rest = value.data[value.at :]
        outer.data[outer.at : outer.at] = rest
        self._leave()
        if len(self._buffers) == 1:
            self.values[-1] = (self._value_from, len(self.text) + len(rest))
            self._data_from += len(rest)


def _is_open(data: bytearray, token: SqlToken, pattern: re.Pattern[bytes]) -> bool:
    """Whether a quote or comment that reaches to the end of ``data`` is not closed there."""
    text = data[token.start :]
    if token.kind is TokenKind.QUOTED:
        return text.count(b'"') % 2 == 1
    if token.kind is not TokenKind.STRING:
        return token.kind is TokenKind.OTHER and text.startswith(b"/*")
    if text.startswith(b"$"):
        tag = text[: text.index(b"$", 1) + 1]
        return len(text) < 2 * len(tag) or not text.endswith(tag)
    if text[:1] in b"eE" or (pattern is LEGACY and text[:1] in b"nN'"):
        text = bytearray(_ESCAPED.sub(b"", text))
    return text.count(b"'") % 2 == 1
