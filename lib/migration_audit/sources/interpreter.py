"""psql at work on one file: it runs the commands, keeps the variables and skips what ``\\if`` excludes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from migration_audit.model.errors import SourceError
from migration_audit.model.location import Location
from migration_audit.sources.commands import (
    BRANCHES,
    INCLUDES,
    Conditions,
    PsqlCommand,
    check_command,
    check_skipped,
    refused,
    takes_whole_line,
)
from migration_audit.sources.variables import RefusedError, Variables, as_boolean, as_identifier, as_literal, how_to_set

Include = Callable[[str, bool, PsqlCommand, Location], None]
"""Reads the file of ``\\i`` or, where the second argument says so, of ``\\ir``."""


class Replacement(NamedTuple):
    """What psql puts in the place of a variable."""

    name: str
    value: str
    is_read_again: bool
    """Whether psql looks for variables and commands in it, as in the value of ``:name``."""


class Interpreter:
    """One file in a session of psql."""

    def __init__(self, path: str, variables: Variables, include: Include, *, depends: bool = False) -> None:
        """``path`` is the file as people see it; ``variables`` are those of the session, which outlive the file.

        ``depends`` says whether ``psql -v`` could change that the file is included.
        """
        self.path: Final = path
        self.conditions: Final = Conditions()
        self.notes: Final[list[str]] = []
        """What was assumed."""
        self._variables = variables
        self._include = include
        self._at = Location(path, 1)
        self._is_included_by_chance = depends
        self._assumed = False
        self._missing = ""

    @property
    def depends(self) -> bool:
        """Whether ``psql -v`` could change that psql runs what is being read."""
        return self._is_included_by_chance or self.conditions.depends

    def run(self, command: PsqlCommand, line: bytes, start: int, at: Location) -> int:
        """Run the command whose arguments begin at ``start`` of ``line``, and return where in the line it ends.

        Raises SourceError for what cannot be done as psql does it.
        """
        self._at = at
        self._assumed = False
        name = command.name
        try:
            if name in BRANCHES:
                return self._branch(name, line, start)
            if not self.conditions.active:
                check_skipped(command, at)
                return len(line) if takes_whole_line(name, line[start:]) else _skip_arguments(line, start)[0]
            if name == "set":
                return self._set(self._arguments(line, start))
            if name == "unset":
                return self._unset(self._arguments(line, start))
            if name in INCLUDES:
                return self._read_file(command, self._arguments(line, start))
        except RefusedError as error:
            raise refused(command, at, error.reason, error.todo) from None
        end, runs_program = _skip_arguments(line, start)
        if self._missing and name in {"q", "quit"}:  # what a script does that misses a variable
            raise refused(
                command, at, f"it ends the file early, because {self._missing} is not set", how_to_set(self._missing)
            )
        check_command(command, at, runs_program=runs_program)
        return len(line) if takes_whole_line(name, line[start:]) else end

    def replacement(self, text: str) -> Replacement | None:
        """What psql puts in the place of ``text``, a variable in any of its spellings; None where it leaves it.

        Raises RefusedError where only psql knows.
        """
        name = text.strip(":'\"{?}")
        value = self._variables.value(name)
        if text.startswith(":{"):
            known = value is not None or self._variables.is_decided(name)
            return Replacement(name, "FALSE" if value is None else "TRUE", is_read_again=False) if known else None
        if value is None:
            return None
        quote = {"'": as_literal, '"': as_identifier}.get(text[1])
        return Replacement(name, quote(value) if quote else value, is_read_again=quote is None)

    def finish(self) -> None:
        """Raise SourceError where the file leaves an ``\\if`` open."""
        if self.conditions.unclosed is not None:
            where = f"{self.path}:{self.conditions.unclosed}"
            raise SourceError("this \\if has no \\endif", where=where, todo="close it in the same file")

    def _arguments(self, line: bytes, start: int) -> _Arguments:
        return _read_arguments(line, start, self)

    def is_decided(self, name: str) -> bool:
        """Whether the script or audit.toml has set or unset a variable."""
        return self._variables.is_decided(name)

    def value(self, name: str) -> str | None:
        """The value of a variable that an argument names; None where it is not set. Raises RefusedError."""
        self._assumed |= name in self._variables.assumed
        return self._variables.value(name)

    def test(self, name: str) -> bool:
        """``:{?name}``. A variable that is not assigned is not set: psql runs with the variables of audit.toml."""
        try:
            is_set = self.value(name) is not None
        except RefusedError as error:
            raise RefusedError(f"the variable :{{?{name}}}: {error.reason}", error.todo) from None
        if not is_set and not self._variables.is_decided(name):
            self._assumed = True
            self._missing = name
            self.notes.append(f"{self._at}: :{{?{name}}} is false, because nothing sets {name}; else {how_to_set(name)}")
        return is_set

    def _branch(self, name: str, line: bytes, start: int) -> int:
        end, _ = _skip_arguments(line, start)
        condition = line[start:end].decode(errors="replace").strip()
        self.conditions.follow(name, self._at.line, condition, lambda: self._evaluate(line, start))
        return end

    def _evaluate(self, line: bytes, start: int) -> tuple[bool, bool]:
        text = " ".join(self._arguments(line, start).texts)
        value = as_boolean(text)
        if value is None:
            raise RefusedError(f'"{text}" is neither true nor false, and psql reports it', "write true or false")
        return value, self._assumed

    def _set(self, arguments: _Arguments) -> int:
        name, *values = arguments.texts or ("",)
        if arguments.texts:  # without any, psql prints its variables
            self._variables.set(name, "".join(values))
            self._follow(name)
        return arguments.end

    def _unset(self, arguments: _Arguments) -> int:
        if not arguments.texts:
            raise RefusedError("it does not name a variable", "name one")
        self._variables.unset(arguments.texts[0])
        self._follow(arguments.texts[0])
        return arguments.end

    def _follow(self, name: str) -> None:
        """Keep account of what ``psql -v`` could change."""
        change = self._variables.assumed.add if self._assumed or self.depends else self._variables.assumed.discard
        change(name)

    def _read_file(self, command: PsqlCommand, arguments: _Arguments) -> int:
        if command.pending:
            raise RefusedError("it is in the middle of a statement", "end the statement before it with `;`")
        if not arguments.items:
            raise RefusedError("it does not name a file", "write its path, in single quotes if it contains a space")
        self._include(arguments.items[0].without_semicolons(), INCLUDES[command.name], command, self._at)
        return arguments.end


@dataclass(frozen=True, slots=True)
class _Argument:
    """One argument."""

    text: str
    bare: int
    """How many characters at its end stood outside of quotes and variables: of those psql may drop semicolons."""

    def without_semicolons(self) -> str:
        """``a.sql`` of ``a.sql;``, as the commands that name a file or an object take it."""
        kept, end = self.text[: len(self.text) - self.bare], self.text[len(self.text) - self.bare :]
        return kept + end.rstrip(";")


@dataclass(frozen=True, slots=True)
class _Arguments:
    """What a command was given."""

    items: tuple[_Argument, ...]
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


def _read_arguments(line: bytes, at: int, variables: Interpreter) -> _Arguments:
    """The arguments from ``at`` to the next command or the end of ``line``.

    Raises RefusedError for an unclosed quote, at which psql drops the argument, for a
    program in backquotes, and for a variable whose value is unknown.
    """
    items: list[_Argument] = []
    while True:
        at = _after_space(line, at)
        if at == len(line) or line[at : at + 1] == b"\\":
            return _Arguments(tuple(items), at)
        value = bytearray()
        bare = 0
        while (part := _PART.match(line, at)) is not None:
            text = _part(part, variables)
            value += text
            bare = bare + len(text.decode(errors="replace")) if part.lastgroup == "bare" else 0
            at = part.end()
        try:
            items.append(_Argument(value.decode(), bare))
        except UnicodeDecodeError:
            raise RefusedError("an escape makes its value invalid UTF-8", "write the character itself") from None


def _skip_arguments(line: bytes, at: int) -> tuple[int, bool]:
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


def _part(part: re.Match[bytes], variables: Interpreter) -> bytes:
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


def _value(part: re.Match[bytes], name: str, kind: str, variables: Interpreter) -> bytes:
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
