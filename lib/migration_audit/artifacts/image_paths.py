"""Whether a file or folder stands at a path of an image: through COPY, ADD, RUN, WORKDIR, stages, the base and mounts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from migration_audit.artifacts.image_files import ImageFiles, unknown_mount
from migration_audit.artifacts.image_globs import mounted_in, named_in
from migration_audit.artifacts.image_runs import walk_run
from migration_audit.artifacts.image_stages import (
    FileCopy,
    FileSource,
    FolderStep,
    RunStep,
    StageFacts,
    base_name,
    find_stage,
)
from migration_audit.artifacts.path_changes import SYSTEM, Change, below, standing_after
from migration_audit.artifacts.shell import Walked
from migration_audit.artifacts.standing import FOLDER, NOTHING, Kind, Standing, unknown
from migration_audit.model.compose import Mount
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
"""Images without an ENTRYPOINT, or whose ENTRYPOINT runs the command that it is given; and what each has at its root beside
the folders of every system (their Dockerfiles say so)."""
_EVERYWHERE: Final = frozenset({"bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr", "var"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePaths:
    """What stands at the paths of one build's stages."""

    files: ImageFiles
    _walked: dict[tuple[int, int], Walked] = field(default_factory=dict)
    """What the RUN at a position of a stage comes to."""

    def standing(self, stage: StageFacts, path: str, *, until: int | None = None) -> Standing:
        """What stands at ``path`` after the first ``until`` steps of a stage."""
        here = self.standing(stage.parent, path) if stage.parent is not None else _in_base(stage.base, path)
        for position, step in enumerate(stage.steps if until is None else stage.steps[:until]):
            if isinstance(step, FolderStep):
                here = FOLDER if below(step.path, path) is not None else here
            elif isinstance(step, RunStep):
                here = standing_after(self._changes(stage, position, step), path, here)
            else:
                here = self._copied(step, stage, path, here)
        return here

    def walked(self, stage: StageFacts, position: int, step: RunStep) -> Walked:
        """What the RUN at this position of a stage runs, and what it may change."""
        key = (stage.index, position)
        if key not in self._walked:
            files = partial(self.files.find, stage, until=position)
            self._walked[key] = walk_run(step, files, BuildPaths(self, stage, position))
        return self._walked[key]

    def _changes(self, stage: StageFacts, position: int, step: RunStep) -> tuple[Change, ...]:
        walked = self.walked(stage, position, step)
        return (*walked.changes, *(Change.unread(each.what, each.at) for each in walked.run.undecided))

    def in_container(self, stage: StageFacts, path: str) -> Standing:
        """What stands at ``path`` when a container of the stage starts on a fresh host: mounts hide what the image has."""
        mount = self.files.mount_of(path)
        if mount is not None:
            return self._mounted(mount, path)
        if any(below(other.target, path) is not None for other in self.files.mounts if not is_open(other.target)):
            return FOLDER
        return self.standing(stage, path)

    def _mounted(self, mount: Mount, path: str) -> Standing:
        if (why := unknown_mount(mount)) is not None:
            return unknown(why)
        source, rest = Path(mount.source), below(path, mount.target)
        if (source / rest if rest else source).exists():
            return _of_host(source / rest if rest else source)
        if rest and source.is_dir():
            return NOTHING
        return unknown(f"{mount.at} mounts it from the host, and the project has no such file")

    def _copied(self, copy: FileCopy, stage: StageFacts, path: str, here: Standing) -> Standing:
        if below(copy.target.rstrip("/") or "/", path) is not None and copy.target.endswith("/"):
            return FOLDER  # the target or a folder above it
        for source in copy.sources:
            here = self._from_source(copy, source, stage, path, here)
        return here

    def _from_source(self, copy: FileCopy, source: FileSource, stage: StageFacts, path: str, here: Standing) -> Standing:
        target = copy.target.rstrip("/") or "/"
        name = posixpath.basename(source.path.rstrip("/"))
        as_file = posixpath.join(target, name) if copy.target.endswith("/") else target
        other = find_stage(self.files.stages, copy.from_ or "", before=stage.index)
        if not copy.is_known:
            why = f"the COPY at {copy.at} holds a variable without a value"
            here = _perhaps(why, path, target, here, anywhere="$" in copy.target)
        elif source.heredoc is not None:
            made = Standing(kind=Kind.FILE, is_empty=not source.heredoc.text, mode=0o644)
            here = made if path == as_file else _above(as_file, path, here)
        elif copy.from_ is None:
            here = self._from_context(copy, source, path, as_file, here)
        elif other is None:
            here = _perhaps(f"the COPY at {copy.at} takes it from {copy.from_}", path, target, here)
        else:
            here = self._from_stage(other, copy, source, path, as_file, here)
        return here

    def _from_stage(
        self, other: StageFacts, copy: FileCopy, source: FileSource, path: str, as_file: str, here: Standing
    ) -> Standing:
        target = copy.target.rstrip("/") or "/"
        start = posixpath.normpath(posixpath.join("/", source.path))
        begin, rest = self.standing(other, start), below(path, target)
        if begin.kind is Kind.FILE:
            return begin if path == as_file else _above(as_file, path, here)
        if rest is None:
            return _above(target, path, here)
        inner = self.standing(other, posixpath.join(start, rest)) if rest else begin
        if inner.kind is Kind.NOTHING and begin.kind in (Kind.UNKNOWN, Kind.SOMETHING):
            inner = unknown(begin.why or f"the COPY at {copy.at} may bring it")
        return here if inner.kind is Kind.NOTHING else inner

    def _from_context(self, copy: FileCopy, source: FileSource, path: str, as_file: str, here: Standing) -> Standing:
        target = copy.target.rstrip("/") or "/"
        if copy.unpacks and "://" in source.path and not source.path.endswith(".git"):
            return Standing(kind=Kind.FILE) if path == as_file else _above(as_file, path, here)
        if copy.unpacks and copy.opens(source):
            return _perhaps(f"the ADD at {copy.at} unpacks it", path, target, here)
        for match in self.files.matches(source.path):
            full = self.files.context / match
            if full.is_dir():
                rest = below(path, target)
                inner = posixpath.normpath(posixpath.join(match, rest)) if rest else match
                is_there = rest == "" or (rest is not None and self._is_sent(inner))
                here = _of_host(self.files.context / inner, copy) if is_there else _above(target, path, here)
            elif self._is_sent(match):
                named = posixpath.join(target, posixpath.basename(match)) if copy.target.endswith("/") else target
                here = _of_host(full, copy) if path == named else _above(named, path, here)
        return here

    def _is_sent(self, inner: str) -> bool:
        """Whether the build gets this file, or something in this folder."""
        full = self.files.context / inner
        if full.is_dir():
            return next(self.files.sent(inner), None) is not None
        return full.is_file() and not self.files.ignore.excludes(inner)


