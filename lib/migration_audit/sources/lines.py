"""The lines of a file, where a text that was made of it is not the file's own."""

from __future__ import annotations

from collections.abc import Sequence


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
        """The line of the file, counted from 1, at which ``offset`` stands or its value was put in."""
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
