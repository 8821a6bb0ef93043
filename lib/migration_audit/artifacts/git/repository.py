"""Repositories, revisions and their files, as git has them: edits of the working tree do not change them.

Paths are lexical: a link in the working tree does not make one file of a revision stand for another.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Final

from migration_audit.artifacts.git.command import git_reason, line_of_git, output_of_git, run_git
from migration_audit.artifacts.text import word_list
from migration_audit.model.errors import AuditError

_LINK: Final = "120000"
_NESTED: Final = "160000"
CLONE_WHOLE: Final = "clone the whole repository: `git clone` without --filter, or `git fetch --refetch`"
_KINDS: Final = {_LINK: "a link", _NESTED: "a separate repository (a submodule)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeState:
    """A folder seen through git."""

    commit: str | None
    """The full object name of HEAD; None outside a repository, or before its first commit."""
    clean: bool | None
    """Whether the folder holds exactly what HEAD holds, submodules too; None when ``commit`` is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """One file of a revision."""

    mode: str
    """``100644``, ``100755``; ``120000`` for a link, ``160000`` for a submodule."""
    object_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One commit of the repository that holds a folder."""

    top: Path
    """The repository's working tree."""
    named: str
    """As it was named: ``origin/main``."""
    commit: str
    ref: str | None = None
    """The full name of the branch or tag that it was named by; None for a commit that was named otherwise."""

    def read(self, path: Path) -> bytes | None:
        """The bytes of a file as this commit has them; None where it does not have the file.

        Raises AuditError for a path outside the repository, and where the commit has a link or a submodule in the way.
        """
        inside = self.inside(path)
        entry = self._entry(inside)
        return None if entry is None else _blob(self.top, entry.object_id, at=f"{self.named}:{inside}")

    def entries(self, folder: Path) -> dict[PurePosixPath, TreeEntry]:
        """Every file below ``folder``, by its path relative to it; links and submodules are entries as well.

        Raises AuditError where the folder itself is a link or a submodule in this commit.
        """
        inside = self.inside(folder)
        if inside != ".":
            self._entry(inside)  # raises for what is in the way
        listed = _listed_below(self.top, self.commit, PurePosixPath(inside), named=self.named)
        found = dict(listed)
        if len(found) < len(listed):
            double = next(path for path, _ in listed if sum(path == other for other, _ in listed) > 1)
            what = f"contains {double} twice, and readers may use different ones"
            raise AuditError(what, where=f"{self.named} ({self.commit[:12]})", todo="see `git fsck`, then commit it again")
        return found if inside == "." else {path.relative_to(inside): entry for path, entry in found.items()}

    def paths(self, folder: Path) -> list[PurePosixPath]:
        """The files below ``folder``, relative to it, sorted. Raises AuditError, for a link or submodule among them too."""
        return sorted(self._files(folder))

    def _files(self, folder: Path) -> dict[PurePosixPath, TreeEntry]:
        found = self.entries(folder)
        for path, entry in found.items():
            if entry.mode in _KINDS:
                raise self._refusal(f"{self.inside(folder)}/{path}", entry.mode)
        return found

    def contents(self, entries: Iterable[TreeEntry]) -> dict[str, bytes]:
        """The content of each file among ``entries`` by its object name; links and submodules have none.

        Raises AuditError where one is not in this clone.
        """
        names = sorted({entry.object_id for entry in entries if entry.mode not in _KINDS})
        found = dict(_batch(output_of_git(self.top, "cat-file", "--batch", stdin="".join(f"{n}\n" for n in names).encode())))
        missing = [name for name in names if name not in found]
        if missing:
            what = f"this clone lacks the contents of {len(missing)} files"
            raise AuditError(what, where=f"{self.named} ({self.commit[:12]})", todo=CLONE_WHOLE)
        return found

    def missing_in(self, folder: Path, *, of: Path) -> list[PurePosixPath]:
        """The files of this commit below ``of`` that are missing in ``folder`` of the working tree or differ there.

        Relative to both. A link in the working tree, in place of a file or of a folder above it, is a difference.
        """
        found = self._files(of)
        contents = self.contents(found.values())
        return [path for path in sorted(found) if _plain_bytes(folder, path) != contents[found[path].object_id]]

    def has_inside(self, path: Path) -> bool:
        """Whether a path is in the repository at all."""
        return _inside(self.top, path) is not None

    def added_at(self, path: Path) -> datetime | None:
        """When the file came into the branch, last: the time of the commit or merge that brought it; None for never.

        A merge's time is set by those who may merge into the branch, not by the author of what is merged.
        """
        asked = word_list(
            "--first-parent --diff-merges=first-parent --no-renames --diff-filter=A --format=%ct --name-only -1"
        )
        found = line_of_git(self.top, "log", *asked, self.commit, "--", self.inside(path))
        return datetime.fromtimestamp(int(found.split()[0]), UTC) if found else None

    def inside(self, path: Path) -> str:
        """The path relative to the repository's top, with ``/``. Raises AuditError for one outside."""
        found = _inside(self.top, path)
        if found is None:
            raise AuditError(
                f"{path} is outside the repository, so no revision contains it",
                where=self.named,
                todo="move it into the repository that holds audit.toml",
            )
        return found

    def _entry(self, inside: str) -> TreeEntry | None:
        """What the commit has at a path: a file; None for a folder or nothing. Raises AuditError for anything else."""
        path = PurePosixPath(inside)
        above = [parent for parent in path.parents if parent != PurePosixPath()]
        for place in (*reversed(above), path):
            found = _listed(self.top, self.commit, place.parent, named=self.named).get(place)
            if found is None:
                return None
            if found.mode in _KINDS:
                raise self._refusal(place.as_posix(), found.mode)
            if place == path and found.mode.startswith("100"):
                return found
        return None

    def _refusal(self, inside: str, mode: str) -> AuditError:
        what = f"is {_KINDS[mode]} in {self.named}, which is not followed"
        return AuditError(what, where=f"{self.named}:{inside}", todo="replace it with the file or folder itself")


