"""Which file of the project is at a path of an image: through COPY, ADD, stages, ``.dockerignore`` and mounts."""

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

from migration_audit.artifacts.image.stages import FileCopy, FileSource, RunStep, StageFacts, find_stage
from migration_audit.artifacts.shell.parse import ShellScript
from migration_audit.artifacts.shell.path_changes import below
from migration_audit.model.compose import Mount, MountKind
from migration_audit.model.errors import ArtifactError
from migration_audit.model.location import Location
from migration_audit.model.unset import is_open, names_in
from migration_audit.project.boundary import Boundary, boundary_of, paths_that_match
from migration_audit.project.locate import shown_path

_WRITERS: Final = re.compile(r"\b(?:sed|mv|cp|ln|tee|install|rm|patch|tar|unzip|curl|wget|envsubst|dos2unix)\b|>")
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
    mounts: tuple[Mount, ...] = ()

    def find(self, stage: StageFacts, path: str, *, until: int | None = None) -> ShellScript | str | None:
        """The text at ``path`` after the first ``until`` steps of a stage, why it is unknown, or None."""
        steps = stage.steps if until is None else stage.steps[:until]
        for step in reversed(steps):
            if isinstance(step, RunStep) and self._may_write(step, path):
                return f"the RUN at {step.instruction.at} may write {path}"
            if not isinstance(step, FileCopy):
                continue
            found = self.copied(step, stage, path)
            if found is not None:
                return found
        return self.find(stage.parent, path) if stage.parent is not None else None

    def in_container(self, stage: StageFacts, path: str) -> ShellScript | str | None:
        """The same in a container of the stage, where bind mounts hide what the image has."""
        mount = self.mount_of(path)
        if mount is None:
            return self.find(stage, path)
        if (why := unknown_mount(mount)) is not None:
            return why
        if mount.kind is not MountKind.BIND:
            return self.find(stage, path) if mount.kind is MountKind.VOLUME else None
        rest = below(path, mount.target)
        return self._read(Path(mount.source) / rest if rest else Path(mount.source))

    def mount_of(self, path: str) -> Mount | None:
        """What may be mounted over ``path``: the deepest of several, before one whose place is unknown."""
        hiding = [mount for mount in self.mounts if is_open(mount.target) or below(path, mount.target) is not None]
        return max(hiding, key=lambda mount: (not is_open(mount.target), len(mount.target)), default=None)

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
            if is_within and inner not in brought and not self._is_mounted(path):
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

    def _is_mounted(self, path: Path) -> bool:
        return any(m.kind is not MountKind.TMPFS and below(str(path), m.source) is not None for m in self.mounts)

    def leaves_out(self, copy: FileCopy, match: str, file: str) -> bool:
        """Whether an ``--exclude`` keeps a file of the context, at or below ``match``, from being copied."""
        inner = posixpath.basename(file) if file == match else posixpath.relpath(file, match)
        return copy.exclude is not None and copy.exclude.matches(inner)

    def opens(self, copy: FileCopy, source: FileSource) -> bool:
        """Whether ADD unpacks or clones this source: of a file that is here, its content decides and not its name."""
        here = [self.context / match for match in self.matches(source.path)] if copy.unpacks else []
        return copy.opens(source) or any(path.is_file() and tarfile.is_tarfile(path) for path in here)

    def copied(self, copy: FileCopy, stage: StageFacts, path: str) -> ShellScript | str | None:
        """The text that one COPY or ADD brings to ``path``, why it is unknown, or None."""
        for source in reversed(copy.sources):
            if source.heredoc is not None:
                target = posixpath.join(copy.target, source.path) if copy.target.endswith("/") else copy.target
                if target == path:
                    return ShellScript(text=source.heredoc.text, at=source.heredoc.at)
            elif copy.doubt:
                if self._could_bring(copy, path):
                    return f"the COPY at {copy.at} {copy.doubt}"
            elif copy.from_ is None:
                if (ours := self._from_context(copy, source, path)) is not None:
                    return ours
            elif (theirs := self._from_stage(copy, source, stage, path)) is not None:
                return theirs
        return None

    def _from_context(self, copy: FileCopy, source: FileSource, path: str) -> ShellScript | str | None:
        rest = below(path, copy.place)
        if rest is None:
            return None
        for match in self.matches(source.path):
            full = self.context / match
            if full.is_dir():
                inner = posixpath.normpath(posixpath.join(match, rest)) if rest else None
            else:
                inner = match if path in _names(copy, match) else None
            if inner is None or self.ignore.matches(inner) or self.leaves_out(copy, match, inner):
                continue
            if (self.context / inner).is_file():
                return self._read(self.context / inner)
        return None

    def _from_stage(self, copy: FileCopy, source: FileSource, stage: StageFacts, path: str) -> ShellScript | str | None:
        other = find_stage(self.stages, copy.from_ or "", before=stage.index)
        start = "/" + source.path.strip("/") if not source.path.startswith("/") else source.path.rstrip("/")
        is_named, rest = path in _names(copy, start), below(path, copy.place)
        if not is_named and not rest:
            return None
        if other is None:
            return f"the COPY at {copy.at} copies it from {copy.from_}" if is_named else None
        found = self.find(other, start) if is_named else None
        return found if found is not None or not rest else self.find(other, posixpath.join(start, rest))

    def _could_bring(self, copy: FileCopy, path: str) -> bool:
        return "$" in copy.target or below(path, copy.place) is not None

    def _may_write(self, step: RunStep, path: str) -> bool:
        text = "\n".join([*step.instruction.lines, *(heredoc.text for heredoc in step.instruction.heredocs)])
        return posixpath.basename(path) in text and bool(_WRITERS.search(text))

    def matches(self, pattern: str) -> list[str]:
        """What a source names in the context; nothing for what is not there, or comes from the network.

        Raises ArtifactError for a folder that cannot be listed.
        """
        cleaned = posixpath.normpath(pattern.lstrip("/") or ".")
        if cleaned.startswith("..") or "://" in pattern:
            return []
        if not re.search(r"[*?\[]", cleaned):
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

    @cached_property
    def _boundary(self) -> Boundary:
        """The repositories of audit.toml and of the build."""
        return boundary_of(self.shown_from, self.context)

    def outside(self, path: Path) -> str | None:
        """Why a file of the host is not looked at: it is in no repository that is audited; None for one that is."""
        target = self._boundary.target_outside(path)
        return f"it leads to {target}, which is outside of {self._boundary} and is not read" if target else None

    def _read(self, path: Path) -> ShellScript | str | None:
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


