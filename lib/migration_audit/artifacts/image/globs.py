"""Which files of the project fit a pattern in a folder of an image."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from migration_audit.artifacts.image.files import ImageFiles
from migration_audit.artifacts.image.stages import FileCopy, FileSource, StageFacts, find_stage
from migration_audit.artifacts.shell.path_changes import below
from migration_audit.model.compose import Mount


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
    target = copy.target.rstrip("/") or "/"
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