def entry_kind(entry: TreeEntry) -> str:
    """``file``, ``link`` or ``submodule``."""
    return {_LINK: "link", _NESTED: "submodule"}.get(entry.mode, "file")


def _may_be_inside(folder: Path) -> bool:
    """Whether git can find a repository from here: it looks for ``.git`` in this folder and in each above, and only there.

    Every call of git here ignores ``GIT_DIR`` and bare repositories.
    """
    real = folder.resolve()
    return any(os.path.lexists(each / ".git") for each in (real, *real.parents))


def find_top(folder: Path) -> Path | None:
    """The working tree of the repository that holds ``folder``; None outside any.

    Raises AuditError when that is a repository inside another one that tracks its place: a submodule, or where a link of
    one repository leads into another.
    """
    found = line_of_git(folder, "rev-parse", "--show-toplevel") if _may_be_inside(folder) else None
    if found is None:
        return None
    top = Path(found)
    entry = _entry_point(top, folder)
    for place in filter(None, (top, entry)):
        if not _may_be_inside(place.parent):
            continue
        outer = line_of_git(place.parent, "rev-parse", "--show-toplevel")
        # What the outer repository tracks there is its proposer's choice; a clone that merely lies in it is not.
        if (
            outer is not None
            and run_git(Path(outer), "ls-files", "-z", "--", str(place.parent.resolve() / place.name)).stdout
        ):
            raise AuditError(
                f"is a separate repository inside the repository {outer} (a submodule)",
                where=str(place),
                todo="the gate's policy cannot come from a submodule: move audit.toml into a repository that is not one",
            )
    return top


def path_in_repository(folder: Path) -> str | None:
    """The folder below its repository's root, as ``deploy/audit/`` or ``""`` at the root; None outside a repository."""
    done = run_git(folder, "rev-parse", "--show-prefix")
    return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n") if done.returncode == 0 else None


def read_tree(folder: Path) -> TreeState:
    """The state of the repository that holds ``folder``, as far as that folder goes.

    Where git is not installed or the folder is not in a repository, both are None: unknown, not clean.
    """
    commit = line_of_git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return TreeState(commit=None, clean=None)
    changes = changed_files(folder)
    return TreeState(commit=commit, clean=None if changes is None else not changes)


def changed_files(folder: Path, *, besides: Iterable[Path] = ()) -> tuple[str, ...] | None:
    """Files below ``folder`` that are not as HEAD has them, new ones too, sorted, relative to the repository's top.

    None where git cannot tell. ``besides`` are files and folders that do not count, such as a report that a test run
    writes. Submodules are looked into.
    """
    asked = ("--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=dirty", "--", ".")
    done = run_git(folder, "status", *asked)
    top = line_of_git(folder, "rev-parse", "--show-toplevel")
    if done.returncode or top is None:
        return None
    changed = {line[3:] for line in done.stdout.decode("utf-8", "surrogateescape").split("\0") if line}
    changed |= {path for path in _submodules(folder) if read_tree(Path(top) / path).clean is False}
    left_out = [found for path in besides if (found := _inside(Path(top), path)) not in {None, "."}]
    return tuple(sorted(p for p in changed if not any(p == out or p.startswith(f"{out}/") for out in left_out)))


def keeps_bytes(path: Path) -> bool | None:
    """Whether git leaves the line ends of this file alone (``-text``); None outside a repository."""
    asked = run_git(path.parent, "check-attr", "-z", "text", "--", path.name)
    return None if asked.returncode else asked.stdout.split(b"\0")[2:3] == [b"unset"]


