"""What git hides of a working tree: committed files that lie there otherwise, without a change in `git status`."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath
from typing import Final

from migration_audit.artifacts.git.command import line_of_git, output_of_git
from migration_audit.artifacts.git.refs import find_revision
from migration_audit.artifacts.git.repository import TreeEntry, entry_kind

_SHA1_LENGTH: Final = 40


def hidden_files(top: Path) -> dict[PurePosixPath, TreeEntry]:
    """The files of HEAD that the working tree has otherwise, or lacks, although git reports no change of them.

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
