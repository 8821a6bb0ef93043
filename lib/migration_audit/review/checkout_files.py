"""Files of a repository as a revision or its working tree has them, and those of a source with their digests."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from migration_audit import sources
from migration_audit.artifacts.git.command import git_reason, run_git
from migration_audit.artifacts.git.refs import find_revision
from migration_audit.artifacts.git.repository import CLONE_WHOLE, Revision, TreeEntry, entry_kind
from migration_audit.artifacts.git.working_tree import hidden_files
from migration_audit.audit.preflight.prelude import load_prelude
from migration_audit.model.errors import AuditError
from migration_audit.project import Project, Source
from migration_audit.project.boundary import boundary_of
from migration_audit.project.locate import shown_path

_NEVER = frozenset({".git", "node_modules", ".venv"})


def write_working_tree(clone: Path, place: Path) -> frozenset[PurePosixPath]:
    """What git would take of a working tree: committed files, with the changes that git shows, and new ones not ignored.

    Returns the files that are in ``place`` as they are committed, since git shows no change where the working tree has
    one. Raises AuditError where git cannot list the files, or lacks one.
    """
    hidden = hidden_files(clone)
    listed = run_git(clone, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed.returncode:
        raise AuditError(f"git cannot list its files: {git_reason(listed)}", where=str(clone), todo="see `git ls-files`")
    for name in dict.fromkeys(filter(None, listed.stdout.decode("utf-8", "surrogateescape").split("\0"))):
        if PurePosixPath(name) in hidden:
            continue
        source, target = clone / name, place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            _link(target, str(source.readlink()), place)
        elif source.is_file():
            shutil.copy2(source, target)
    if hidden:
        _write_entries(find_revision(clone, "HEAD"), hidden, place)
    return frozenset(hidden)


def write_folder(folder: Path, place: Path, others: Sequence[Path]) -> None:
    """A folder that is not a repository, without the repositories in it and ``others``."""

    def left_out(above: str, names: list[str]) -> set[str]:
        apart = {name for name in names if Path(above, name) in others or (Path(above, name, ".git")).exists()}
        return apart | (_NEVER & set(names))

    shutil.copytree(folder, place, symlinks=True, ignore=left_out, dirs_exist_ok=True)


def write_revision(revision: Revision, place: Path) -> None:
    """All files of a revision. Raises AuditError where the clone lacks one."""
    _write_entries(revision, revision.entries(revision.top), place)


def _write_entries(revision: Revision, entries: Mapping[PurePosixPath, TreeEntry], place: Path) -> None:
    contents = revision.contents(entries.values())
    for path, entry in entries.items():
        target = place / path
        kind = entry_kind(entry)
        if kind == "submodule":
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if kind == "link":
            _link(target, os.fsdecode(run_git(revision.top, "cat-file", "blob", entry.object_id).stdout), place)
        elif entry.object_id in contents:
            target.write_bytes(contents[entry.object_id])
        else:
            raise AuditError("this clone lacks its content", where=f"{revision.named}:{path}", todo=CLONE_WHOLE)


def _link(target: Path, leads_to: str, place: Path) -> None:
    """A link, unless it leads out of its repository: what is outside is not what is merged."""
    if Path(os.path.normpath(target.parent / leads_to)).is_relative_to(place):
        target.symlink_to(leads_to)


def digests_of_files(project: Project, source: Source) -> Mapping[str, str]:
    """Path, relative to audit.toml, and SHA-256 of each file of a source; empty when no pattern matches any.

    Raises SourceError for what cannot be read.
    """
    if source.command is not None or source.snapshot is not None:
        boundary = boundary_of(project.directory, source.root)
        paths = [path for path in _other_files(source) if boundary.target_outside(path) is None]
        return {shown_path(p, project.directory): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}
    globs = [glob for glob in source.sql if sources.sql_files(source.root, [glob])]
    if not globs:
        return {}
    found = sources.load_globs(
        source.name,
        source.root,
        globs,
        shown_from=project.directory,
        form=source.format,
        placeholders=source.placeholders,
        variables=source.variables,
    )
    return {file.path: file.sha256 for file in found.files}


def expected_files(project: Project) -> dict[str, str]:
    """Path and SHA-256 of each file that decides what the owner's SQL makes of an empty database. Raises SourceError."""
    prelude = load_prelude(project)
    return {
        **digests_of_files(project, project.owner),
        **{file.path: file.sha256 for file in (prelude.files if prelude else ())},
    }


def _other_files(source: Source) -> list[Path]:
    """What a source that is not SQL is made of: what its command reads, or its snapshot."""
    if source.command is not None:
        return sources.command_files(source.root, source.command.files)
    return [source.snapshot] if source.snapshot is not None and source.snapshot.is_file() else []
