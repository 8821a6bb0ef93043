"""goose's parser: one file, line by line."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from migration_audit.formats.chunks import Message, ends_statement, fields, is_blank, refuse_unfinished, scan_lines
from migration_audit.formats.interface import how_to_fill, mark_hint
from migration_audit.formats.lexer import TokenKind, tokens
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied

_LONGEST_LINE = 4 * 1024 * 1024
_UP, _DOWN, _BEGIN, _END = "up", "down", "statementbegin", "statementend"
_NO_TRANSACTION, _ON, _OFF = "no transaction", "envsub on", "envsub off"
_ANNOTATIONS = frozenset({_UP, _DOWN, _BEGIN, _END, _NO_TRANSACTION, _ON, _OFF})


class _Block(Enum):
    """Whether a block of StatementBegin and StatementEnd is open."""

    NONE = 0
    OPEN = 1
    ENDED = 2
    """Its StatementEnd was the last annotation; an empty block takes the next line along."""


@dataclass(slots=True)
class GooseReader:
    """One file; ``read`` fills the rest. ``values`` are those of variables."""

    text: bytes
    shown: str
    values: Mapping[str, str]
    ups: list[Message] = field(default_factory=list)
    left: list[NotApplied] = field(default_factory=list)
    in_transaction: bool = True
    _section: str = ""
    """``up``, ``down``, or nothing before ``-- +goose Up``."""
    _block: _Block = _Block.NONE
    _substitutes: bool = False
    _open: Message | None = None
    _begun: int = 0
    """The line of the open block's annotation."""
    _down: tuple[int, list[bytes]] = field(default_factory=lambda: (0, []))
    """The line of the Down annotation, and what follows it."""

    def read(self) -> GooseReader:
        """Read the whole file; raises SourceError where goose refuses it."""
        for number, line in enumerate(scan_lines(self.text, _LONGEST_LINE, self.shown, "goose")):
            self._line(number, line)
        if not self._section:
            raise self._error(
                0, "the line `-- +goose Up`, which goose requires, is missing", "begin the file with `-- +goose Up`"
            )
        if self._block is _Block.OPEN:
            raise self._error(self._begun, "no `-- +goose StatementEnd` follows", "end the block")
        self._close_up()
        if next(tokens(b"\n".join(self._down[1])), None) is not None:
            self.left.append(NotApplied(path=self.shown, line=self._down[0] + 1, reason="down section"))
        return self

    def refuse_open_transactions(self) -> None:
        """Raise SourceError where a message leaves a transaction open; the next one would not be in it."""
        for chunk in self.ups:
            words, is_start, is_open = list(tokens(chunk.sent)), True, False
            for token in words:
                word = chunk.sent[token.start : token.end].lower()
                if is_start and token.kind is TokenKind.WORD and word in {b"begin", b"start"}:
                    is_open = True
                elif is_start and word in {b"commit", b"end", b"rollback", b"abort"}:
                    is_open = False
                is_start = token.kind is TokenKind.SEMICOLON
            if is_open:
                what = "goose's driver drops a connection with an open transaction, so COMMIT is never reached"
                todo = "put BEGIN and COMMIT into one block of StatementBegin and StatementEnd, or remove NO TRANSACTION"
                raise self._error(chunk.first, what, todo)

    def _line(self, number: int, line: bytes) -> None:
        if not self._section and is_blank(line):
            return
        is_comment = (fields(line) or [""])[0].startswith("--")
        if is_comment and b"+goose" in line and not self._annotation(number, line):
            return
        if self._open is None and (is_comment or not line):
            return
        if not self._section:
            what = f"SQL before `-- +goose Up`, which goose rejects{'' if number else mark_hint(self.text)}"
            raise self._error(number, what, "move it below the annotation")
        if self._section == "down":
            if self._block is not _Block.ENDED:  # there goose reads no variables until the next block
                line = self._substituted(number, line, is_applied=False)
            self._down[1].append(line)
        elif self._block is _Block.ENDED:
            self._end_block(number, line)
        else:
            self._open = self._open or Message(number)
            line = self._substituted(number, line, is_applied=True)
            self._open.lines.append(line)
            if self._block is _Block.NONE and ends_statement(line):
                self._end()

    def _end_block(self, number: int, line: bytes) -> None:
        """The end of a block; of an empty one goose notices it at the next line, which it loses."""
        if self._open is None and next(tokens(line), None) is not None:
            reason = "ignored: goose drops the line after an empty block"
            self.left.append(NotApplied(path=self.shown, line=number + 1, reason=reason, by_rule=False))
        self._block = _Block.NONE
        self._end()

    def _end(self) -> None:
        if self._open:
            self.ups.append(self._open)
        self._open = None

    def _annotation(self, number: int, line: bytes) -> bool:
        """Follow an annotation; True where the line is then looked at further, as StatementEnd's is."""
        command = self._command(number, line)
        if command == _UP:
            if self._section:
                raise self._error(number, "a second `-- +goose Up`, which goose rejects", "leave it out")
            self._section = "up"
        elif command == _DOWN:
            if self._section != "up" or self._block is _Block.OPEN:
                raise self._error(number, "`-- +goose Down` has to follow `-- +goose Up`", "order the annotations")
            self._close_up()
            self._section, self._block, self._down = "down", _Block.NONE, (number, [])
        elif command == _BEGIN:
            if not self._section or self._block is _Block.OPEN:
                what = "`-- +goose StatementBegin` has to follow Up or Down, and no other block may be open"
                raise self._error(number, what, "order the annotations")
            self._block, self._begun = _Block.OPEN, number
        elif command == _END:
            if self._block is not _Block.OPEN:
                raise self._error(number, "no `-- +goose StatementBegin` precedes this", "leave it out")
            self._block = _Block.ENDED
            return True
        elif command == _NO_TRANSACTION:
            self.in_transaction = False
        else:
            self._substitutes = command == _ON
        return False

    def _command(self, number: int, line: bytes) -> str:
        text = line.decode(errors="replace")
        rest = text.replace("--", "").replace("+goose", "", 1)
        command = rest.strip().lower()
        if text[0] in " \t" or "+goose" in rest or command not in _ANNOTATIONS:
            what = f"`{text[:60].strip()}` is not an annotation of goose, which rejects the file"
            todo = "write it at the start of the line: `-- +goose Up`, Down, StatementBegin, StatementEnd, NO TRANSACTION"
            raise self._error(number, what, f"{todo}, ENVSUB ON or ENVSUB OFF; or reword the comment")
        return command

    def _substituted(self, number: int, line: bytes, *, is_applied: bool) -> bytes:
        if not self._substitutes:
            return line
        unknown: list[str] = []

        def lookup(name: str) -> str | None:
            if name not in self.values:
                unknown.append(name)
            return self.values.get(name)

        try:
            value = substitute(line.decode(), lookup)
        except UnicodeDecodeError:
            return line  # the loader refuses it with its line
        except SubstitutionError as error:
            if not unknown or is_applied is False:
                what = f"goose cannot replace the variables of this line: {error}"
                todo = "correct it, or end the part with `-- +goose ENVSUB OFF`"
                raise self._error(number, what, todo) from None
            value = ""
        if unknown and is_applied:
            what = f"the value of ${unknown[0]} is unknown: goose reads it from its environment"
            raise self._error(number, what, how_to_fill(unknown[0]))
        if "\n" in value or "\r" in value.removesuffix("\r"):
            raise self._error(number, "a value contains a line break", "use a value without line breaks")
        return value.encode()

    def _close_up(self) -> None:
        if self._section == "up":
            refuse_unfinished(self._open, self.shown, "goose")
        self._open = None

    def _error(self, number: int, what: str, todo: str) -> SourceError:
        return SourceError(what, where=f"{self.shown}:{number + 1}", todo=todo)


