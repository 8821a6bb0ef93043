"""Files and folders as a git revision has them: what whoever edits the working tree cannot change."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from migration_audit.model.errors import AuditError

_TIMEOUT = 60
_OF_A_HOOK = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One commit of the repository that holds a folder."""

    top: Path
    """The repository's working tree."""
    named: str
    """As somebody named it: ``origin/main``."""
    commit: str

    def read(self, path: Path) -> bytes | None:
        """The bytes of a file as this commit has them; None when it has no such file. Raises AuditError outside the tree."""
        done = _run(self.top, "cat-file", "blob", f"{self.commit}:{self._inside(path)}")
        return done.stdout if done.returncode == 0 else None

    def copy(self, folder: Path, into: Path, *, names: Iterable[str]) -> None:
        """Write the files below ``folder`` whose name matches one of the globs into ``into``, each in its place.

        Raises AuditError.
        """
        globs = tuple(names)
        for path in self.paths(folder):
            if any(fnmatchcase(path.name, glob) for glob in globs):
                target = into / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self.read(folder / path) or b"")

    def paths(self, folder: Path) -> list[PurePosixPath]:
        """The files below ``folder``, relative to it, sorted. Raises AuditError."""
        inside = self._inside(folder)
        asked = [] if inside == "." else ["--", f"{inside}/"]
        done = _run(self.top, "ls-tree", "-r", "-z", "--name-only", "--full-tree", self.commit, *asked)
        if done.returncode:
            raise AuditError(f"git cannot list {inside}: {_said(done)}", where=self.named, todo="see `git ls-tree`")
        found = (PurePosixPath(name) for name in done.stdout.decode("utf-8", "surrogateescape").split("\0") if name)
        return sorted(path if inside == "." else path.relative_to(inside) for path in found)

    def changed_since(self, folder: Path) -> list[PurePosixPath]:
        """The files below ``folder`` that this commit has and the working tree has not, or has otherwise; relative to it."""
        return [path for path in self.paths(folder) if _bytes(folder / path) != self.read(folder / path)]

    def _inside(self, path: Path) -> str:
        try:
            return path.resolve().relative_to(self.top.resolve()).as_posix()
        except ValueError:
            raise AuditError(
                f"{path} is outside the repository, so that no revision has it",
                where=self.named,
                todo="move it into the repository that holds audit.toml",
            ) from None


def find_revision(folder: Path, named: str) -> Revision:
    """The commit that ``named`` is in the repository of ``folder``. Raises AuditError, which says how to have it."""
    top = _run(folder, "rev-parse", "--show-toplevel")
    if top.returncode:
        raise AuditError(
            f"there is no revision {named} here: git says: {_said(top)}",
            where=str(folder),
            todo="run it in a clone of the repository, as a user whom git lets read it",
        )
    found = _run(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{named}^{{commit}}")
    if found.returncode:
        raise AuditError(
            f"git does not know the revision {named}",
            where=str(folder),
            todo="fetch it (`git fetch origin`; in CI: check out with the whole history), or name another one",
        )
    return Revision(top=Path(top.stdout.decode().strip()), named=named, commit=found.stdout.decode().strip())


def merge_base(folder: Path, revision: Revision) -> Revision | None:
    """The newest commit that HEAD and the revision have in common; None when there is none."""
    found = _run(folder, "merge-base", "HEAD", revision.commit)
    if found.returncode:
        return None
    return Revision(top=revision.top, named=f"merge base with {revision.named}", commit=found.stdout.decode().strip())


def is_ancestor(folder: Path, commit: str) -> bool | None:
    """Whether HEAD of the repository of ``folder`` holds this commit; None when git cannot tell (it does not know it)."""
    found = _run(folder, "merge-base", "--is-ancestor", "--end-of-options", commit, "HEAD")
    return {0: True, 1: False}.get(found.returncode)


def keeps_bytes(path: Path) -> bool | None:
    """Whether git was told to leave the line ends of this file alone; None outside a repository."""
    asked = _run(path.parent, "check-attr", "-z", "text", "--", path.name)
    return None if asked.returncode else asked.stdout.split(b"\0")[2:3] == [b"unset"]


def is_ignored(path: Path) -> bool:
    """Whether git would not add this file."""
    return _run(path.parent, "check-ignore", "-q", "--", path.name).returncode == 0


def author_of(folder: Path) -> str | None:
    """The e-mail address of the author of HEAD; None outside a repository."""
    return _line(_run(folder, "log", "-1", "--format=%ae"))


def user_of(folder: Path) -> str | None:
    """The e-mail address under which whoever works here commits; None when git was told none."""
    return _line(_run(folder, "config", "user.email"))


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _line(done: subprocess.CompletedProcess[bytes]) -> str | None:
    return done.stdout.decode("utf-8", "replace").strip() or None if done.returncode == 0 else None


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """One call of git about the repository of ``folder``, whatever repository a hook of git runs for."""
    own = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
            env=own,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess([], 128, b"", str(error).encode())


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    return (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason was given"])[-1]
