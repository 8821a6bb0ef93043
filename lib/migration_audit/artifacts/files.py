"""Which files of a project the globs of audit.toml name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wcmatch import glob

from migration_audit.artifacts.text import path_below, shown_path
from migration_audit.project.boundary import boundary_of

_FLAGS: Final = glob.GLOBSTAR | glob.BRACE | glob.DOTGLOB | glob.FORCEUNIX
_NEVER: Final = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv"})
"""Folders that hold other people's files: they are looked into only where a glob names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFiles:
    """What a list of globs names."""

    paths: tuple[str, ...]
    """Relative to the folder that was searched, with ``/``, sorted."""
    missing: tuple[str, ...] = ()
    """Globs that name nothing, and whose folder does not exist either: most likely misspelt."""
    empty: tuple[str, ...] = ()
    """Globs below an existing folder that no file matches."""


def find_files(root: Path, globs: Sequence[str], excluded: Sequence[str] = ()) -> FoundFiles:
    """The files below ``root`` that ``globs`` name and ``excluded`` does not.

    ``*`` and ``?`` stay in one folder, ``**`` crosses folders, ``{ts,tsx}`` are alternatives; a folder stands for all
    files in it. Links are followed, each folder once; one that leads a folder out of its repository is named itself, since
    what is behind it is not read. Folders of installed packages and of version control are left
    out, unless a glob spells their name.
    """
    paths: set[str] = set()
    missing: list[str] = []
    empty: list[str] = []
    for pattern in globs:
        found = {path for path in _matches(root, _clean(pattern)) if not is_one_of(path, excluded)}
        paths |= found
        if not found and not any(_matches(root, _clean(pattern))):
            (empty if _has_base(root, _clean(pattern)) else missing).append(pattern)
    return FoundFiles(paths=tuple(sorted(paths)), missing=tuple(missing), empty=tuple(empty))


def is_glob(path: str) -> bool:
    """Whether a path of audit.toml has wildcards or alternatives in it."""
    return bool(glob.is_magic(path, flags=_FLAGS))


def _clean(pattern: str) -> str:
    return pattern.removeprefix("./").rstrip("/") or "."


def _matches(root: Path, pattern: str) -> Iterator[str]:
    if path_below(root, pattern).is_file():
        yield pattern
        return
    is_folder = path_below(root, pattern).is_dir()
    base = pattern if is_folder else _base(pattern)
    for path in _walk(root, base, named=frozenset(pattern.split("/"))):
        if is_folder or (root / path).is_dir() or glob.globmatch(path, pattern, flags=_FLAGS):
            yield path


def is_one_of(path: str, patterns: Sequence[str]) -> bool:
    """Whether a pattern names this file or a folder above it."""
    above = [path, *(parent.as_posix() for parent in Path(path).parents if parent != Path())]
    return any(glob.globmatch(each, _clean(pattern), flags=_FLAGS) for pattern in patterns for each in above)


def _base(pattern: str) -> str:
    """The folders in front of the first wildcard: where to start looking."""
    plain: list[str] = []
    for part in pattern.split("/")[:-1]:
        if is_glob(part):
            break
        plain.append(part)
    return "/".join(plain)


def _has_base(root: Path, pattern: str) -> bool:
    return is_glob(pattern) and path_below(root, _base(pattern)).is_dir()


def _walk(root: Path, base: str, *, named: frozenset[str]) -> Iterator[str]:
    seen: set[str] = set()
    boundary = boundary_of(root, path_below(root, base))
    if boundary.target_outside(path_below(root, base)) is not None:
        yield base
        return
    for folder, folders, names in os.walk(path_below(root, base), followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if name not in _NEVER or name in named)
        links = [path for path in (Path(folder, name) for name in folders) if path.is_symlink()]
        away = {path.name for path in links if boundary.target_outside(path) is not None}
        folders[:] = [name for name in folders if name not in away]
        here = shown_path(Path(folder), root)
        taken = (
            name for name in (*names, *sorted(away)) if name not in _NEVER or name in named
        )  # of a worktree, .git is a file
        yield from (name if here == "." else f"{here}/{name}" for name in taken)
