"""What a build gets of the host: its context, without what ``.dockerignore`` leaves out."""

from __future__ import annotations

import os
import posixpath
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Final, NoReturn

from e2b_dockerfile_utils import PatternMatcher

from migration_audit.artifacts.image.stages import FileCopy, FileSource, RunStep, StageFacts
from migration_audit.artifacts.shell.parse import ShellScript
from migration_audit.artifacts.shell.path_changes import below
from migration_audit.model.errors import ArtifactError
from migration_audit.model.location import Location
from migration_audit.project.boundary import Boundary, boundary_of, paths_that_match
from migration_audit.project.locate import shown_path

_NOT_OURS: Final = frozenset({".git", "node_modules"})
"""Folders in which a project does not write its own migrations."""
_LARGEST: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class ImageFiles:
    """The files of a build, as far as the project brings them."""

    context: Path
    ignore: PatternMatcher
    stages: Sequence[StageFacts]
    shown_from: Path

    def carried(self, copy: FileCopy, source: FileSource, wanted: Sequence[str]) -> Iterator[str]:
        """Files of the context, relative to it, that this source brings and that have a wanted word in their path."""
        if copy.from_ is not None or source.heredoc is not None or not wanted:
            return
        for match in self.matches(source.path):
            for file in self.sent(match):
                is_wanted = any(fnmatchcase(part.lower(), word.lower()) for part in file.split("/") for word in wanted)
                if is_wanted and not self.leaves_out(copy, match, file):
                    yield file

    def lacks(self, wanted: Sequence[Path]) -> Iterator[Path]:
        """Those of some files of the context that no stage brings, although one brings their folder or others of it."""
        copies = self._copies_of_context()
        if copies is None:
            return
        folders = {match for _, match in copies if (self.context / match).is_dir()}
        siblings = {posixpath.dirname(match) for _, match in copies if match not in folders}
        brought = {file for copy, match in copies for file in self.sent(match) if not self.leaves_out(copy, match, file)}
        for path in wanted:
            inner = Path(os.path.relpath(path, self.context)).as_posix()
            is_within = posixpath.dirname(inner) in siblings or any(f == "." or below(inner, f) is not None for f in folders)
            if is_within and inner not in brought:
                yield path

    def _copies_of_context(self) -> list[tuple[FileCopy, str]] | None:
        """Each path of the context that is copied, with its COPY; None where the build may bring others as well."""
        found: list[tuple[FileCopy, str]] = []
        for step in (step for stage in self.stages for step in stage.steps):
            if isinstance(step, RunStep) and any(flag.startswith("--mount=") for flag in step.instruction.flags):
                return None
            if isinstance(step, FileCopy) and step.from_ is None:
                if step.doubt and any("$" in source.path for source in step.sources):
                    return None
                found += [(step, match) for source in step.sources for match in self.matches(source.path)]
        return found

    def leaves_out(self, copy: FileCopy, match: str, file: str) -> bool:
        """Whether an ``--exclude`` keeps a file of the context, at or below ``match``, from being copied."""
        inner = posixpath.basename(file) if file == match else posixpath.relpath(file, match)
        return copy.exclude is not None and copy.exclude.matches(inner)

    def opens(self, copy: FileCopy, source: FileSource) -> bool:
        """Whether ADD unpacks or clones this source: of a file that is here, its content decides and not its name."""
        here = [self.context / match for match in self.matches(source.path)] if copy.unpacks else []
        return copy.opens(source) or any(path.is_file() and tarfile.is_tarfile(path) for path in here)

    def matches(self, pattern: str) -> list[str]:
        """What a source names in the context; nothing for what is not there, or comes from the network.

        Raises ArtifactError for a folder that cannot be listed.
        """
        cleaned = posixpath.normpath(pattern.lstrip("/") or ".")
        if cleaned.startswith("..") or "://" in pattern:
            return []
        if not is_glob(cleaned):
            return [cleaned] if (self.context / cleaned).exists() else []
        found = paths_that_match(self.context, cleaned, error=ArtifactError)
        return [path.relative_to(self.context).as_posix() for path in found]

    def sent(self, start: str) -> Iterator[str]:
        """The files of the context at or below ``start`` that the build gets.

        Raises ArtifactError for a folder that cannot be listed, which is not an empty one.
        """
        full = self.context / start
        if full.is_file():
            if not self.ignore.matches(start):
                yield start
            return
        for folder, folders, files in os.walk(full, onerror=_refuse):
            relative = Path(folder).relative_to(self.context).as_posix()
            prefix = "" if relative == "." else f"{relative}/"
            kept = [f for f in folders if f not in _NOT_OURS]
            ignore = self.ignore
            folders[:] = sorted(f for f in kept if not ignore.matches(prefix + f) or ignore.may_match_under(prefix + f))
            links = [name for name in folders if _is_link(Path(folder, name))]  # copied as links, and not walked
            yield from (prefix + file for file in sorted([*files, *links]) if not self.ignore.matches(prefix + file))

    def names(self, inner: str) -> set[str]:
        """The names in a folder of the context that the build gets."""
        prefix = "" if inner == "." else f"{inner}/"
        is_folder = (self.context / inner).is_dir()
        return {file.removeprefix(prefix).split("/")[0] for file in self.sent(inner)} if is_folder else set()

    @cached_property
    def _boundary(self) -> Boundary:
        """The repositories of audit.toml and of the build."""
        return boundary_of(self.shown_from, self.context)

    def outside(self, path: Path) -> str | None:
        """Why a file of the host is not looked at: it is in no repository that is audited; None for one that is."""
        target = self._boundary.target_outside(path)
        return f"it leads to {target}, which is outside of {self._boundary} and is not read" if target else None

    def read(self, path: Path) -> ShellScript | str | None:
        """The text of a file of the host, why it is unknown, or None."""
        if (why := self.outside(path)) is not None:
            return why
        try:
            raw = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            return f"it cannot be read: {error.strerror}"
        if len(raw) > _LARGEST or b"\0" in raw:
            return None
        if raw.startswith(b"#!") and raw.partition(b"\n")[0].endswith(b"\r"):
            return "its lines end in CR LF: Linux looks for an interpreter whose name ends in CR, and cannot start it"
        text = raw.decode("utf-8", errors="replace").replace("\r\n", "\n")
        return ShellScript(text=text, at=Location(shown_path(path, self.shown_from), 1))


def _is_link(path: Path) -> bool:
    """Whether it is a link; no link where that cannot be looked up, and ``os.walk`` then reports the folder."""
    try:
        return path.is_symlink()
    except OSError:
        return False


def _refuse(error: OSError) -> NoReturn:
    todo = "check its permissions"
    raise ArtifactError(f"cannot be listed: {error.strerror}", where=str(error.filename), todo=todo) from error


def is_glob(path: str) -> bool:
    """Whether a path of a Dockerfile has wildcards in it."""
    return re.search(r"[*?\[]", path) is not None
