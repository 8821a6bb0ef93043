"""One file as psql reads it: where statements may end, psql's own commands and variables, the data of COPY.

``psql -f`` decides where a statement ends without parsing it, by the rules of its ``psqlscan.l``; so does this module.
What psql keeps from the server (its commands, what ``\\if`` skips, the data of COPY) is blanked out of the text, and the
values of its variables are in the place of their names; ``Script.lines`` knows the file's line of every offset.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from migration_audit.formats.lexer import CONFORMING, LEGACY, SqlToken, TokenKind
from migration_audit.model.errors import SourceError
from migration_audit.model.location import Location
from migration_audit.sources.commands import PsqlCommand
from migration_audit.sources.feed import Feed
from migration_audit.sources.interpreter import Interpreter, Replacement
from migration_audit.sources.statements import LineCounter, Segment, Skipped, SqlScript, Variable
from migration_audit.sources.variables import RefusedError

_MOST_NESTED, _MOST_NESTED_SIZE = 10_000, 64 * 2**20
"""Values within values in one file, and their bytes: variables that name each other twice grow without end."""

_COMMAND_NAME = re.compile(rb"[^\s\\]*")
_STRINGS_SETTING = re.compile(
    rb"(?:set\s+(?:session\s+|local\s+)?standard_conforming_strings\s*(?:=|\s+to\s)\s*'?(\w+)'?"
    rb"|reset\s+(?:standard_conforming_strings|all))\s*\Z",
    re.IGNORECASE,
)
_DECIDING = 5
"""Words of a statement that say what it is: ``create or replace function f``."""
_ROUTINE = re.compile(r"create (?:or replace )?(?:function|procedure)\b")


def read_script(data: bytes, psql: Interpreter | None = None) -> SqlScript:
    """Everything that ``data`` (UTF-8 without a byte order mark) holds.

    Without ``psql`` nothing reads the text before the server does: backslash commands and ``:variables`` are plain text, and
    nothing fails. With it, they mean what they mean to psql; raises SourceError, with the line, for what cannot be done so.
    """
    return _Reader(data, psql).read()


@dataclass(slots=True)
class _Skip:
    """The part that is being skipped."""

    branch: tuple[int, int]
    start: int
    reason: str
    is_assumed: bool
    first: int | None = None
    """Where its first word is."""


class _Reader:
    """psql's state while it reads a file."""

    def __init__(self, data: bytes, psql: Interpreter | None) -> None:
        self._feed = Feed(data)
        self._psql = psql
        self._script = SqlScript(b"", values=self._feed.values)
        self._lines = LineCounter(self._feed.text, self._feed.values)
        self._pattern = CONFORMING
        self._skip: _Skip | None = None
        self._first: int | None = None
        self._last = 0
        self._start_statement()

    def _start_statement(self) -> None:
        self._pending: int | None = None
        self._has_text = False
        self._parens = 0
        self._brackets = 0
        self._bodies = 0
        self._words: list[str] = []
        self._previous = ""
        self._is_routine = False
        self._is_copy = False

    def read(self) -> SqlScript:
        actions: dict[TokenKind, Callable[[SqlToken], None]] = {
            **dict.fromkeys(TokenKind, self._solid),
            **dict.fromkeys((TokenKind.OPEN, TokenKind.CLOSE, TokenKind.SQUARE, TokenKind.UNSQUARE), self._bracket),
            TokenKind.WORD: self._word,
            TokenKind.SEMICOLON: self._semicolon,
            TokenKind.COMMENT: self._comment,
        }
        if self._psql:
            actions |= {TokenKind.BACKSLASH: self._backslash, TokenKind.VARIABLE: self._variable}
        feed = self._feed
        while True:
            if self._has_all_words and self._skip is None and (solid := feed.next_solid()) is not None:
                self._solid(solid)
            if (token := feed.next(self._pattern)) is None:
                break
            if self._skip is None or token.kind is TokenKind.BACKSLASH:
                actions[token.kind](token)
            elif self._skip.first is None and token.kind is not TokenKind.COMMENT:
                self._skip.first = token.start
        if self._psql is not None:
            self._psql.finish()
        self._end_segment(len(feed.text), ends=True)
        self._script.text = bytes(feed.text)
        return self._script

    @property
    def _has_all_words(self) -> bool:
        """Whether the words that follow in this statement decide nothing."""
        words = self._words
        return len(words) >= _DECIDING and not self._is_routine and words[0] != "copy" and self._pattern is CONFORMING

    def _comment(self, token: SqlToken) -> None:
        """psql drops a ``--`` comment before a statement, and keeps all others."""
        self._has_text |= self._feed.text.startswith(b"/*", token.start)

    def _solid(self, token: SqlToken) -> None:
        if self._first is None:
            self._first = token.start
        if self._pending is None:
            self._pending = token.start
        self._last = token.end
        self._previous = ""

    def _bracket(self, token: SqlToken) -> None:
        kind = token.kind
        self._parens = max(0, self._parens + (kind is TokenKind.OPEN) - (kind is TokenKind.CLOSE))
        self._brackets = max(0, self._brackets + (kind is TokenKind.SQUARE) - (kind is TokenKind.UNSQUARE))
        self._solid(token)

    def _variable(self, token: SqlToken) -> None:
        text = self._text(token)
        new = self._replacement(text, token.start) if self._psql else None
        if new is None:
            self._script.variables.append(Variable(token.start, text, self._brackets > 0))
            self._solid(token)
        elif new.is_read_again:
            self._feed.enter(token, new.name, new.value.encode())
        else:
            self._solid(self._feed.replace(token, new.value.encode()))

    def _replacement(self, text: str, at: int) -> Replacement | None:
        psql = self._psql
        try:
            new = psql.replacement(text) if psql else None
        except RefusedError as error:
            raise self._error(at, f"the psql variable {text} is not set here: {error.reason}", error.todo) from None
        if new is not None and new.is_read_again and new.name in self._feed.within:
            what = f"the value of the psql variable {new.name} refers to {text} again"
            raise self._error(at, what, "write the value out")
        if self._feed.nested > _MOST_NESTED or self._feed.nested_size > _MOST_NESTED_SIZE:
            what = f"psql variables that name other variables grow beyond {_MOST_NESTED:,} values here"
            raise self._error(at, what, "write their values out")
        return new

    def _word(self, token: SqlToken) -> None:
        words, previous = self._words, self._previous
        self._solid(token)
        if len(words) >= _DECIDING and not self._is_routine and words[0] != "copy":
            return
        word = self._text(token).lower()
        self._previous = word
        if len(words) < _DECIDING:
            words.append(word)
            self._is_routine = words[0] == "create" and _ROUTINE.match(" ".join(words)) is not None
        if self._parens == 0:
            self._follow_body(previous, word)
            self._is_copy |= words[0] == "copy" and (previous, word) == ("from", "stdin")

    def _follow_body(self, previous: str, word: str) -> None:
        """Count ``BEGIN ATOMIC`` and CASE against END: the semicolons of such a body end no statement."""
        if not self._is_routine:
            return
        if (previous, word) == ("begin", "atomic") or (word == "case" and self._bodies):
            self._bodies += 1
        elif word == "end":
            self._bodies = max(0, self._bodies - 1)

    def _semicolon(self, token: SqlToken) -> None:
        ends = self._parens == 0 and self._bodies == 0
        self._end_segment(token.start, ends=ends)
        if ends:
            if self._is_copy:
                self._take_copy_data(token.start)
            elif self._words[:1] in (["set"], ["reset"]) and self._pending is not None:
                self._follow_setting(bytes(self._feed.text[self._pending : token.start]))
            self._start_statement()

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
        """The data begins on the next line, whatever else is on this one."""
        data, is_closed = self._feed.take_copy_data()
        self._script.copies[semicolon] = data
        if not is_closed:
            self._script.unclosed.append(semicolon)

    def _backslash(self, token: SqlToken) -> None:
        feed = self._feed
        if self._psql is not None and (feed.follows(b":") or (self._skip is not None and feed.follows(b";"))):
            plain = feed.drop(token)  # a colon that begins no variable
            if self._skip is None:
                self._solid(plain)
            return
        if feed.within:
            what = f"the value of the psql variable {feed.within[-1]} contains a backslash command"
            raise self._error(token.start, what, "write the command itself into the file")
        line = feed.rest_of_line()
        name = _COMMAND_NAME.match(line)
        start = name.end() if name else 0
        command = PsqlCommand(
            at=token.start,
            name=line[:start].decode(errors="replace"),
            rest=line[start:].decode(errors="replace").strip(),
            pending=self._pending is not None,
        )
        stop = len(line)
        if self._psql is not None:
            stop = self._psql.run(command, line, start, Location(self._psql.path, self._line(token.start)))
            stop = self._after_separator(token, line, stop)
        feed.take(token, stop)
        self._script.commands.append(command)
        self._follow_branch(token.start)

    def _after_separator(self, token: SqlToken, line: bytes, stop: int) -> int:
        """Where the line goes on: ``\\\\`` ends a command.

        In the middle of a statement psql appends what follows to the line before, without a space, and perhaps to the
        comment at its end.
        """
        if not line.startswith(b"\\\\", stop):
            return stop
        is_read = self._psql is None or self._psql.conditions.active
        if line[stop + 2 :].strip() and is_read and (self._has_text or self._pending is not None):
            what = "SQL follows a psql command on the same line, in the middle of a statement"
            raise self._error(token.start, what, "put the command on a separate line")
        return stop + 2

    def _follow_branch(self, command: int) -> None:
        """Leave the part that was skipped up to ``command``, and start the one that is skipped behind it."""
        if self._psql is None:
            return
        conditions = self._psql.conditions
        skip = self._skip
        if conditions.skipped == (skip.branch if skip else None):
            return
        if skip is not None:
            self._feed.blank(skip.start, command)
            if skip.first is not None:
                self._script.skipped.append(Skipped(self._line(skip.first), skip.reason, skip.is_assumed))
        self._skip = None
        if conditions.skipped is not None:
            end = len(self._feed.text)
            self._skip = _Skip(conditions.skipped, end, conditions.reason, conditions.is_assumed)

    def _text(self, token: SqlToken) -> str:
        return self._feed.text[token.start : token.end].decode(errors="replace")

    def _line(self, at: int) -> int:
        return self._lines.line(self._feed.place(at))

    def _error(self, at: int, what: str, todo: str) -> SourceError:
        path = self._psql.path if self._psql else ""
        return SourceError(what, where=f"{path}:{self._line(at)}", todo=todo)
