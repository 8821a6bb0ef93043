"""What git hides of a working tree: files that .gitignore leaves out, and committed ones that differ without a sign.

Only files named .gitignore count: what one person's git ignores besides (``core.excludesFile``, ``.git/info/exclude``) holds
for no one else.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath
from typing import Final

from pathspec import GitIgnoreSpec

from migration_audit.artifacts.git.command import line_of_git, output_of_git
from migration_audit.artifacts.git.refs import find_revision
from migration_audit.artifacts.git.repository import TreeEntry, entry_kind
from migration_audit.model.location import Location

_SHA1_LENGTH: Final = 40


def hidden_files(top: Path) -> dict[PurePosixPath, TreeEntry]:
    """The files of HEAD that are missing in the working tree or differ there, although git reports no change.

    A sparse checkout, the index's flags ``assume-unchanged`` and ``skip-worktree``, filters and converted line ends do that
    (git-update-index(1), gitattributes(5)). Submodules are not looked into. Raises AuditError where git cannot be asked.
    """
    if line_of_git(top, "rev-parse", "--verify", "--quiet", "HEAD") is None:
        return {}
    asked = ("--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=all")
    listed = output_of_git(top, "status", *asked).decode("utf-8", "surrogateescape")
    shown = {PurePosixPath(line[3:]) for line in listed.split("\0") if line}
    committed = find_revision(top, "HEAD").entries(top)
    return {
        path: entry
        for path, entry in committed.items()
        if path not in shown and entry_kind(entry) != "submodule" and not is_as_committed(top / path, entry)
    }


def is_as_committed(path: Path, entry: TreeEntry) -> bool:
    """Whether a file of the working tree, or the target of a link, has the very bytes of a commit's entry."""
    try:
        if path.is_symlink() != (entry_kind(entry) == "link"):
            return False
        content = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
    except OSError:
        return False
    framed = b"blob %d\0%b" % (len(content), content)  # how git names an object: gitformat-pack(5), git-hash-object(1)
    is_sha1 = len(entry.object_id) == _SHA1_LENGTH
    digest = hashlib.sha1(framed, usedforsecurity=False) if is_sha1 else hashlib.sha256(framed)
    return digest.hexdigest() == entry.object_id


_PROBE: Final = "0001_new_file.sql"
"""Any file that may be put into a folder."""


def ignoring_rule(folder: Path, shown_from: Path) -> Location | None:
    """The rule by which git leaves out any new file in ``folder``; None when it would take one.

    Rules are read from the repository's root (or ``shown_from``, outside a repository) down to the folder itself, which
    may not exist. A file cannot be taken back in once a folder above it is left out, as git has it.
    """
    top = _top(folder, shown_from)
    target = folder / _PROBE
    relative = target.relative_to(top).parts
    for length in range(1, len(relative) + 1):
        part, is_folder = top.joinpath(*relative[:length]), length < len(relative)
        decided = _decide(part, top, shown_from, is_folder=is_folder)
        if decided is not None:
            return decided
    return None


def _top(folder: Path, shown_from: Path) -> Path:
    for above in (folder, *folder.parents):
        if (above / ".git").exists():
            return above
    return shown_from


def _decide(path: Path, top: Path, shown_from: Path, *, is_folder: bool) -> Location | None:
    """The rule that leaves out this one path: of the innermost .gitignore that has a word on it, the last such rule."""
    for folder in path.parents:
        if not folder.is_relative_to(top):
            break
        spec = _spec(folder / ".gitignore")
        if spec is None:
            continue
        name = path.relative_to(folder).as_posix() + ("/" if is_folder else "")
        found = spec.check_file(name)
        if found.include is not None:
            if not found.include or found.index is None:
                return None
            return Location(Path(os.path.relpath(folder / ".gitignore", shown_from)).as_posix(), found.index + 1)
    return None


def _spec(path: Path) -> GitIgnoreSpec | None:
    try:
        if path.is_symlink():  # git follows none either
            return None
        lines = path.read_text("utf-8", errors="replace").splitlines()
        return GitIgnoreSpec.from_lines(line or "#" for line in lines)  # the library does not count blank lines
    except OSError:
        return None
