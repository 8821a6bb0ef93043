"""Which commit a folder stands at, and whether its files are that commit's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeState:
    """A folder seen through git."""

    commit: str | None
    """The full object name of HEAD; None outside a repository, or before its first commit."""
    clean: bool | None
    """Whether the folder holds exactly what HEAD holds; None when ``commit`` is."""


def read_tree(folder: Path, *, without: Path | None = None) -> TreeState:
    """The state of the repository that holds ``folder``, as far as that folder goes, and without what is in ``without``.

    Where git is not installed or the folder is in no repository, both answers are None: unknown, not clean.
    """
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return TreeState(commit=None, clean=None)
    left_out = (
        [f":(exclude,literal){os.path.relpath(without.resolve(), folder.resolve())}"]
        if without and _is_below(without, folder)
        else []
    )
    changes = _git(folder, "status", "--porcelain", "--untracked-files=all", "--", ".", *left_out)
    return TreeState(commit=commit, clean=None if changes is None else changes == "")


def path_in_repository(folder: Path) -> str | None:
    """The folder below its repository's root, as ``deploy/audit/`` or ``""`` at the root; None outside a repository."""
    return _git(folder, "rev-parse", "--show-prefix")


def changed_files(folder: Path, *, besides: Iterable[Path] = ()) -> tuple[str, ...] | None:
    """Files below ``folder`` that are not as HEAD has them, new ones too, sorted; None where git cannot tell.

    ``besides`` are files that do not count, such as a report that a test run writes.
    """
    left_out = [f":(exclude,literal){os.path.relpath(path, folder)}" for path in besides]
    changes = _git(folder, "status", "--porcelain", "--untracked-files=all", "--", ".", *left_out)
    if changes is None:
        return None
    return tuple(sorted(line.strip().partition(" ")[2].strip() for line in changes.splitlines()))


def differs_from(path: Path, revision: str) -> tuple[str | None, str | None]:
    """How a file differs from what ``revision`` has in its place, and why that cannot be said; None each where not so."""
    folder = path.parent
    if not _git(folder, "rev-parse", "--is-inside-work-tree"):
        return None, "is in no git repository, so nobody can say whether it changed; give the rule a sha256"
    if _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") is None:
        return None, f"there is no revision {revision} here; fetch it, or name another one"
    if _git(folder, "cat-file", "-e", f"{revision}:./{path.name}") is None:
        return f"{revision} does not have it", None
    if _git(folder, "diff", "--quiet", "--no-ext-diff", revision, "--", path.name) is None:
        return f"differs from {revision}", None
    return None, None


def _is_below(path: Path, folder: Path) -> bool:
    return path.resolve() != folder.resolve() and path.resolve().is_relative_to(folder.resolve())


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
