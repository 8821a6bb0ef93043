"""Which files of a build context ``.dockerignore`` keeps out.

Source: https://docs.docker.com/build/concepts/context/#dockerignore-files
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ignore:
    """The patterns in order; the last one that fits a path decides."""

    patterns: tuple[tuple[re.Pattern[str], bool], ...] = ()
    """Each with True for one that keeps out, False for one (``!``) that lets in again."""

    def excludes(self, path: str) -> bool:
        """Whether a file or folder is kept out; ``path`` is relative to the context, with ``/``.

        >>> parse_ignore(["**/*.sql", "!keep/a.sql"]).excludes("keep/a.sql")
        False
        """
        out = False
        for pattern, keeps_out in self.patterns:
            if out != keeps_out and pattern.match(path):
                out = keeps_out
        return out

    @property
    def lets_in_again(self) -> bool:
        """Whether something within an excluded folder may be part of the context after all."""
        return any(not keeps_out for _, keeps_out in self.patterns)


def parse_ignore(lines: Iterable[str]) -> Ignore:
    """The patterns of a ``.dockerignore``."""
    found: list[tuple[re.Pattern[str], bool]] = []
    for line in lines:
        text = line.strip()
        if not text or line.startswith("#"):
            continue
        lets_in = text.startswith("!")
        cleaned = posixpath.normpath(text.removeprefix("!").strip()).strip("/")
        if cleaned not in ("", "."):
            found.append((_compiled(cleaned), not lets_in))
        elif cleaned == "." and not lets_in:
            found.append((re.compile(r"."), True))
    return Ignore(tuple(found))


def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern that fits a path or any folder that the path is in."""
    made = ""
    at = 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            made, at = made + r"(?:[^/]+/)*", at + 3
        elif pattern.startswith("**", at):
            made, at = made + r".*", at + 2
        elif pattern[at] == "*":
            made, at = made + r"[^/]*", at + 1
        elif pattern[at] == "?":
            made, at = made + r"[^/]", at + 1
        elif pattern[at] == "[" and (end := pattern.find("]", at + 2)) > 0:
            made, at = made + pattern[at : end + 1], end + 1
        elif pattern[at] == "\\" and at + 1 < len(pattern):
            made, at = made + re.escape(pattern[at + 1]), at + 2
        else:
            made, at = made + re.escape(pattern[at]), at + 1
    return re.compile(rf"{made}(?:/.*)?\Z")