def _names(copy: FileCopy, source: str) -> tuple[str, str]:
    """Where a file may land: a target without ``/`` at its end may be a folder that the image has already."""
    return copy.named(source), posixpath.join(copy.target, posixpath.basename(source.rstrip("/")))


def unknown_mount(mount: Mount) -> str | None:
    """Why it is unknown what a mount brings, or to which place."""
    names = names_in(mount.target) or names_in(mount.source)
    if mount.kind in (MountKind.CONFIG, MountKind.OTHERS):
        return f"{mount.source} at {mount.at} may provide it or hide it"
    return f"the mount at {mount.at} depends on the variable {names[0]}, which is not set here" if names else None


def named_in(files: ImageFiles, stage: StageFacts, folder: str, name: str) -> tuple[str, ...]:
    """The paths in ``folder`` that COPY and ADD bring and that fit ``name``, sorted; a later step may take them away."""
    if re.search(r"[*?\[]", folder):
        return ()
    found = {each for each in _brought(files, stage, folder) if _fits(each, name)}
    return tuple(posixpath.join(folder, each) for each in sorted(found))


def mounted_in(files: ImageFiles, mount: Mount, folder: str, name: str) -> tuple[str, ...]:
    """The paths in ``folder`` that a mount brings and that fit ``name``, sorted."""
    host = Path(mount.source) / (below(folder, mount.target) or "")
    if files.outside(host) is not None:  # not looked at; a caller that asks for the pattern itself gets the reason
        return (posixpath.join(folder, name),)
    names = [each.name for each in host.iterdir()] if host.is_dir() else []
    return tuple(posixpath.join(folder, each) for each in sorted(names) if _fits(each, name))


def _fits(name: str, pattern: str) -> bool:
    """As a shell has it: a wildcard at the start is not a dot."""
    return fnmatchcase(name, pattern) and name.startswith(".") == pattern.startswith(".")


def _brought(files: ImageFiles, stage: StageFacts, folder: str) -> Iterator[str]:
    if stage.parent is not None:
        yield from _brought(files, stage.parent, folder)
    for copy in stage.steps:
        if isinstance(copy, FileCopy) and not copy.doubt:
            for source in copy.sources:
                yield from _by_copy(files, stage, copy, source, folder)


def _by_copy(files: ImageFiles, stage: StageFacts, copy: FileCopy, source: FileSource, folder: str) -> Iterator[str]:
    target = copy.place
    rest = below(folder, target)
    if source.heredoc is not None or files.opens(copy, source):
        return
    if copy.from_ is not None:
        other = find_stage(files.stages, copy.from_, before=stage.index)
        if other is not None and rest is not None:
            yield from _brought(files, other, posixpath.normpath(posixpath.join("/", source.path, rest)))
        return
    for match in files.matches(source.path):
        if (files.context / match).is_dir():
            inner = posixpath.normpath(posixpath.join(match, rest)) if rest is not None else None
            yield from {file.split("/")[0] for file in _below(files, inner)} if inner is not None else ()
        elif folder == target:  # whether it is a folder is asked later, of each name
            yield posixpath.basename(match)
        elif not copy.is_folder and posixpath.dirname(target) == folder:
            yield posixpath.basename(target)


def _below(files: ImageFiles, inner: str) -> Iterator[str]:
    if (files.context / inner).is_dir():
        prefix = "" if inner == "." else f"{inner}/"
        yield from (file.removeprefix(prefix) for file in files.sent(inner))
