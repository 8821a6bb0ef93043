"""go.mod and go.sum."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migration_audit.model.code import LibraryDependency
from migration_audit.model.location import Location


def go_mod(text: str, path: str) -> Iterator[LibraryDependency]:
    """Every module of ``require``, ``replace`` and ``tool``, with and without its major version (``/v4``)."""
    if not re.search(r"(?m)^\s*module\s", text):
        raise ValueError("it has no `module` line")
    block = ""
    for number, line in enumerate(text.splitlines(), start=1):
        words = re.sub(r"//.*", "", line).replace('"', "").split()
        if not words:
            continue
        if words[-1] == "(":
            block = words[0]
        elif words == [")"]:
            block = ""
        elif block or words[0] in {"require", "replace", "tool", "exclude"}:
            verb, rest = (block, words) if block else (words[0], words[1:])
            if verb in {"require", "replace", "tool"}:
                for name, version in _modules(rest):
                    yield from _both(name, verb, version, Location(path, number))


def go_sum(text: str, path: str) -> Iterator[LibraryDependency]:
    """Every module of which go.sum holds a checksum."""
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if words and len(words) != 3:
            raise ValueError(f"line {number} is not a checksum")
        if words:
            yield from _both(words[0], "checksums", words[1].removesuffix("/go.mod"), Location(path, number))


def _modules(words: list[str]) -> Iterator[tuple[str, str]]:
    left, right = (words[: words.index("=>")], words[words.index("=>") + 1 :]) if "=>" in words else (words, [])
    for side in (left, right):
        if side:
            yield side[0], side[1] if len(side) > 1 else ""


def _both(name: str, section: str, version: str, at: Location) -> Iterator[LibraryDependency]:
    yield LibraryDependency(name=name, section=section, version=version, at=at)
    if (plain := re.sub(r"/v\d+\Z", "", name)) != name:
        yield LibraryDependency(name=plain, section=section, version=version, at=at)
