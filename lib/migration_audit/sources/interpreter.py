"""psql at work on one file: it runs the commands, keeps the variables and skips what ``\\if`` tells it to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from migration_audit.model.errors import SourceError
from migration_audit.model.location import Location
from migration_audit.sources.arguments import Arguments, read_arguments, skip_arguments
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
                return len(line) if takes_whole_line(name, line[start:]) else skip_arguments(line, start)[0]
            if name == "set":
                return self._set(self._arguments(line, start))
            if name == "unset":
                return self._unset(self._arguments(line, start))
            if name in INCLUDES:
                return self._read_file(command, self._arguments(line, start))
        except RefusedError as error:
            raise refused(command, at, error.reason, error.todo) from None
        end, runs_program = skip_arguments(line, start)
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

    def _arguments(self, line: bytes, start: int) -> Arguments:
        return read_arguments(line, start, self)

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
        end, _ = skip_arguments(line, start)
        condition = line[start:end].decode(errors="replace").strip()
        self.conditions.follow(name, self._at.line, condition, lambda: self._evaluate(line, start))
        return end

    def _evaluate(self, line: bytes, start: int) -> tuple[bool, bool]:
        text = " ".join(self._arguments(line, start).texts)
        value = as_boolean(text)
        if value is None:
            raise RefusedError(f'"{text}" is neither true nor false, and psql reports it', "write true or false")
        return value, self._assumed

    def _set(self, arguments: Arguments) -> int:
        name, *values = arguments.texts or ("",)
        if arguments.texts:  # without any, psql prints its variables
            self._variables.set(name, "".join(values))
            self._follow(name)
        return arguments.end

    def _unset(self, arguments: Arguments) -> int:
        if not arguments.texts:
            raise RefusedError("it does not name a variable", "name one")
        self._variables.unset(arguments.texts[0])
        self._follow(arguments.texts[0])
        return arguments.end

    def _follow(self, name: str) -> None:
        """Keep account of what ``psql -v`` could change."""
        change = self._variables.assumed.add if self._assumed or self.depends else self._variables.assumed.discard
        change(name)

    def _read_file(self, command: PsqlCommand, arguments: Arguments) -> int:
        if command.pending:
            raise RefusedError("it is in the middle of a statement", "end the statement before it with `;`")
        if not arguments.items:
            raise RefusedError("it does not name a file", "write its path, in single quotes if it contains a space")
        self._include(arguments.items[0].without_semicolons(), INCLUDES[command.name], command, self._at)
        return arguments.end
