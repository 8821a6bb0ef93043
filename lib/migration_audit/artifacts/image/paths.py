"""What is at a path of an image, and in which text: through COPY, ADD, RUN, WORKDIR, stages, the base and mounts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Literal

from migration_audit.artifacts.image.bases import path_in_base
from migration_audit.artifacts.image.dockerfile import Heredoc
from migration_audit.artifacts.image.files import ImageFiles, is_glob
from migration_audit.artifacts.image.stages import FileCopy, FolderStep, RunStep, StageFacts, find_stage, walk_run
from migration_audit.artifacts.shell.path_changes import PathChange, below, standing_after
from migration_audit.artifacts.shell.path_state import FOLDER, NOTHING, PathKind, PathState, unknown
from migration_audit.artifacts.shell.programs import ShellScript, Walked

_WRITERS: Final = re.compile(r"\b(?:sed|mv|cp|ln|tee|install|rm|patch|tar|unzip|curl|wget|envsubst|dos2unix)\b|>")


Origin = Literal["heredoc", "file", "folder", "stage", "image", "network", "archive", "doubt"]
"""Where what a COPY or ADD brings comes from: a text in the Dockerfile, a file or folder of the context, another stage, an
image that is not built here, the network, or an archive or repository that ADD opens; ``doubt`` where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One thing that a COPY or ADD brings: a file, or a folder with what is in it."""

    origin: Origin
    path: str
    """Where it is at its origin: relative to the context, or from the root of a stage or image."""
    why: str = ""
    """Why it is not known what it is."""
    heredoc: Heredoc | None = None
    stage: StageFacts | None = None

    @property
    def is_of_context(self) -> bool:
        """Whether the project has it."""
        return self.origin in ("file", "folder")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPaths:
    """What is at the paths of a stage, after all of its steps or the first ``until`` ones."""

    files: ImageFiles
    stage: StageFacts
    until: int | None = None
    _walked: dict[tuple[int, int], Walked] = field(default_factory=dict)
    """What the RUN at a position of a stage comes to."""
    _landings: dict[tuple[int, int], FileCopy] = field(default_factory=dict)
    """The COPY at a position of a stage, with what its target is by then."""

    def at(self, stage: StageFacts, until: int | None = None) -> BuildPaths:
        """The same at another point of the build."""
        return replace(self, stage=stage, until=until)

    @property
    def _steps(self) -> list[tuple[int, FileCopy | RunStep | FolderStep]]:
        return list(enumerate(self.stage.steps[: self.until]))

    @property
    def _parent(self) -> BuildPaths | None:
        return self.at(self.stage.parent) if self.stage.parent is not None else None

    def text(self, path: str, /) -> ShellScript | str | None:
        """The text at ``path``, why it is unknown, or None."""
        for position, step in reversed(self._steps):
            if isinstance(step, RunStep) and _may_write(step, path):
                return f"the RUN at {step.instruction.at} may write {path}"
            if isinstance(step, FileCopy) and (found := self._text(self._landing(position, step), path)) is not None:
                return found
        return self._parent.text(path) if self._parent is not None else None

    def standing(self, path: str, /) -> PathState:
        """What is at ``path``."""
        here = self._parent.standing(path) if self._parent is not None else path_in_base(self.stage.base, path)
        for position, step in self._steps:
            if isinstance(step, FolderStep):
                here = FOLDER if below(step.path, path) is not None else here
            elif isinstance(step, RunStep):
                walked = self.walked(position, step)
                unread = (PathChange.unread(each.what, each.at) for each in walked.run.undecided)
                here = standing_after((*walked.changes, *unread), path, here)
            else:
                here = self._copied(self._landing(position, step), path, here)
        return here

    def replaced(self, path: str, /) -> str | None:
        """Why a file that the project brings may have another text at ``path``."""
        why = self._parent.replaced(path) if self._parent is not None else None
        for position, step in self._steps:
            if isinstance(step, RunStep):
                why = self.walked(position, step).replacements.of(path) or why
            elif isinstance(step, FileCopy):
                copy = self._landing(position, step)
                found = next(filter(None, (self._replaces(copy, part, path) for part in self._parts(copy))), None)
                why = found or (None if isinstance(self._text(copy, path), ShellScript) else why)
        return why

    def names(self, pattern: str, /) -> tuple[str, ...]:
        """Paths that COPY and ADD bring and that fit a pattern, sorted; another step may take them away."""
        folder, name = posixpath.split(pattern)
        return () if is_glob(folder) else fitting_paths(self._names(folder), folder, name)

    def landing_of(self, inner: str) -> str | None:
        """Where the last COPY of the context puts a file of it."""
        for copy in reversed(list(self._copies())):
            for part in self._parts(copy):
                rest = inner if part.path == "." else below(inner, part.path)
                if part.is_of_context and rest is not None:
                    return posixpath.join(copy.place, rest) if rest else copy.named(inner)
        return self._parent.landing_of(inner) if self._parent is not None else None

    def walked(self, position: int, step: RunStep) -> Walked:
        """What the RUN at this position of the stage runs, and what it may change."""
        key = (self.stage.index, position)
        if key not in self._walked:
            self._walked[key] = walk_run(step, self.at(self.stage, position))
        return self._walked[key]

    def _landing(self, position: int, copy: FileCopy) -> FileCopy:
        """The same COPY with ``/`` behind a target that is a folder already; a doubt where it is unknown whether it is."""
        key = (self.stage.index, position)
        if key not in self._landings:
            before = FOLDER if copy.is_folder else self.at(self.stage, position).standing(copy.target)
            if before.kind is PathKind.FOLDER:
                self._landings[key] = replace(copy, target=copy.place.rstrip("/") + "/")
            else:
                is_open = before.kind in (PathKind.UNKNOWN, PathKind.SOMETHING)
                self._landings[key] = replace(copy, may_be_folder=is_open)
        return self._landings[key]

    def _copies(self) -> Iterator[FileCopy]:
        return (self._landing(position, step) for position, step in self._steps if isinstance(step, FileCopy))

    def _names(self, folder: str) -> Iterator[str]:
        """Names in ``folder`` that COPY and ADD may bring there, and that a later step may take away."""
        if self._parent is not None:
            yield from self._parent._names(folder)
        for copy in self._copies():
            rest = below(folder, copy.place)
            for part in self._parts(copy):
                inner = posixpath.normpath(posixpath.join(part.path, rest)) if rest is not None else None
                if part.stage is not None:
                    yield from self.at(part.stage)._names(inner) if inner is not None else ()
                elif part.origin == "folder":
                    yield from self.files.names(inner) if inner is not None else ()
                else:
                    landed = copy.may_be_named(part.path)
                    yield from (posixpath.basename(each) for each in landed if posixpath.dirname(each) == folder)

    def _parts(self, copy: FileCopy) -> Iterator[_Part]:
        """What a COPY or ADD of a stage brings, in order; a pattern that names nothing brings nothing."""
        other = find_stage(self.files.stages, copy.from_ or "", before=self.stage.index)
        for source in copy.sources:
            path, at = source.path, copy.at
            if copy.doubt:
                yield _Part(origin="doubt", path=path, why=f"the COPY at {at} {copy.doubt}")
            elif source.heredoc is not None:
                yield _Part(origin="heredoc", path=path, heredoc=source.heredoc)
            elif other is not None:
                why = f"the COPY at {at} may copy it" if is_glob(path) else ""
                yield _Part(origin="stage", path=posixpath.join("/", path), why=why, stage=other)
            elif copy.from_ is not None:
                why = f"the COPY at {at} copies it from {copy.from_}"
                yield _Part(origin="image", path=posixpath.join("/", path), why=why)
            elif copy.loads(source):
                yield _Part(origin="network", path=path, why=f"the ADD at {at} puts a file of the network there")
            elif self.files.opens(copy, source):
                yield _Part(origin="archive", path=path, why=f"the ADD at {at} unpacks {path} there")
            else:
                for match in self.files.matches(path):
                    is_folder = (self.files.context / match).is_dir()
                    yield _Part(origin="folder" if is_folder else "file", path=match)

    def _text(self, copy: FileCopy, path: str) -> ShellScript | str | None:
        """The text that one COPY or ADD brings to ``path``, why it is unknown, or None."""
        for part in reversed(list(self._parts(copy))):
            is_named, is_below = path in copy.may_be_named(part.path), below(path, copy.place) is not None
            if part.origin == "doubt" and (is_below or "$" in copy.target):
                return part.why
            if part.origin == "image" and is_named:
                return part.why
            if part.heredoc is not None and path == copy.named(part.path):
                return ShellScript(text=part.heredoc.text, at=part.heredoc.at)
            for inner in _inner_paths(copy, part, path):
                if part.stage is not None and (found := self.at(part.stage).text(inner)) is not None:
                    return found
                if part.is_of_context and (self.files.context / inner).is_file() and self._is_sent(copy, part, inner):
                    return self.files.read(self.files.context / inner)
        return None

    def _replaces(self, copy: FileCopy, part: _Part, path: str) -> str | None:
        """Why a part may bring something to ``path`` that the project does not have; None where it is the project's own."""
        if part.origin == "archive":
            return part.why if copy.place != "/" and below(path, copy.place) is not None else None
        inner = next(_inner_paths(copy, part, path, is_expected=True), None)
        if inner is None or part.is_of_context or (copy.from_ is None and not copy.unpacks):
            return None
        if part.stage is None:
            return part.why
        state = self.at(part.stage).standing(inner)
        if state.kind is PathKind.UNKNOWN and state.why.startswith("nothing creates it earlier"):
            return f"the COPY at {copy.at} copies it from {copy.from_}: {state.why}"
        return self.at(part.stage).replaced(inner)

    def _copied(self, copy: FileCopy, path: str, here: PathState) -> PathState:
        if below(copy.place, path) is not None and copy.target.endswith("/"):
            return FOLDER  # the target or a folder above it
        for part in self._parts(copy):
            here = self._state(copy, part, path, here)
        return here

    def _state(self, copy: FileCopy, part: _Part, path: str, here: PathState) -> PathState:
        """What is at ``path`` once a part has come, where ``here`` was there first."""
        if part.why and part.origin != "network":
            return _perhaps(copy, part, path, here)
        begin = self._at_origin(copy, part, part.path)
        if part.origin == "folder" or (part.stage is not None and begin.kind is not PathKind.FILE):
            return self._in_tree(copy, part, path, begin, here)
        if begin.kind is PathKind.NOTHING:
            return here
        if copy.may_be_folder and part.heredoc is None and path in copy.may_be_named(part.path):
            return unknown(
                f"it is not known whether {copy.target} is already a folder, into which the COPY at {copy.at} would put it"
            )
        return begin if path == copy.named(part.path) else _above(copy.named(part.path), path, here)

    def _in_tree(self, copy: FileCopy, part: _Part, path: str, begin: PathState, here: PathState) -> PathState:
        """The same of a folder, or of what may be one: what ``begin`` says of it at its origin."""
        rest = below(path, copy.place)
        if rest is None:
            return _above(copy.place, path, here)
        inner = self._at_origin(copy, part, posixpath.join(part.path, rest)) if rest else begin
        if (
            inner.kind is PathKind.NOTHING
            and part.stage is not None
            and begin.kind in (PathKind.UNKNOWN, PathKind.SOMETHING)
        ):
            return unknown(begin.why or f"the COPY at {copy.at} may copy it")
        return here if inner.kind is PathKind.NOTHING else inner

    def _at_origin(self, copy: FileCopy, part: _Part, inner: str) -> PathState:
        """What a part has at a path of its origin."""
        inner = posixpath.normpath(inner)
        if part.stage is not None:
            return self.at(part.stage).standing(inner)
        if part.heredoc is not None:
            return PathState(kind=PathKind.FILE, is_empty=not part.heredoc.text, mode=0o644)
        if part.origin == "network":
            return PathState(kind=PathKind.FILE)
        is_folder = part.origin == "folder" and inner == part.path
        return state_of_host(self.files.context / inner, copy) if is_folder or self._is_sent(copy, part, inner) else NOTHING

    def _is_sent(self, copy: FileCopy, part: _Part, inner: str) -> bool:
        """Whether the build gets this file, or something in this folder, and the COPY brings it."""
        files = self.files
        is_there = (files.context / inner).exists()
        return is_there and any(not files.leaves_out(copy, part.path, file) for file in files.sent(inner))


