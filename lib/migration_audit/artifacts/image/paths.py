"""Whether a file or folder is at a path of an image: through COPY, ADD, RUN, WORKDIR, stages, the base and mounts."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Final

from migration_audit.artifacts.image.files import ImageFiles, mounted_in, named_in, unknown_mount
from migration_audit.artifacts.image.stages import (
    FileCopy,
    FileSource,
    FolderStep,
    RunStep,
    StageFacts,
    base_name,
    find_stage,
    walk_run,
)
from migration_audit.artifacts.shell.path_changes import SYSTEM, PathChange, below, standing_after
from migration_audit.artifacts.shell.path_state import FOLDER, NOTHING, PathKind, Paths, PathState, unknown
from migration_audit.artifacts.shell.programs import ShellScript, Walked
from migration_audit.artifacts.shell.replaced import REMOVED
from migration_audit.model.compose import Mount, MountKind
from migration_audit.model.unset import is_open, readable

OWN_FOLDERS: Final[Mapping[str, frozenset[str]]] = {
    "alpine": frozenset(),
    "busybox": frozenset(),
    "debian": frozenset(),
    "directus/directus": frozenset({"directus"}),
    "fedora": frozenset({"afs"}),
    "golang": frozenset({"go"}),
    "node": frozenset(),
    "postgis/postgis": frozenset({"docker-entrypoint-initdb.d"}),
    "postgres": frozenset({"docker-entrypoint-initdb.d"}),
    "python": frozenset(),
    "ruby": frozenset(),
    "rust": frozenset(),
    "timescale/timescaledb": frozenset({"docker-entrypoint-initdb.d"}),
    "ubuntu": frozenset(),
}
"""Images without an ENTRYPOINT, or whose ENTRYPOINT runs the command that it is given; and what each has at its root in
addition to the folders of every system (their Dockerfiles say so)."""
_BY_ENGINES: Final = frozenset({"/.dockerenv", "/.dockerinit"})
"""What an engine may put into a container by itself."""
_EVERYWHERE: Final = frozenset({"bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr", "var"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePaths:
    """What is at the paths of one build's stages."""

    files: ImageFiles
    _walked: dict[tuple[int, int], Walked] = field(default_factory=dict)
    """What the RUN at a position of a stage comes to."""
    _landings: dict[tuple[int, int], FileCopy] = field(default_factory=dict)
    """The COPY at a position of a stage, with what its target is by then."""

    def standing(self, stage: StageFacts, path: str, *, until: int | None = None) -> PathState:
        """What is at ``path`` after the first ``until`` steps of a stage."""
        here = self.standing(stage.parent, path) if stage.parent is not None else _in_base(stage.base, path)
        for position, step in enumerate(stage.steps if until is None else stage.steps[:until]):
            if isinstance(step, FolderStep):
                here = FOLDER if below(step.path, path) is not None else here
            elif isinstance(step, RunStep):
                here = standing_after(self._changes(stage, position, step), path, here)
            else:
                here = self._copied(self._landing(step, stage, position), stage, path, here)
        return here

    def replaced(self, stage: StageFacts, path: str, *, until: int | None = None) -> str | None:
        """Why a file that the project brings may have another text at ``path`` after the first ``until`` steps."""
        why = self.replaced(stage.parent, path) if stage.parent is not None else None
        for position, step in enumerate(stage.steps if until is None else stage.steps[:until]):
            if isinstance(step, RunStep):
                why = self.walked(stage, position, step).replacements.of(path) or why
            elif isinstance(step, FileCopy):
                why = self._replaces(step, stage, path) if self._may_bring(step, stage, path) else why
        return why

    def _may_bring(self, copy: FileCopy, stage: StageFacts, path: str) -> bool:
        return self._replaces(copy, stage, path) is not None or self.files.copied(copy, stage, path) is not None

    def _replaces(self, copy: FileCopy, stage: StageFacts, path: str) -> str | None:
        """Why a COPY or ADD may bring something that the project does not have; None where it is the project's own."""
        other = find_stage(self.files.stages, copy.from_ or "", before=stage.index)
        for source in copy.sources:
            start = posixpath.join("/", source.path)
            if copy.loads(source):
                if path in (copy.named(source.path), copy.target.rstrip("/")):
                    return f"the ADD at {copy.at} puts a file of the network there"
            elif self.files.opens(copy, source):
                if copy.target.strip("/") and below(path, copy.target.rstrip("/")) is not None:
                    return f"the ADD at {copy.at} unpacks {source.path} there"
            elif copy.from_ is not None and (inner := _inner_path(copy, start, path)) is not None:
                if other is None:
                    return f"the COPY at {copy.at} copies it from {copy.from_}"
                state = self.standing(other, inner)
                if state.kind is PathKind.UNKNOWN and state.why.startswith("nothing creates it earlier"):
                    return f"the COPY at {copy.at} copies it from {copy.from_}: {state.why}"
                if (why := self.replaced(other, inner)) is not None:
                    return why
        return None

    def _landing(self, copy: FileCopy, stage: StageFacts, position: int) -> FileCopy:
        """The same COPY with ``/`` behind a target that is a folder already; a doubt where it is unknown whether it is."""
        key = (stage.index, position)
        if key not in self._landings:
            self._landings[key] = copy
            before = FOLDER if copy.is_folder else self.standing(stage, copy.target, until=position)
            if before.kind is PathKind.FOLDER:
                self._landings[key] = replace(copy, target=copy.target.rstrip("/") + "/")
            elif before.kind in (PathKind.UNKNOWN, PathKind.SOMETHING):
                self._landings[key] = replace(copy, may_be_folder=True)
        return self._landings[key]

    def walked(self, stage: StageFacts, position: int, step: RunStep) -> Walked:
        """What the RUN at this position of a stage runs, and what it may change."""
        key = (stage.index, position)
        if key not in self._walked:
            files = partial(self.files.find, stage, until=position)
            self._walked[key] = walk_run(step, files, _build_paths(self, stage, position))
        return self._walked[key]

    def _changes(self, stage: StageFacts, position: int, step: RunStep) -> tuple[PathChange, ...]:
        walked = self.walked(stage, position, step)
        return (*walked.changes, *(PathChange.unread(each.what, each.at) for each in walked.run.undecided))

    def in_container(self, stage: StageFacts, path: str) -> PathState:
        """What is at ``path`` when a container of the stage starts on a fresh host: mounts hide what the image has."""
        mount = self.files.mount_of(path)
        if mount is not None:
            return self._volume(mount, stage, path) if mount.kind is MountKind.VOLUME else self._mounted(mount, path)
        if any(below(other.target, path) is not None for other in self.files.mounts if not is_open(other.target)):
            return FOLDER
        if path in _BY_ENGINES:
            return unknown(f"some engines create {path}")
        return self.standing(stage, path)

    def replaced_in_container(self, stage: StageFacts, path: str) -> str | None:
        """The same in a container: a bind mount is read where it leads to, and a volume has what it got at first."""
        mount = self.files.mount_of(path)
        if mount is None:
            return self.replaced(stage, path)
        if mount.kind is MountKind.VOLUME and mount.is_named:
            return f"{mount.source} at {mount.at} keeps what an earlier container or another image wrote there"
        return self.replaced(stage, path) if mount.kind is MountKind.VOLUME else unknown_mount(mount)

    def covered(self, stage: StageFacts, file: Path) -> tuple[str, str, bool] | None:
        """Where a file of the context is in a container, what is there in its place, and whether that is certain."""
        path = self._landing_of(stage, Path(os.path.relpath(file, self.files.context)).as_posix())
        mount = self.files.mount_of(path) if path is not None else None
        if path is None:
            return None
        if mount is not None and mount.kind is MountKind.TMPFS:
            return path, f"the tmpfs at {mount.at} hides it", True
        if mount is not None and mount.kind is MountKind.BIND and unknown_mount(mount) is None:
            source = Path(mount.source) / (below(path, mount.target) or "")
            if self.files.outside(source) is not None:
                return path, f"the mount at {mount.at} brings {mount.source}, which is not read", False
            is_same = source.is_file() and source.read_bytes() == file.read_bytes()
            return None if is_same else (path, f"the mount at {mount.at} brings something else", True)
        why = self.replaced_in_container(stage, path)
        if why is None and mount is None:
            standing = self.standing(stage, path)
            is_gone = standing.kind is PathKind.NOTHING
            why = "the build removes it" if is_gone else standing.why if REMOVED.search(standing.why) else None
            other = self.files.find(stage, path) if why is None else None
            if isinstance(other, ShellScript) and not (self.files.shown_from / other.at.path).samefile(file):
                return path, f"the build copies {other.at.path} there", True
        return (path, why, False) if why is not None else None

    def _landing_of(self, stage: StageFacts, inner: str) -> str | None:
        """Where the last COPY of the context puts a file."""
        copies = [step for step in stage.steps if isinstance(step, FileCopy) and step.from_ is None and not step.doubt]
        for copy in reversed(copies):
            for source in copy.sources:
                for match in () if source.heredoc is not None else self.files.matches(source.path):
                    rest = inner if match == "." else below(inner, match)
                    if rest:
                        return posixpath.join(copy.place, rest)
                    if rest == "":
                        return copy.named(match)
        return self._landing_of(stage.parent, inner) if stage.parent is not None else None

    def _mounted(self, mount: Mount, path: str) -> PathState:
        if (why := unknown_mount(mount)) is not None:
            return unknown(why)
        if mount.kind is MountKind.TMPFS:
            return FOLDER if path == mount.target else NOTHING
        source, rest = Path(mount.source), below(path, mount.target)
        if (why := self.files.outside(source / rest if rest else source)) is not None:
            return unknown(why)
        if (source / rest if rest else source).exists():
            return _of_host(source / rest if rest else source)
        if rest and source.is_dir():
            return NOTHING
        return unknown(f"{mount.at} mounts it from the host, and the project does not contain it")

    def _volume(self, mount: Mount, stage: StageFacts, path: str) -> PathState:
        """A volume begins with what the image has there."""
        inner = FOLDER if path == mount.target else self.standing(stage, path)
        if inner.kind is PathKind.NOTHING:
            return unknown(f"{mount.source} at {mount.at} contains what an earlier container wrote")
        return inner

    def _copied(self, copy: FileCopy, stage: StageFacts, path: str, here: PathState) -> PathState:
        if below(copy.place, path) is not None and copy.target.endswith("/"):
            return FOLDER  # the target or a folder above it
        for source in copy.sources:
            here = self._from_source(copy, source, stage, path, here)
        return here

    def _from_source(self, copy: FileCopy, source: FileSource, stage: StageFacts, path: str, here: PathState) -> PathState:
        other = find_stage(self.files.stages, copy.from_ or "", before=stage.index)
        if copy.doubt:
            why = f"the COPY at {copy.at} {copy.doubt}"
            here = _perhaps(why, path, copy.place, here, anywhere="$" in copy.target)
        elif source.heredoc is not None:
            made = PathState(kind=PathKind.FILE, is_empty=not source.heredoc.text, mode=0o644)
            here = _landed(made, copy.named(source.path), path, here)
        elif copy.from_ is None:
            here = self._from_context(copy, source, path, here)
        elif other is None:
            here = _perhaps(f"the COPY at {copy.at} copies it from {copy.from_}", path, copy.place, here)
        else:
            here = self._from_stage(other, copy, source, path, here)
        return here

    def _from_stage(self, other: StageFacts, copy: FileCopy, source: FileSource, path: str, here: PathState) -> PathState:
        start = posixpath.normpath(posixpath.join("/", source.path))
        begin, rest = self.standing(other, start), below(path, copy.place)
        if begin.kind is PathKind.FILE:
            is_doubted = copy.may_be_folder and rest is not None
            return _in_folder(copy) if is_doubted else _landed(begin, copy.named(source.path), path, here)
        if rest is None:
            return _above(copy.place, path, here)
        inner = self.standing(other, posixpath.join(start, rest)) if rest else begin
        if inner.kind is PathKind.NOTHING and begin.kind in (PathKind.UNKNOWN, PathKind.SOMETHING):
            inner = unknown(begin.why or f"the COPY at {copy.at} may copy it")
        return here if inner.kind is PathKind.NOTHING else inner

    def _from_context(self, copy: FileCopy, source: FileSource, path: str, here: PathState) -> PathState:
        rest = below(path, copy.place)
        if copy.loads(source):
            is_doubted = copy.may_be_folder and rest is not None
            made = PathState(kind=PathKind.FILE)
            return _in_folder(copy) if is_doubted else _landed(made, copy.named(source.path), path, here)
        if self.files.opens(copy, source):
            return _perhaps(f"the ADD at {copy.at} unpacks it", path, copy.place, here)
        for match in self.files.matches(source.path):
            full = self.files.context / match
            if full.is_dir():
                inner = posixpath.normpath(posixpath.join(match, rest)) if rest else match
                is_there = rest == "" or (rest is not None and self._is_sent(copy, match, inner))
                here = _of_host(self.files.context / inner, copy) if is_there else _above(copy.place, path, here)
            elif self._is_sent(copy, match, match):
                if copy.may_be_folder and path in (copy.place, posixpath.join(copy.place, posixpath.basename(match))):
                    here = _in_folder(copy)
                else:
                    here = _landed(_of_host(full, copy), copy.named(match), path, here)
        return here

    def _is_sent(self, copy: FileCopy, match: str, inner: str) -> bool:
        """Whether the build gets this file, or something in this folder, and the COPY brings it."""
        full = self.files.context / inner
        if full.is_dir():
            return any(not self.files.leaves_out(copy, match, file) for file in self.files.sent(inner))
        return full.is_file() and not self.files.ignore.matches(inner) and not self.files.leaves_out(copy, match, inner)


