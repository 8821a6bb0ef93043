"""Whether paths are there, what is in them, and whether they are what they were."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from migration_audit.artifacts.files import find_files, is_glob
from migration_audit.artifacts.git.refs import differs_from
from migration_audit.artifacts.git.working_tree import ignoring_rule
from migration_audit.artifacts.text import path_below
from migration_audit.model.code import PathFact
from migration_audit.project.boundary import boundary_of
from migration_audit.project.locate import shown_path

_PLACEHOLDERS: Final = frozenset({".gitkeep", ".gitignore", ".keep", ".DS_Store"})
"""Files that are there for the sake of the folder."""


def read_path(root: Path, path: str, *, since: str | None = None, sha256: str | None = None) -> PathFact:
    """One path below ``root``: a file, a folder with its files, or none; case counts, whatever the file system says.

    ``since`` (a git revision) or ``sha256`` asks whether the file is still what it was.
    """
    here = path_below(root, path)
    try:
        kind = _kind(root, path)
        if kind == "folder":
            return PathFact(path=path, kind=kind, holds=_files_in(here, root), ignored_by=ignoring_rule(here, root))
        if kind != "file" or (since is None and sha256 is None):
            return PathFact(path=path, kind=kind)
        if sha256 is not None:
            changed = _digest_differs(here, sha256)
            return PathFact(path=path, kind=kind, changed=changed)
        changed, unknown = differs_from(here, since or "")
        return PathFact(path=path, kind=kind, changed=changed, unknown=unknown)
    except OSError as error:
        return PathFact(path=path, kind="other", unknown=f"cannot be read: {error.strerror or error}")


def named_paths(root: Path, given: str) -> tuple[str, ...]:
    """The path itself, or for a glob every file that it names; the glob where it names none."""
    plain = given.removeprefix("./").rstrip("/")
    return (plain,) if not is_glob(plain) else find_files(root, [plain]).paths or (plain,)


def _kind(root: Path, path: str) -> str:
    here = root.absolute()
    for part in Path(path).parts:
        if part == "..":
            here = here.parent
            continue
        # A file system that folds case would find SRC/DB for src/db, and no other machine would.
        if here.is_dir() and part not in {entry.name for entry in here.iterdir()}:
            return "none"
        here /= part
    if boundary_of(root, path_below(root, path)).target_outside(here) is not None:
        return "link"
    if here.is_dir():
        return "folder"
    if here.is_file():
        return "file"
    return "link" if here.is_symlink() else "other" if here.exists() else "none"


def _files_in(folder: Path, root: Path) -> tuple[str, ...]:
    found = []
    for above, folders, names in os.walk(folder, onerror=_refuse):
        links = [name for name in folders if Path(above, name).is_symlink()]  # what is behind one is not looked at
        found += [shown_path(Path(above) / name, root) for name in (*names, *links) if name not in _PLACEHOLDERS]
    return tuple(sorted(found))


def _refuse(error: OSError) -> None:
    """A folder that cannot be read is not an empty one."""
    raise error


def _digest_differs(path: Path, expected: str) -> str | None:
    actual = hashlib.sha256(path.read_bytes()).hexdigest()
    return None if actual == expected.lower() else f"its SHA-256 is {actual[:12]}…, not {expected[:12].lower()}…"
