"""What is at a path of an image or container, and how a shell's tests of files answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from migration_audit.artifacts.shell.parse import ShellScript


class PathKind(StrEnum):
    """What there is."""

    FILE = "file"
    FOLDER = "folder"
    SOMETHING = "something"
    """One of these."""
    NOTHING = "nothing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathState:
    """What is at a path."""

    kind: PathKind
    why: str = ""
    """Of something unknown: what keeps it so."""
    is_empty: bool | None = None
    """Of a file; None where it is unknown."""
    mode: int | None = None
    """Of a file: its permissions; None where it is unknown."""

    def answers(self, operator: str) -> bool | None:
        """How ``[ operator path ]`` answers; None where it takes a run to know.

        Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/test.html
        """
        if self.kind is PathKind.NOTHING:
            return False
        answers = {PathKind.SOMETHING: _OF_ANYTHING, PathKind.FOLDER: _OF_FOLDERS, PathKind.FILE: self._of_file()}
        return answers.get(self.kind, {}).get(operator)

    def _of_file(self) -> dict[str, bool | None]:
        mode = self.mode
        # Who runs the test is not known; what everybody may read is readable.
        is_readable = True if mode is not None and mode & 0o444 == 0o444 else None
        is_executable = bool(mode & 0o111) if mode is not None else None
        has_text = None if self.is_empty is None else not self.is_empty
        return {**_OF_ANYTHING, "-f": True, "-d": False, "-s": has_text, "-r": is_readable, "-x": is_executable}


_NEITHER: Final = frozenset({"-b", "-c", "-p", "-S", "-L", "-h"})
"""Tests for what COPY and mkdir never make; links are followed, and reported as what they lead to."""
_OF_ANYTHING: Final[dict[str, bool | None]] = {"-e": True, "-a": True, **dict.fromkeys(_NEITHER, False)}
_OF_FOLDERS: Final[dict[str, bool | None]] = {**_OF_ANYTHING, "-f": False, **dict.fromkeys(("-d", "-s", "-r", "-x"), True)}
FILE_TESTS: Final = frozenset({"-e", "-f", "-d", "-s", "-x", "-r", *_NEITHER})

NOTHING: Final = PathState(kind=PathKind.NOTHING)
FOLDER: Final = PathState(kind=PathKind.FOLDER)


Lookup = Callable[[str], "ShellScript | str | None"]
"""The script at a path of the image: itself, why it is unknown, or None where no file of the project brings it."""


class Paths(Protocol):
    """Answers for the absolute paths of an image or container."""

    def text(self, path: str, /) -> ShellScript | str | None:
        """The script at ``path``, why it is unknown, or None where no file of the project brings it."""

    def standing(self, path: str, /) -> PathState:
        """What is at ``path``."""

    def replaced(self, path: str, /) -> str | None:
        """Why a file that the project brings may have another text at ``path``; None where nothing replaces it."""

    def names(self, pattern: str, /) -> tuple[str, ...]:
        """Paths that certainly fit a pattern with wildcards in its last part, sorted; there may be others."""


def unknown(why: str) -> PathState:
    """Something that cannot be known, and why."""
    return PathState(kind=PathKind.UNKNOWN, why=why)


@dataclass(frozen=True, slots=True)
class Texts:
    """Scripts of which no more is known than their text."""

    text: Lookup

    def standing(self, _: str, /) -> PathState:
        """It cannot be known."""
        return unknown("")

    def replaced(self, _: str, /) -> str | None:
        """Nothing is known to replace a file."""
        return None

    def names(self, _: str, /) -> tuple[str, ...]:
        """None for certain."""
        return ()