@dataclass(frozen=True, slots=True)
class _PathsAt:
    """The paths at one point of a build or of a container."""

    standing: Callable[[str], PathState]
    replaced: Callable[[str], str | None]
    names: Callable[[str], tuple[str, ...]]


def _build_paths(paths: ImagePaths, stage: StageFacts, until: int) -> Paths:
    """The paths of a stage before one of its steps."""
    standing, replaced = partial(paths.standing, stage, until=until), partial(paths.replaced, stage, until=until)
    return _PathsAt(standing, replaced, partial(_names_in_image, paths.files, stage))


def container_paths(paths: ImagePaths, stage: StageFacts) -> Paths:
    """The paths of a container of a stage when it starts on a fresh host: mounts hide what the image has."""
    standing, replaced = partial(paths.in_container, stage), partial(paths.replaced_in_container, stage)
    return _PathsAt(standing, replaced, partial(_names_in_container, paths.files, stage))


def _names_in_image(files: ImageFiles, stage: StageFacts, pattern: str) -> tuple[str, ...]:
    folder, _, name = pattern.rpartition("/")
    return named_in(files, stage, folder or "/", name)


def _names_in_container(files: ImageFiles, stage: StageFacts, pattern: str) -> tuple[str, ...]:
    folder, _, name = pattern.rpartition("/")
    mount = files.mount_of(folder or "/")
    if mount is None or (mount.kind is MountKind.VOLUME and not unknown_mount(mount)):
        return _names_in_image(files, stage, pattern)
    is_read = mount.kind is MountKind.BIND and not unknown_mount(mount)
    return mounted_in(files, mount, folder, name) if is_read else ()


