"""Libraries that a project declares or has locked, whatever the tool that wrote the file."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import yaml

from migration_audit.artifacts.files import find_files
from migration_audit.artifacts.manifests.go import go_mod, go_sum
from migration_audit.artifacts.manifests.node import package_json, package_lock, pnpm_lock, yarn_lock
from migration_audit.artifacts.manifests.python import pipfile, pipfile_lock, pyproject, requirements, toml_lock
from migration_audit.artifacts.text import read_text
from migration_audit.model.code import LibraryDependency, ManifestScope, Unread
from migration_audit.model.errors import AuditError
from migration_audit.project.boundary import Boundary, boundary_of

Reader = Callable[[str, str], Iterator[LibraryDependency]]
"""Text and path of a file in, libraries out; raises ValueError for what is not of the format."""

_READERS: Final[tuple[tuple[str, Reader], ...]] = (
    (r"package\.json", package_json),
    (r"(?:package-lock|npm-shrinkwrap)\.json|\.package-lock\.json", package_lock),
    (r"pnpm-lock\.yaml", pnpm_lock),
    (r"yarn\.lock", yarn_lock),
    (r"pyproject\.toml", pyproject),
    (r".*requirements.*\.(?:txt|in)|.*constraints.*\.txt", requirements),
    (r"(?:poetry|uv|pdm|pylock(?:\.\w+)?)\.(?:lock|toml)", toml_lock),
    (r"Pipfile", pipfile),
    (r"Pipfile\.lock", pipfile_lock),
    (r"go\.mod", go_mod),
    (r"go\.sum", go_sum),
)


def read_manifests(root: Path, globs: Sequence[str], excluded: Sequence[str] = ()) -> ManifestScope:
    """The libraries in the manifests and lock files that ``globs`` name; a file of an unknown format is in ``unread``."""
    found = find_files(root, globs, excluded)
    dependencies: list[LibraryDependency] = []
    unread = [Unread(path=glob, reason="matches no file or folder", line=None) for glob in found.missing]
    files: list[str] = []
    boundary = boundary_of(root, *(root / path for path in found.paths))
    for path, reader in _with_included(root, found.paths, boundary):
        try:
            dependencies += reader(read_text(root / path, root, boundary), path)
            files.append(path)
        except AuditError as error:
            unread.append(Unread(path=path, reason=error.what))
        except (ValueError, yaml.YAMLError, RecursionError) as error:
            unread.append(Unread(path=path, reason=f"is not understood: {_first_line(error)}"))
    return ManifestScope(
        dependencies=tuple(dict.fromkeys(dependencies)), files=tuple(files), unread=tuple(unread), empty=found.empty
    )


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


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