@dataclass(frozen=True, slots=True)
class BuildPaths:
    """The paths of a stage before one of its steps."""

    paths: ImagePaths
    stage: StageFacts
    until: int

    def standing(self, path: str, /) -> Standing:
        """What stands at ``path``."""
        return self.paths.standing(self.stage, path, until=self.until)

    def names(self, pattern: str, /) -> tuple[str, ...]:
        """What the project brings."""
        folder, _, name = pattern.rpartition("/")
        return named_in(self.paths.files, self.stage, folder or "/", name)


@dataclass(frozen=True, slots=True)
class ContainerPaths:
    """The paths of a container of a stage when it starts on a fresh host: mounts hide what the image has."""

    paths: ImagePaths
    stage: StageFacts

    def standing(self, path: str, /) -> Standing:
        """What stands at ``path``."""
        return self.paths.in_container(self.stage, path)

    def names(self, pattern: str, /) -> tuple[str, ...]:
        """What the project brings or mounts."""
        folder, _, name = pattern.rpartition("/")
        mount = self.paths.files.mount_of(folder or "/")
        if mount is None:
            return named_in(self.paths.files, self.stage, folder or "/", name)
        return () if unknown_mount(mount) else mounted_in(mount, folder, name)


def _perhaps(why: str, path: str, target: str, here: Standing, *, anywhere: bool = False) -> Standing:
    """What nobody can know of what lands below ``target``; what is there already stays."""
    if anywhere or below(path, target) is not None:
        return unknown(why) if here.kind is Kind.NOTHING or path == target else here
    return _above(target, path, here)


def _above(target: str, path: str, here: Standing) -> Standing:
    """A folder above of what lands at ``target`` is made with it."""
    return FOLDER if path != target and below(target, path) is not None else here


def _of_host(path: Path, copy: FileCopy | None = None) -> Standing:
    """A file or folder of the project; a mode that COPY is given counts before its own."""
    if path.is_dir():
        return FOLDER
    try:
        facts = path.stat()
    except OSError as error:
        return unknown(f"{path.name} of the project cannot be read: {error.strerror}")
    mode: int | None = facts.st_mode
    if copy is not None and copy.chmod is not None:
        mode = int(copy.chmod, 8) if re.fullmatch(r"[0-7]{3,4}", copy.chmod) else None
    return Standing(kind=Kind.FILE, is_empty=facts.st_size == 0, mode=mode)


def _in_base(base: str, path: str) -> Standing:
    name = base_name(base)
    if base == "scratch":
        return FOLDER if path == "/" else NOTHING
    first = path.split("/")[1] if path.count("/") else ""
    if path == "/" or (name in OWN_FOLDERS and path == f"/{first}" and first in _EVERYWHERE):
        return FOLDER
    if name in OWN_FOLDERS and first not in OWN_FOLDERS[name] and not SYSTEM.fullmatch(first):
        return NOTHING
    return unknown(f"nothing of the project brings it, and whether {readable(base)} has it is not known")
