"""Libraries that a project declares or has locked, whatever the tool that wrote the file."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import yaml

from migration_audit.artifacts.files import find_files
from migration_audit.artifacts.manifests.node import package_json, package_lock, pnpm_lock, yarn_lock
from migration_audit.artifacts.manifests.python import pipfile, pipfile_lock, pyproject, requirements, toml_lock
from migration_audit.artifacts.text import read_text
from migration_audit.model.code import LibraryDependency, ManifestScope, Unread
from migration_audit.model.errors import AuditError
from migration_audit.model.location import Location
from migration_audit.project.boundary import Boundary, boundary_of

Reader = Callable[[str, str], Iterator[LibraryDependency]]
"""Text and path of a file in, libraries out; raises ValueError for what is not of the format."""


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


_READERS: Final[tuple[tuple[str, Reader], ...]] = (
    (r"package\.json", package_json),
    (r"(?:package-lock|npm-shrinkwrap)\.json|\.package-lock\.json", package_lock),
    (r"pnpm-lock\.yaml", pnpm_lock),
    (r"yarn\.lock", yarn_lock),
    (r"pyproject\.toml", pyproject),
    (r".*requirements.*\.(?:txt|in)|.*constraints.*\.txt", requirements),
    (r"(?:poetry|uv|pdm|pylock(?:\.\w+)?)\.(?:lock|toml)|Cargo\.lock", toml_lock),
    (r"Pipfile", pipfile),
    (r"Pipfile\.lock", pipfile_lock),
    (r"go\.mod", go_mod),
    (r"go\.sum", go_sum),
)
_NOT_READ: Final = re.compile(
    r"Cargo\.toml|pom\.xml|build\.gradle(?:\.kts)?|build\.sbt|Gemfile|composer\.json|mix\.exs|.*\.(?:cs|fs|vb)proj|Package\.swift"
)
"""Manifests of languages whose libraries no reader here knows."""
_INSTEAD: Final = (
    "is a manifest that the audit does not read: look for the runner with RET007 (what the image contains and runs), RET002 "
    "(its files) or CMD001 (a command that fails where the library is installed)"
)


def read_manifests(root: Path, globs: Sequence[str], excluded: Sequence[str] = ()) -> ManifestScope:
    """The libraries in the manifests and lock files that ``globs`` name; a file of an unknown format is in ``unread``."""
    found = find_files(root, globs, excluded)
    dependencies: list[LibraryDependency] = []
    unread = [Unread(path=glob, reason="matches no file or folder", line=None) for glob in found.missing]
    files: list[str] = []
    boundary = boundary_of(root, *(root / path for path in found.paths))
    unread += map(_not_read, _other_manifests(root, found.paths, excluded))
    for path, reader in _with_included(root, [path for path in found.paths if not _is_other(path)], boundary):
        try:
            dependencies += reader(read_text(root / path, root, boundary), path)
            files.append(path)
        except AuditError as error:
            unread.append(Unread(path=path, reason=error.what))
        except (ValueError, yaml.YAMLError, RecursionError) as error:
            first = (str(error).splitlines() or [type(error).__name__])[0]
            unread.append(Unread(path=path, reason=f"is not understood: {first}"))
    return ManifestScope(
        dependencies=tuple(dict.fromkeys(dependencies)), files=tuple(files), unread=tuple(unread), empty=found.empty
    )


def _is_other(path: str) -> bool:
    return _reader(path) is _unknown and bool(_NOT_READ.fullmatch(posixpath.basename(path)))


def _not_read(path: str) -> Unread:
    lock = "; of Rust, Cargo.lock is read: name it in its place" if path.endswith("Cargo.toml") else ""
    return Unread(path=path, reason=_INSTEAD + lock, line=None)


def _other_manifests(root: Path, paths: Sequence[str], excluded: Sequence[str]) -> Iterator[str]:
    """Manifests that are named, or next to one that is: the runner's library may be in one of them."""
    for folder in dict.fromkeys(posixpath.dirname(path) for path in paths):
        named = [path for path in paths if posixpath.dirname(path) == folder and _is_other(path)]
        nearby = [posixpath.join(folder, each.name) for each in (root / folder).iterdir() if _is_other(each.name)]
        found = {*named, *(find_files(root, nearby, excluded).paths if nearby else ())}
        is_locked = posixpath.join(folder, "Cargo.lock") in paths
        yield from (path for path in sorted(found) if not (is_locked and path.endswith("Cargo.toml") and path not in named))


def _reader(path: str) -> Reader:
    name = posixpath.basename(path)
    return next((reader for pattern, reader in _READERS if re.fullmatch(pattern, name)), _unknown)


def _unknown(text: str, path: str) -> Iterator[LibraryDependency]:
    raise ValueError("it is not a manifest or lock file that the audit reads")


def _with_included(root: Path, paths: Sequence[str], boundary: Boundary) -> Iterator[tuple[str, Reader]]:
    """The paths, and the requirements files that they include with ``-r`` and ``-c``, each with what reads it."""
    found = {path: _reader(path) for path in paths}
    todo = [path for path, reader in found.items() if reader is requirements]
    while todo:
        path = todo.pop()
        text = _text(root, path, boundary)
        for match in re.finditer(r"(?m)^\s*(?:-r|-c|--requirement|--constraint)[ =]?\s*([^\s#]+)", text):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), match[1]))
            if target not in found:
                found[target] = requirements
                todo.append(target)
    yield from found.items()


def _text(root: Path, path: str, boundary: Boundary) -> str:
    try:
        return read_text(root / path, root, boundary)
    except AuditError:  # reading what is in it fails alike, and is named
        return ""
