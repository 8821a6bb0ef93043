"""What one file holds: statements as its text shows them, psql's commands and variables, the data of COPY, its lines."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from migration_audit.sources.commands import PsqlCommand


class LineCounter:
    """Line numbers of growing offsets, each byte looked at once."""

    def __init__(self, text: bytes | bytearray, values: Sequence[tuple[int, int]] = ()) -> None:
        """Start at line 1; line breaks within ``values``, given by their offsets, are none of the file's."""
        self._text = text
        self._values = values
        self._restart()

    def _restart(self) -> None:
        self._at = 0
        self._line = 1
        self._passed = 0

    def line(self, offset: int) -> int:
        """The line of the file, counted from 1, at which ``offset`` is or its value was put in."""
        if offset < self._at:
            self._restart()
        while self._passed < len(self._values) and self._values[self._passed][0] < offset:
            start, end = self._values[self._passed]
            self._count_to(start)
            if offset < end:
                return self._line
            self._at = end
            self._passed += 1
        self._count_to(offset)
        return self._line

    def _count_to(self, offset: int) -> None:
        self._line += self._text.count(b"\n", self._at, offset)
        self._at = offset


@dataclass(frozen=True, slots=True)
class Segment:
    """What is between two semicolons that are neither quoted nor commented out."""

    first: int | None
    """Where its first token starts; None if there is nothing but space and comments."""
    last: int
    """Where its last token ends."""
    semicolon: int
    """Where its semicolon is; the length of the text if it has none."""
    ends: bool
    """Whether psql takes that semicolon for the end of a statement."""


@dataclass(frozen=True, slots=True)
class Variable:
    """``:name`` in any of its spellings, where psql looks for a variable of that name and none is set."""

    at: int
    text: str
    in_brackets: bool
    """Between square brackets, where the colon of an array slice is."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A part that ``\\if`` skips."""

    line: int
    """Of its first word."""
    reason: str
    is_assumed: bool
    """Whether ``psql -v`` could change that it is skipped."""


@dataclass(slots=True)
class SqlScript:
    """What one file holds, by offsets into ``text``."""

    text: bytes
    """What reaches the server of the file, with blanks in the place of all else."""
    segments: list[Segment] = field(default_factory=list)
    commands: list[PsqlCommand] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    copies: dict[int, bytes] = field(default_factory=dict)
    """The data of each ``COPY … FROM stdin``, by the offset of its semicolon; see ``unclosed``."""
    unclosed: list[int] = field(default_factory=list)
    """Semicolons of those COPY whose data no line ``\\.`` ends."""
    skipped: list[Skipped] = field(default_factory=list)
    values: list[tuple[int, int]] = field(default_factory=list)
    """From where to where the values of variables reach."""
    conforming: bool = True
    """False once the file has switched ``standard_conforming_strings`` off."""

    def lines(self) -> LineCounter:
        """The lines of the file."""
        return LineCounter(self.text, self.values)

    def values_in(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The parts of ``values`` between two offsets."""
        index = bisect.bisect_right(self.values, start, key=lambda value: value[1])
        while index < len(self.values) and self.values[index][0] < end:
            first, last = self.values[index]
            yield max(first, start), min(last, end)
            index += 1
