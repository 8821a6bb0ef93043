"""On which line of a TOML text each key is.

``tomllib`` gives the values of a file without their places; an error message needs the line. This scanner reads
text that ``tomllib`` has already accepted, so it only has to know where things begin and end, not what is allowed.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

KeyPath = tuple[str | int, ...]
"""Names of tables and keys, and positions in arrays counted from 0: ``("probe", 1, "sql")``."""
Found = tuple[KeyPath, str, str]
"""A problem: the path of a key, what is wrong with it, and what to do."""

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR: Final = re.compile(r"[^,\]}#\r\n]*")
# Three quotes first: an empty string is two of them. Up to two more may be before the closing three.
_STRING: Final = re.compile(
    r"""
    \"{3} (?: [^"\\] | \\. | "{1,2}(?!") )* "{3,5}
    | '{3} (?: [^'] | '{1,2}(?!') )* '{3,5}
    | " (?: [^"\\\n] | \\. )* "
    | ' [^'\n]* '
    """,
    re.DOTALL | re.VERBOSE,
)


def locate(text: str) -> dict[KeyPath, int]:
    """The line, counted from 1, of every table, key and array item in valid TOML.

    A table that several lines open (``[a.b]`` opens ``a`` too) is where it is first named.

    >>> locate('[a]\\nb.c = [\\n  1,\\n]')[("a", "b", "c", 0)]
    3
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


def nearest(lines: Mapping[KeyPath, int], path: KeyPath) -> int:
    """The line of ``path``, else of the innermost thing around it that is in the file, else 1."""
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return 1


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self.items: dict[KeyPath, int] = {}  # arrays of tables: how many items so far
        self._counted_to = 0
        self._line = 1

    def document(self) -> None:
        table: KeyPath = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip(_BLANK)

    def header(self) -> KeyPath:
        line = self.line()
        is_item = self.text.startswith("[[", self.at)
        self.at += 2 if is_item else 1
        names = self.key()
        self.at += 2 if is_item else 1
        path: KeyPath = ()
        for name in names[:-1]:
            path = self.current((*path, name))
            self.lines.setdefault(path, line)
        path = (*path, names[-1])
        self.lines.setdefault(path, line)
        if is_item:
            self.items[path] = self.items.get(path, 0) + 1
        path = self.current(path)
        self.lines.setdefault(path, line)
        return path

    def current(self, path: KeyPath) -> KeyPath:
        """``path``, or its newest item where it is an array of tables."""
        return (*path, self.items[path] - 1) if path in self.items else path

    def pair(self, table: KeyPath) -> None:
        line = self.line()
        names = self.key()
        path = table
        for name in names:
            path = (*path, name)
            self.lines.setdefault(path, line)
        self.at += 1  # the equals sign
        self.skip(_SPACE)
        self.value(path)

    def key(self) -> list[str]:
        """The parts of a dotted key; the position is behind it and its spaces afterwards."""
        names: list[str] = []
        while True:
            self.skip(_SPACE)
            if self.text[self.at] in "\"'":
                names.append(tomllib.loads(f"name = {self.take(_STRING)}")["name"])
            else:
                names.append(self.take(_BARE_KEY))
            self.skip(_SPACE)
            if self.at >= len(self.text) or self.text[self.at] != ".":
                return names
            self.at += 1

    def value(self, path: KeyPath) -> None:
        start = self.text[self.at]
        if start in "\"'":
            self.skip(_STRING)
        elif start == "[":
            self.array(path)
        elif start == "{":
            self.inline_table(path)
        else:
            self.skip(_SCALAR)

    def array(self, path: KeyPath) -> None:
        position = 0
        self.step_in()
        while self.text[self.at] != "]":
            self.lines[(*path, position)] = self.line()
            self.value((*path, position))
            position += 1
            self.step_over_comma()
        self.at += 1

    def inline_table(self, path: KeyPath) -> None:
        self.step_in()
        while self.text[self.at] != "}":
            self.pair(path)
            self.step_over_comma()
        self.at += 1

    def step_in(self) -> None:
        self.at += 1
        self.skip(_BLANK)

    def step_over_comma(self) -> None:
        self.skip(_BLANK)
        if self.text[self.at] == ",":
            self.step_in()

    def skip(self, pattern: re.Pattern[str]) -> None:
        self.take(pattern)

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:  # would mean a fault in this scanner: the text is valid TOML
            message = f"cannot read TOML at offset {self.at}"
            raise ValueError(message)
        self.at = match.end()
        return match.group()

    def line(self) -> int:
        self._line += self.text.count("\n", self._counted_to, self.at)
        self._counted_to = self.at
        return self._line


def absolute(path: Path) -> Path:
    """The path from the root, without ``.`` and ``..``. No link is followed: it must not change which file is meant."""
    return Path(os.path.normpath(path.absolute()))


def shown_path(path: Path, shown_from: Path) -> str:
    """``path`` as people are to see it: relative to ``shown_from``, with ``..`` where it is in another repository.

    A path that leads below ``shown_from`` by the target of a link alone is shown by that target. One that was given relative
    to another folder stays as it was given.
    """
    found = os.path.relpath(path, shown_from)
    if found != "." and not found.startswith(".."):
        return Path(found).as_posix()
    target, base = path.resolve(), shown_from.resolve()
    if target != base and target.is_relative_to(base):
        return target.relative_to(base).as_posix()
    return Path(found).as_posix() if path.is_absolute() else path.as_posix()