def _inner_path(copy: FileCopy, start: str, path: str) -> str | None:
    """Where, in the place that is copied from, what comes to ``path`` is; None where nothing comes there.

    Of a folder without ``/`` behind it whose name is not that of the target, only a file of that name is expected.
    """
    target, source = copy.place, start.rstrip("/") or "/"
    name = posixpath.basename(source)
    if path in (copy.named(start), posixpath.join(target, name)):
        return source
    if re.search(r"[*?\[]", name):
        is_one = posixpath.dirname(path) == target and fnmatchcase(posixpath.basename(path), name)
        return posixpath.join(posixpath.dirname(source), posixpath.basename(path)) if is_one else None
    rest = below(path, target)
    is_folder = start.endswith(("/", "/.")) or not copy.is_folder or name == posixpath.basename(target)
    return posixpath.normpath(posixpath.join(source, rest)) if rest is not None and is_folder else None


def _perhaps(why: str, path: str, target: str, here: PathState, *, anywhere: bool = False) -> PathState:
    """What is unknown of what lands below ``target``; what already exists stays."""
    if anywhere or below(path, target) is not None:
        return unknown(why) if here.kind is PathKind.NOTHING or path == target else here
    return _above(target, path, here)


def _in_folder(copy: FileCopy) -> PathState:
    return unknown(
        f"it is not known whether {copy.target} is already a folder, into which the COPY at {copy.at} would put it"
    )