def _inner_paths(copy: FileCopy, part: _Part, path: str, *, is_expected: bool = False) -> Iterator[str]:
    """Where, at its origin, what a part brings to ``path`` may be: the part itself, or a file in it.

    ``is_expected``: of a folder without ``/`` behind it whose name is not that of the target, only a file of that name.
    """
    source = part.path.rstrip("/") or "/"
    folder, name = posixpath.split(source)
    if path in copy.may_be_named(part.path):
        yield source
    if part.origin not in ("folder", "stage", "image", "doubt"):
        return
    if part.origin != "folder" and is_glob(name):
        if posixpath.dirname(path) == copy.place and fnmatchcase(posixpath.basename(path), name):
            yield posixpath.join(folder, posixpath.basename(path))
        return
    is_folder = part.path.endswith(("/", "/.")) or not copy.is_folder or name == posixpath.basename(copy.place)
    rest = below(path, copy.place)
    if rest is not None and (is_folder if is_expected else rest):
        yield posixpath.normpath(posixpath.join(source, rest))


def _may_write(step: RunStep, path: str) -> bool:
    text = "\n".join([*step.instruction.lines, *(heredoc.text for heredoc in step.instruction.heredocs)])
    return posixpath.basename(path) in text and bool(_WRITERS.search(text))


def _perhaps(copy: FileCopy, part: _Part, path: str, here: PathState) -> PathState:
    """What is at ``path`` where it is unknown what a part brings; what already exists stays."""
    rest = below(path, copy.place)
    is_fitting = part.stage is None or fnmatchcase((rest or "").split("/")[0], posixpath.basename(part.path))
    if (rest is None or not is_fitting) and not (part.origin == "doubt" and "$" in copy.target):
        return _above(copy.place, path, here)
    return unknown(part.why) if here.kind is PathKind.NOTHING or path == copy.place else here


def _above(target: str, path: str, here: PathState) -> PathState:
    """A folder above of what lands at ``target`` is made with it."""
    return FOLDER if path != target and below(target, path) is not None else here


def fitting_paths(names: Iterable[str], folder: str, pattern: str) -> tuple[str, ...]:
    """Paths of those names that fit, sorted; as a shell has it, a wildcard at the start is not a dot."""
    found = {each for each in names if fnmatchcase(each, pattern) and each.startswith(".") == pattern.startswith(".")}
    return tuple(posixpath.join(folder, each) for each in sorted(found))


def state_of_host(path: Path, copy: FileCopy | None = None) -> PathState:
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
