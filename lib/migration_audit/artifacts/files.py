"""Which files of a project the globs of audit.toml name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wcmatch import glob

from migration_audit.artifacts.text import path_below
from migration_audit.project.boundary import Boundary, boundary_of
from migration_audit.project.locate import shown_path

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

    ``*`` and ``?`` stay in one folder, ``**`` crosses folders, ``{ts,tsx}`` are alternatives; a folder means all
    files in it. Links are followed: what is behind one is found by the link and by its own name. A folder that leads out of
    its repository, or cannot be listed, is named itself, since what is in it is not read. Folders of installed packages and
    of version control are left out, unless a glob spells their name.
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
    """Each file below ``base``; each folder under its own name, and once more behind each link that leads to it.

    A folder that leads out of its repository, or cannot be listed, is given in place of its files: the caller sees it there.
    """
    top = path_below(root, base)
    boundary = boundary_of(root, top)
    if boundary.target_outside(top) is not None:
        yield base
        return
    unreadable: list[str] = []
    never = _NEVER - named
    for folder, folders, names in os.walk(top, onerror=lambda error: unreadable.append(str(error.filename))):
        folders[:] = sorted(name for name in folders if name not in never)
        # Of a worktree, .git is a file.
        yield from (shown_path(Path(folder, name), root) for name in names if name not in never)
        for link in (path for path in (Path(folder, name) for name in folders) if path.is_symlink()):
            yield from _behind(link, root, boundary, never, unreadable, seen=_between(top, Path(folder)))
    yield from (shown_path(Path(path), root) for path in unreadable)


def _behind(
    link: Path, root: Path, boundary: Boundary, never: frozenset[str], unreadable: list[str], *, seen: set[str]
) -> Iterator[str]:
    """The files behind a link to a folder, each folder once and none that is above the link: circles end."""
    for folder, folders, names in os.walk(link, followlinks=True, onerror=lambda e: unreadable.append(str(e.filename))):
        here, real = Path(folder), os.path.realpath(folder)
        if boundary.target_outside(here) is not None:
            yield shown_path(here, root)
            folders.clear()
            continue
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if name not in never)
        yield from (shown_path(here / name, root) for name in names if name not in never)


def _between(top: Path, folder: Path) -> set[str]:
    """The real paths of the folders from ``top`` down to ``folder``."""
    return {os.path.realpath(each) for each in (folder, *folder.parents) if each.is_relative_to(top)}