def _landed(made: PathState, target: str, path: str, here: PathState) -> PathState:
    """What is at a path once this lands at ``target``."""
    return made if path == target else _above(target, path, here)


def _above(target: str, path: str, here: PathState) -> PathState:
    """A folder above of what lands at ``target`` is made with it."""
    return FOLDER if path != target and below(target, path) is not None else here


def _of_host(path: Path, copy: FileCopy | None = None) -> PathState:
    """A file or folder of the project; a mode that COPY is given counts before its own."""
    if path.is_symlink():
        return unknown(f"{path.name} in the project is a symbolic link")
    if path.is_dir():
        return FOLDER
    try:
        facts = path.stat()
    except OSError as error:
        return unknown(f"{path.name} in the project cannot be read: {error.strerror}")
    mode: int | None = facts.st_mode
    if copy is not None and copy.chmod is not None:
        mode = int(copy.chmod, 8) if re.fullmatch(r"[0-7]{3,4}", copy.chmod) else None
    return PathState(kind=PathKind.FILE, is_empty=facts.st_size == 0, mode=mode)


def _in_base(base: str, path: str) -> PathState:
    name = base_name(base)
    if base == "scratch":
        return FOLDER if path == "/" else NOTHING
    first = path.split("/")[1] if path.count("/") else ""
    if path == "/" or (name in OWN_FOLDERS and path == f"/{first}" and first in _EVERYWHERE):
        return FOLDER
    if name in OWN_FOLDERS and first not in OWN_FOLDERS[name] and not SYSTEM.fullmatch(first):
        return NOTHING
    return unknown(f"no file of the project is copied there, and it is not known whether {readable(base)} contains it")
