"""Where something stands in the files of a project."""

from __future__ import annotations

from collections.abc import Mapping
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


Origins = Mapping[tuple[str, str], Location]
"""Which statement made an object: ``(kind, key)`` to the line at which that statement starts."""
