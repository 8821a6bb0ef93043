"""The files of a folder and of the projects next to it, read once; nothing of them is executed."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Final

from migration_audit.artifacts.text import word_list, word_set
from migration_audit.model.errors import UsageError
from migration_audit.project.boundary import boundary_of

SIGNS: Final = word_list(
    "package.json pyproject.toml setup.py requirements.txt go.mod Cargo.toml pom.xml build.gradle build.gradle.kts Gemfile "
    "composer.json mix.exs deno.json *.csproj Dockerfile"
)
"""Files that lie at the top of a project; those with libraries in them are its manifests."""

_OF_TESTS: Final = re.compile(
    r"(?:.*[-_.])?(?:tests?|__tests__|testdata|fixtures?|e2e|examples?|specs?|seeds?|seeders?|quer(?:y|ies)|samples?|docs?"
    r"|bench(?:marks?)?|dumps?|backups?|cypress|playwright|storybook)",
    re.IGNORECASE,
)
"""Names of folders whose SQL is for something else than a database in use."""

_LEFT_OUT: Final = word_set("node_modules vendor target build dist out obj venv env site-packages __pycache__ coverage")
_MOST_FILES: Final = 100_000
_MOST_PROJECTS: Final = 20
_MOST_BYTES: Final = 4_000_000


@dataclass(frozen=True)
class Listing:
    """Every regular file that is looked at; folders of installed, built and hidden things are left out."""

    base: Path
    """The folder of the audit.toml that is written; absolute."""
    paths: tuple[str, ...]
    """Relative to ``base``, with ``/``, sorted; those of a folder next to it begin with ``../``."""
    notes: tuple[str, ...] = ()
    """What was not looked at, each as a sentence."""
    _texts: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def text(self, path: str) -> str:
        """A file as text; empty for one that cannot be read or is larger than 4 MB."""
        if path not in self._texts:
            self._texts[path] = _text(self.base / path)
        return self._texts[path]

    def named(self, *globs: str) -> list[str]:
        """The paths whose last part one of the globs matches, those for tests left out."""
        return [p for p in self.paths if not is_for_tests(p) and any(fnmatchcase(posixpath.basename(p), g) for g in globs)]

    def within(self, folder: str) -> list[str]:
        """The paths below a folder."""
        return [path for path in self.paths if is_within(path, folder)]

    def project_of(self, path: str) -> str:
        """The nearest folder above with a sign of a project, else the first of the path's folders; ``.`` for the base."""
        above = posixpath.dirname(path)
        folder = above
        while folder not in {"", "..", "../.."}:
            if folder in self._projects:
                return folder
            folder = posixpath.dirname(folder)
        if "." in self._projects and not above.startswith(".."):
            return "."
        parts = above.split("/")
        return "/".join(parts[:2]) if parts[0] == ".." else parts[0] or "."

    @cached_property
    def _projects(self) -> frozenset[str]:
        return _project_folders(self.paths)

    def repository_of(self, path: str) -> str | None:
        """The nearest folder above, itself included, that is a git repository other than the base; None for none."""
        folder = path
        while folder not in {"", ".", "..", "../.."}:
            if os.path.lexists(self.base / folder / ".git"):
                return folder
            folder = posixpath.dirname(folder)
        return None

    def protected_branch(self, repository: str) -> str | None:
        """The remote's default branch as its clone has it, such as ``origin/main``; None where it does not say so."""
        head = _text(self.base / repository / ".git/refs/remotes/origin/HEAD").strip()
        prefix = "ref: refs/remotes/"
        return head.removeprefix(prefix) if head.startswith(prefix) and head.isprintable() else None

    def line(self, path: str, pattern: re.Pattern[str]) -> str | None:
        """``path:line`` of the first match in a file, or None."""
        match = pattern.search(self.text(path))
        return f"{path}:{self.text(path).count(chr(10), 0, match.start()) + 1}" if match else None


def is_within(path: str, folder: str) -> bool:
    """Whether a path is below a folder; ``.`` is the base, which the folders next to it are not in."""
    return not path.startswith("../") if folder == "." else path.startswith(f"{folder}/")


def is_for_tests(path: str) -> bool:
    """Whether one of the folders of a path is for tests, examples or data."""
    return any(_OF_TESTS.fullmatch(part) for part in path.split("/")[:-1])


_OF_THE_KERNEL: Final = frozenset(map(Path, ("/proc", "/sys", "/dev")))


def list_folder(base: Path) -> Listing:
    """The files of ``base`` and of the projects next to it.

    A folder next to it counts where it looks like a project: it has a ``.git`` or one of ``SIGNS``. Raises UsageError for a
    folder of the kernel, whose files have no end.
    """
    base = base.resolve()
    if {base, *base.parents} & _OF_THE_KERNEL:
        raise UsageError(
            "belongs to the kernel and contains no project", where=str(base), todo="name the folder of a project"
        )
    notes: list[str] = []
    paths = list(_files(base, base, notes))
    projects = [folder for folder in _neighbours(base, notes) if _is_project(folder)]
    if len(projects) > _MOST_PROJECTS:
        notes.append(f"only {_MOST_PROJECTS} of the {len(projects)} projects in {base.parent} were read")
    for folder in projects[:_MOST_PROJECTS]:
        paths += _files(folder, base, notes)
    return Listing(base=base, paths=tuple(sorted(paths)), notes=tuple(notes))


def _neighbours(base: Path, notes: list[str]) -> Iterator[Path]:
    if base.parent.parent == base.parent:  # next to a folder of the root there is the system
        return
    try:
        yield from sorted(p for p in base.parent.iterdir() if p != base and not p.name.startswith(".") and p.is_dir())
    except OSError as error:
        notes.append(f"the folders next to {base} cannot be listed: {error.strerror}")


def _is_project(folder: Path) -> bool:
    try:
        names = {path.name for path in folder.iterdir()}
    except OSError:
        return False
    return ".git" in names or any(fnmatchcase(name, sign) for name in names for sign in SIGNS)


def _files(folder: Path, base: Path, notes: list[str]) -> Iterator[str]:
    count = 0
    boundary = boundary_of(folder)
    for here, folders, names in os.walk(folder, onerror=lambda error: notes.append(f"cannot be read: {error.filename}")):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _LEFT_OUT)
        for name in sorted(names):
            path = Path(here, name)
            shown = Path(os.path.relpath(path, base)).as_posix()
            if not shown.isprintable() or not _is_file(path):  # neither TOML nor a glob could name it
                continue
            if path.is_symlink() and (target := boundary.target_outside(path)) is not None:
                notes.append(f"{shown} leads to {target}, which is outside of {boundary} and is not read")
                continue
            count += 1
            if count > _MOST_FILES:
                notes.append(f"{folder} has more than {_MOST_FILES:,} files: the others were not read")
                return
            yield shown


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # of another account, such as what a link in /proc leads to
        return False


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError:
        return ""
    return "" if len(raw) > _MOST_BYTES else raw.decode("utf-8-sig", errors="replace")


def _project_folders(paths: tuple[str, ...]) -> frozenset[str]:
    return frozenset(
        posixpath.dirname(path) or "."
        for path in paths
        if any(fnmatchcase(posixpath.basename(path), sign) for sign in SIGNS)
    )
