"""What one file holds: statements as its text shows them, psql's commands and variables, the data of COPY."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field

from migration_audit.sources.commands import PsqlCommand
from migration_audit.sources.lines import LineCounter


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
class Variable:
    """``:name`` in any of its spellings, where psql looks for a variable of that name and none is set."""

    at: int
    text: str
    in_brackets: bool
    """Between square brackets, where the colon of an array slice stands."""


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
    """From where to where the values of variables stand."""
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
