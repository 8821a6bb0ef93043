"""What a file holds (SQL, psql's commands, data of COPY), and its statements: where each begins, how it is sent."""

from __future__ import annotations

import bisect
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import postgast

from migration_audit.model.errors import SourceError
from migration_audit.model.location import Location
from migration_audit.model.sql import Statement, StatementKind
from migration_audit.sources.commands import PsqlCommand
from migration_audit.sources.variables import how_to_set

_TRANSACTION = re.compile(
    r"(?:begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class StatementSpan:
    """One statement by its offsets: from its first token to the end of its last one."""

    start: int
    end: int
    semicolon: int


def find_pieces(script: SqlScript) -> tuple[list[StatementSpan], bool]:
    """The statements of ``script`` in order, and whether PostgreSQL's parser accepts them all.

    The parser knows best where a statement ends. Where it refuses the text (a mistake, syntax of another version) psql's
    own rule decides, so that one bad statement hides none of the others.
    """
    by_psql = list(_join(script.segments, {segment.semicolon for segment in script.segments if segment.ends}))
    ends = _parser_ends(script)
    if ends is not None and script.copies.keys() <= ends:
        pieces = list(_join(script.segments, ends))
        # psql reads a value on its own, so that it may see a semicolon where the parser sees a comment.
        if not _cuts_through(pieces, script) and (pieces == by_psql or not script.values):
            return pieces, True
    return by_psql, False


def build_statements(
    script: SqlScript, path: str, *, cuts: Collection[int] | None = None, runner: str = "psql"
) -> Iterator[tuple[int, Statement]]:
    """Each statement with the offset at which it starts.

    ``cuts`` are the offsets at which ``runner`` ends a statement by rules of its own. Raises SourceError where
    such a cut goes through a statement, where psql would put a variable that nothing here knows, or where the data of a COPY
    never ends.
    """
    pieces, is_valid = find_pieces(script)
    _refuse_variables(script, pieces, path, is_valid=is_valid)
    _refuse_cuts(script, pieces, path, cuts or (), runner)
    lines = script.lines()
    for piece in pieces:
        at = Location(path, lines.line(piece.start))
        yield piece.start, _statement(script, piece, at)


def _statement(script: SqlScript, piece: StatementSpan, at: Location) -> Statement:
    text = script.text[piece.start : piece.end].decode()
    inserted = tuple(_inserted(script, piece))
    data = script.copies.get(piece.semicolon)
    if data is not None:
        if piece.semicolon in script.unclosed:
            raise SourceError(
                "the data of this COPY … FROM stdin is not terminated", where=str(at), todo=r"end it with a line `\.`"
            )
        return Statement(text=text, at=at, kind=StatementKind.COPY, data=data.decode(), inserted=inserted)
    kind = StatementKind.TRANSACTION if _TRANSACTION.match(text) else StatementKind.SQL
    return Statement(text=text, at=at, kind=kind, inserted=inserted)


def _inserted(script: SqlScript, piece: StatementSpan) -> Iterator[tuple[int, int]]:
    """The line breaks of variables' values in a statement."""
    for start, end in script.values_in(piece.start, piece.end):
        count = script.text.count(b"\n", start, end)
        if count:
            yield script.text.count(b"\n", piece.start, start), count


def _parser_ends(script: SqlScript) -> set[int] | None:
    """The semicolons at which PostgreSQL's parser ends a statement; None where it does not accept the text."""
    if not script.conforming:
        return None
    try:
        found = postgast.split(script.text.decode(), method="parser")
    except postgast.PgQueryError:
        return None
    semicolons = [segment.semicolon for segment in script.segments]
    ends: set[int] = set()
    index = 0
    for statement in found:
        while index < len(semicolons) and script.segments[index].first is None:
            index += 1
        if index == len(semicolons):
            return None
        start = script.segments[index].first or 0
        body = statement.encode()
        if not script.text.startswith(body, start):
            return None
        index = bisect.bisect_left(semicolons, start + len(body))
        if index == len(semicolons):
            return None
        ends.add(semicolons[index])
        index += 1
    rest_is_empty = all(segment.first is None for segment in script.segments[index:])
    return ends if rest_is_empty else None


def _join(segments: list[Segment], ends: Collection[int]) -> Iterator[StatementSpan]:
    """Statements may hold semicolons of their own: ``BEGIN ATOMIC`` bodies, rules with several commands."""
    first: int | None = None
    last = 0
    for segment in segments:
        if segment.first is not None:
            first = segment.first if first is None else first
            last = segment.last
        if first is not None and segment.semicolon in ends:
            yield StatementSpan(first, last, segment.semicolon)
            first = None
        elif first is not None:
            last = min(segment.semicolon + 1, segments[-1].semicolon)
    if first is not None:
        yield StatementSpan(first, last, segments[-1].semicolon)


def _cuts_through(pieces: list[StatementSpan], script: SqlScript) -> bool:
    """Whether a command that psql sees between two statements is inside one of ``pieces``."""
    starts = [piece.start for piece in pieces]
    for command in script.commands:
        index = bisect.bisect_right(starts, command.at) - 1
        if not command.pending and index >= 0 and command.at < pieces[index].end:
            return True
    return False


def _refuse_variables(script: SqlScript, pieces: list[StatementSpan], path: str, *, is_valid: bool) -> None:
    """Refuse what psql would replace; a colon that the parser accepts as it is is SQL (slices, JSON_OBJECT)."""
    starts = [piece.start for piece in pieces]
    checked: dict[int, bool] = {}
    for variable in script.variables:
        if is_valid or variable.in_brackets:
            continue
        index = max(0, bisect.bisect_right(starts, variable.at) - 1)
        if index not in checked:
            checked[index] = _parses(script.text[pieces[index].start : pieces[index].end])
        if not checked[index]:
            name = variable.text.strip(":'\"{?}")
            raise SourceError(
                f"the psql variable {variable.text} is not set here",
                where=f"{path}:{script.lines().line(variable.at)}",
                todo=f"write it out, \\set it, or {how_to_set(name)}",
            )


def _refuse_cuts(script: SqlScript, pieces: list[StatementSpan], path: str, cuts: Collection[int], runner: str) -> None:
    """Refuse a statement that the runner would send in parts; a cut at the end of the file is harmless."""
    starts = [piece.start for piece in pieces]
    for cut in sorted(cuts):
        index = bisect.bisect_left(starts, cut) - 1
        if index >= 0 and starts[index] < cut <= pieces[index].end and cut < len(script.text):
            lines = script.lines()
            first, line = lines.line(starts[index]), lines.line(cut - 1)
            what = f"{runner} ends a statement here, in the middle of the one that begins at line {first}"
            raise SourceError(what, where=f"{path}:{line}", todo=f"mark the end of the statement as {runner} requires")


def _parses(text: bytes) -> bool:
    try:
        postgast.split(text.decode(), method="parser")
    except postgast.PgQueryError:
        return False
    return True


class LineCounter:
    """Line numbers of growing offsets, each byte looked at once."""

    def __init__(self, text: bytes | bytearray, values: Sequence[tuple[int, int]] = ()) -> None:
        """Start at line 1; line breaks within ``values``, given by their offsets, do not count."""
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
