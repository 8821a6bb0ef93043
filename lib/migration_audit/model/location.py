"""Where something is in the files of a project."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A line of a file: ``path`` relative to where the source's root was named, ``line`` counted from 1.

    Where a command made something, ``path`` names the command and ``line`` is 0.
    """

    path: str
    line: int = 0

    def __str__(self) -> str:
        """``path:line``, as editors and terminals understand it; without a line, ``path`` alone."""
        return f"{self.path}:{self.line}" if self.line else self.path


LineStarts = Sequence[tuple[int, int]]
"""``(offset, line)``: from this offset of a text on, the line of the file; in order."""


def line_at(text: str | bytes, offset: int) -> int:
    r"""The line, counted from 1, of an offset into the text of a file.

    >>> line_at("a\nb", 2), line_at(b"a\nb", 0)
    (2, 1)
    """
    return (text.count("\n", 0, offset) if isinstance(text, str) else text.count(b"\n", 0, offset)) + 1


def line_starts(text: str, first: int = 1) -> list[tuple[int, int]]:
    r"""Where each line of a text begins that begins in line ``first`` of its file.

    >>> line_starts("a\nb", 7)
    [(0, 7), (2, 8)]
    """
    return [(at, first + number) for number, at in enumerate((0, *(match.end() for match in re.finditer("\n", text))))]


def line_in(starts: LineStarts, offset: int, default: int = 1) -> int:
    """The line of the file at an offset of a text that was made of parts of it; ``default`` where it has no lines.

    >>> line_in([(0, 3), (5, 9)], 4), line_in([(0, 3), (5, 9)], 5)
    (3, 9)
    """
    at = bisect_right(starts, offset, key=lambda start: start[0]) - 1
    return starts[max(at, 0)][1] if starts else default
