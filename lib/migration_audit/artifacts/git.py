"""Which commit a folder stands at, and whether its files are that commit's."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeState:
    """A folder seen through git."""

    commit: str | None
    """The full object name of HEAD; None outside a repository, or before its first commit."""
    clean: bool | None
    """Whether the folder holds exactly what HEAD holds; None when ``commit`` is."""


def read_tree(folder: Path) -> TreeState:
    """The state of the repository that holds ``folder``, as far as that folder goes.

    Where git is not installed or the folder is in no repository, both answers are None: unknown, not clean.
    """
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return TreeState(commit=None, clean=None)
    changes = _git(folder, "status", "--porcelain", "--untracked-files=all", "--", ".")
    return TreeState(commit=commit, clean=None if changes is None else changes == "")


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