def is_ignored(path: Path) -> bool:
    """Whether git would not add this file."""
    name = os.fsencode(path.name)
    return run_git(path.parent, "check-ignore", "-z", "--stdin", stdin=name + b"\0").returncode == 0


def author_of(folder: Path) -> str | None:
    """The e-mail address of the author of HEAD; None outside a repository."""
    return line_of_git(folder, "log", "-1", "--format=%ae")


def user_of(folder: Path) -> str | None:
    """The e-mail address of commits that are made here; None when git has none."""
    return line_of_git(folder, "config", "user.email")


def sha256_of(path: Path) -> str | None:
    """SHA-256 (hex) of a file of the working tree; None where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def first_link(path: Path, *, below: Path) -> Path | None:
    """The first part of ``path`` under ``below`` that is a link in the working tree; None for none."""
    whole = Path(os.path.normpath(path.absolute()))
    return next(
        (p for p in (*reversed(whole.parents), whole) if p.is_relative_to(below) and p != below and p.is_symlink()), None
    )


def _submodules(folder: Path) -> list[str]:
    """Submodules below the folder that are checked out, relative to the repository's top."""
    listed = run_git(folder, "ls-files", "-z", "--stage", "--full-name", "--", ".").stdout.decode("utf-8", "surrogateescape")
    named = (line.partition("\t")[2] for line in listed.split("\0") if line.startswith(_NESTED))
    top = line_of_git(folder, "rev-parse", "--show-toplevel")
    return [path for path in named if top and (Path(top) / path / ".git").exists()]


def _entry_point(top: Path, path: Path) -> Path | None:
    """The first part of a path, from its root, that is the repository's top or in it, links followed; None for none."""
    whole = Path(os.path.normpath(path.absolute()))
    real = top.resolve()
    return next((p for p in (*reversed(whole.parents), whole) if p.resolve().is_relative_to(real)), None)


def _inside(top: Path, path: Path) -> str | None:
    """The path relative to ``top``, without following any link of the repository; None outside."""
    entry = _entry_point(top, path)
    if entry is None:
        return None
    above = entry.resolve().relative_to(top.resolve())
    return PurePosixPath(os.path.normpath(above / Path(os.path.normpath(path.absolute())).relative_to(entry))).as_posix()


def _plain_bytes(folder: Path, path: PurePosixPath) -> bytes | None:
    """The bytes of a file of the working tree; None where it is missing, or where a link is in its place or above."""
    here = folder / path
    between = [here, *(folder / parent for parent in path.parents)]
    try:
        return None if any(each.is_symlink() for each in between) else here.read_bytes()
    except OSError:
        return None


@lru_cache(maxsize=1024)  # a commit does not change
def _listed(top: Path, commit: str, folder: PurePosixPath, *, named: str) -> dict[PurePosixPath, TreeEntry]:
    """What a commit itself has in one folder; nothing where it has no such folder. Raises AuditError."""
    return dict(_ls_tree(top, commit, folder, named))


@lru_cache(maxsize=16)
def _listed_below(
    top: Path, commit: str, folder: PurePosixPath, *, named: str
) -> tuple[tuple[PurePosixPath, TreeEntry], ...]:
    """Every file that a commit has below a folder. Raises AuditError."""
    return tuple(_ls_tree(top, commit, folder, named, "-r"))


def _ls_tree(
    top: Path, commit: str, folder: PurePosixPath, named: str, *options: str
) -> Iterator[tuple[PurePosixPath, TreeEntry]]:
    """Entries by their path in the repository."""
    asked = [] if folder == PurePosixPath() else ["--", f"{folder}/"]
    done = run_git(top, "ls-tree", *options, "-z", "--full-tree", commit, *asked)
    if done.returncode:
        raise AuditError(f"git cannot list {folder}: {git_reason(done)}", where=named, todo="see `git ls-tree`")
    for line in filter(None, done.stdout.decode("utf-8", "surrogateescape").split("\0")):
        about, _, name = line.partition("\t")
        mode, _, object_id = about.split(" ")
        yield PurePosixPath(name), TreeEntry(mode=mode, object_id=object_id)


@lru_cache(maxsize=64)
def _blob(top: Path, object_id: str, *, at: str) -> bytes:
    """The content of a file by its object name. Raises AuditError where this clone lacks it."""
    done = run_git(top, "cat-file", "blob", object_id)
    if done.returncode:
        raise AuditError(f"this clone lacks its content: {git_reason(done)}", where=at, todo=CLONE_WHOLE)
    return done.stdout


def _batch(answer: bytes) -> Iterator[tuple[str, bytes]]:
    """Object name and content, from what ``git cat-file --batch`` prints."""
    at = 0
    while at < len(answer):
        end = answer.index(b"\n", at)
        parts = answer[at:end].decode().split(" ")
        at = end + 1
        if len(parts) == 3:  # else "<name> missing"
            yield parts[0], answer[at : at + int(parts[2])]
            at += int(parts[2]) + 1
