"""The arguments of a psql command, split and unquoted by the rules of psql's ``psqlscanslash.l``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from migration_audit.sources.variables import RefusedError, as_identifier, as_literal, how_to_set


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument."""

    text: str
    bare: int
    """How many characters at its end stood outside of quotes and variables: of those psql may drop semicolons."""

    def without_semicolons(self) -> str:
        """``a.sql`` of ``a.sql;``, as the commands that name a file or an object take it."""
        kept, end = self.text[: len(self.text) - self.bare], self.text[len(self.text) - self.bare :]
        return kept + end.rstrip(";")


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a command was given."""

    items: tuple[Argument, ...]
    end: int
    """Where the command ends: at a backslash, or at the end of the line."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The arguments alone."""
        return tuple(item.text for item in self.items)


_SPACE = re.compile(rb"[ \t\n\r\f\v]*+")
_NAME = rb"[A-Za-z0-9_\x80-\xff]++"
_PART = re.compile(
    rb"""'(?P<quoted>(?:[^'\\]++|''|\\.)*+)'|(?P<program>`[^`]*+`)|(?P<double>"[^"]*+")|(?P<open>['"`])
    |:(?P<plain>%(name)s)|:'(?P<literal>%(name)s)'|:"(?P<identifier>%(name)s)"|:\{\?(?P<test>%(name)s)\}
    |(?P<bare>[^'"`: \t\n\r\f\v\\]++|:)"""
    % {b"name": _NAME},
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(rb"''|\\(?:[0-7]{1,3}|x[0-9A-Fa-f]{1,2}|.)", re.DOTALL)
_CONTROL = {b"n": b"\n", b"t": b"\t", b"b": b"\b", b"r": b"\r", b"f": b"\f"}


class Lookup(Protocol):
    """What the arguments ask of the variables."""

    def is_decided(self, name: str) -> bool:
        """Whether something has set or unset the variable."""

    def value(self, name: str) -> str | None:
        """Its value; None where it is not set. Raises RefusedError where only psql knows it."""

    def test(self, name: str) -> bool:
        """The answer to ``:{?name}``. Raises RefusedError where only psql knows it."""


def read_arguments(line: bytes, at: int, variables: Lookup) -> Arguments:
    """The arguments from ``at`` to the next command or the end of ``line``.

    Raises RefusedError for an unclosed quote, at which psql drops the argument, for a
    program in backquotes, and for a variable whose value is unknown.
    """
    items: list[Argument] = []
    while True:
        at = _after_space(line, at)
        if at == len(line) or line[at : at + 1] == b"\\":
            return Arguments(tuple(items), at)
        value = bytearray()
        bare = 0
        while (part := _PART.match(line, at)) is not None:
            text = _part(part, variables)
            value += text
            bare = bare + len(text.decode(errors="replace")) if part.lastgroup == "bare" else 0
            at = part.end()
        try:
            items.append(Argument(value.decode(), bare))
        except UnicodeDecodeError:
            raise RefusedError("an escape makes its value invalid UTF-8", "write the character itself") from None


def skip_arguments(line: bytes, at: int) -> tuple[int, bool]:
    """Where a command ends whose arguments are not evaluated, and whether a program in backquotes is among them.

    An unclosed quote reaches to the end of the line.
    """
    programs = False
    while True:
        at = _after_space(line, at)
        while (part := _PART.match(line, at)) is not None:
            programs |= part[0].startswith(b"`")
            if part.lastgroup == "open":
                return len(line), programs
            at = part.end()
        if at == len(line) or line[at : at + 1] == b"\\":
            return at, programs


def _after_space(line: bytes, at: int) -> int:
    space = _SPACE.match(line, at)
    return space.end() if space else at


def _part(part: re.Match[bytes], variables: Lookup) -> bytes:
    kind = part.lastgroup or "bare"
    text = part[kind]
    if kind == "quoted":
        return _ESCAPE.sub(_unescape, text)
    if kind == "program" or text == b"`":
        raise RefusedError("it runs a program", "write the output instead")
    if kind == "open":
        raise RefusedError("unterminated quoted string", "close the quote on the same line")
    if kind == "test":
        return b"TRUE" if variables.test(text.decode()) else b"FALSE"
    if kind in {"plain", "literal", "identifier"}:
        return _value(part, text.decode(), kind, variables)
    return text


def _value(part: re.Match[bytes], name: str, kind: str, variables: Lookup) -> bytes:
    try:
        value = variables.value(name)
    except RefusedError as refused:
        raise RefusedError(f"the variable {part[0].decode()}: {refused.reason}", refused.todo) from None
    if value is not None:
        quote = {"literal": as_literal, "identifier": as_identifier}.get(kind, str)
        return quote(value).encode()
    is_cast = part.string[part.start() - 1 : part.start()] == b":"
    if variables.is_decided(name) or is_cast or name.isdecimal():
        return part[0]  # psql leaves it as it is; 12:30 is a time of day
    what = f"the variable {part[0].decode()} is not set here"
    raise RefusedError(what, f"\\set it before, or {how_to_set(name)}; a colon that is text goes in single quotes")


def _unescape(escape: re.Match[bytes]) -> bytes:
    text = escape[0]
    if text == b"''":
        return b"'"
    code = text[1:]
    if code[:1].isdigit() and code[:1] < b"8":
        return bytes([int(code, 8) & 0xFF])
    if len(code) > 1:
        return bytes([int(code[1:], 16)])
    return _CONTROL.get(code, code)