Lookup = Callable[[str], str | None]
"""A variable's value; None where it is not set."""


class SubstitutionError(ValueError):
    """The text cannot be read, for the reason in the message."""


def substitute(text: str, lookup: Lookup) -> str:
    """``text`` with the values of its variables, as ``ENVSUB ON`` replaces them; raises SubstitutionError.

    The grammar is that of https://github.com/mfridman/interpolate (parser.go, interpolate.go): ``$$`` and a backslash before
    it are a dollar sign, ``$(`` stays, and a name begins with a letter.

    >>> substitute("create role ${name:-app}; -- $$5", {}.get)
    'create role app; -- $5'
    """
    return _Reader(text, lookup).read("")


class _Reader:
    def __init__(self, text: str, lookup: Lookup) -> None:
        self._text = text
        self._lookup = lookup
        self._at = 0

    def read(self, stop: str) -> str:
        """Everything up to a character of ``stop``, or to the end."""
        parts: list[str] = []
        while self._peek() and self._peek() not in stop:
            two = self._text[self._at : self._at + 2]
            if two in {"\\\\", "$("}:
                self._at += 2
                parts.append(two)
            elif two in {"\\$", "$$"}:
                self._at += 2
                parts.append("$")
            elif two[0] == "$" and len(two) == 2:
                self._at += 1
                parts.append(self._variable())
            else:
                self._at += 1
                parts.append(two[0] + self._until(lambda c: c in "$\\" + stop))
        return "".join(parts)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _until(self, ends: Callable[[str], bool]) -> str:
        start = self._at
        while self._at < len(self._text) and not ends(self._text[self._at]):
            self._at += 1
        return self._text[start : self._at]

    def _variable(self) -> str:
        if self._peek() != "{":
            return self._lookup(self._name()) or ""
        self._at += 1
        name = self._name()
        operator = self._peek()
        self._at += 1
        if operator == "}":
            return self._lookup(name) or ""
        if operator == ":" and self._peek() == "-":
            self._at += 1
            operator = ":-"
        value = self._braced(name, operator)
        if self._peek() != "}":
            raise SubstitutionError(f"the brace of ${{{name} is not closed")
        self._at += 1
        return value

    def _name(self) -> str:
        if not self._peek().isalpha():
            raise SubstitutionError(f"a variable's name must begin with a letter, not with {self._peek() or 'nothing'}")
        return self._until(lambda c: not (c.isalpha() or c == "_" or unicodedata.category(c).startswith("N")))

    def _braced(self, name: str, operator: str) -> str:
        value = self._lookup(name)
        if operator == ":":
            return self._slice(value or "")
        if operator not in {":-", "-", "?"}:
            raise SubstitutionError(f"${{{name} is followed by {operator or 'nothing'}, and not by }}, :-, -, : or ?")
        other = self.read("}")
        if operator == ":-":
            return value or other
        if value is not None:
            return value
        if operator == "?":
            raise SubstitutionError(f"${name}: {other or 'not set'}")
        return other

    def _slice(self, value: str) -> str:
        """``:offset`` or ``:offset:length`` behind the name, in bytes; negative numbers count from the end."""
        data = value.encode()
        start = self._number(":}")
        start = min(max(start + len(data) if start < 0 else start, 0), len(data))
        if self._peek() == "}":
            return data[start:].decode(errors="replace")
        self._at += 1
        length = self._number("}")
        end = length + start if length >= 0 else max(length + len(data), start)
        return data[start : min(end, len(data))].decode(errors="replace")

    def _number(self, stop: str) -> int:
        digits = self._until(lambda c: c in stop).strip()
        try:
            return int(digits)
        except ValueError:
            raise SubstitutionError(f"{digits or 'nothing'} is not a number") from None
