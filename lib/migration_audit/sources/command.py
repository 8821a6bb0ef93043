"""A command of audit.toml as a source: what it is, where it runs, and the digests of the files that it reads."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from migration_audit.model.command import CommandSource, Digests
from migration_audit.model.errors import SourceError
from migration_audit.model.location import Location
from migration_audit.project import CommandSettings
from migration_audit.project.boundary import Boundary, boundary_of
from migration_audit.project.locate import shown_path
from migration_audit.sources.reading import paths_of_glob, read_bytes
from migration_audit.sources.trees import LEFT_OUT, fixed_part, list_files

_EXTENSION = re.compile(rb"""create\s+extension\s+(?:if\s+not\s+exists\s+)?[\\"'`]*([\w-]+)""", re.IGNORECASE)
_HYPERTABLE = re.compile(rb"\bcreate_hypertable\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    """The files that decide what a command does."""

    root: Path
    globs: tuple[str, ...]
    shown_from: Path

    def paths(self) -> list[Path]:
        """Each file once, sorted; raises SourceError for a glob that matches none."""
        if unmatched := [glob for glob in self.globs if not self._matches(glob)]:
            what = f"no files match {unmatched[0]!r}"
            raise SourceError(
                what, where=shown_path(self.root, self.shown_from), todo="check `files` and the root it is relative to"
            )
        return self.present()

    def present(self) -> list[Path]:
        """The same, of the globs that match."""
        return sorted({path for glob in self.globs for path in self._matches(glob)})

    def _matches(self, glob: str) -> list[Path]:
        try:
            matched = paths_of_glob(self.root, glob)
        except ValueError as error:
            what = f"{glob!r} is not a glob below the root: {error}"
            raise SourceError(what, where=str(self.root), todo="write a relative one") from None
        named = set(glob.split("/"))
        found = [file for path in matched for file in (list_files(path, self._boundary) if path.is_dir() else [path])]
        return [file for file in found if not LEFT_OUT.intersection(file.relative_to(self.root).parts) - named]

    def digests(self) -> Digests:
        """Shown path and SHA-256 of each file; raises SourceError for one that cannot be read."""
        return tuple((shown, hashlib.sha256(raw).hexdigest()) for shown, raw in self._contents())

    def _contents(self) -> list[tuple[str, bytes]]:
        shown = {path: shown_path(path, self.shown_from) for path in self.paths()}
        return [(name, read_bytes(path, name, self._boundary)) for path, name in shown.items()]

    @property
    def _boundary(self) -> Boundary:
        return boundary_of(self.shown_from, self.root, *(self.root / fixed_part(glob) for glob in self.globs))

    def extensions(self) -> frozenset[str]:
        """The extensions that their text names."""
        names: set[str] = set()
        for _, raw in self._contents():
            names.update(match.decode().lower() for match in _EXTENSION.findall(raw))
            names.update({"timescaledb"} if _HYPERTABLE.search(raw) else ())
        return frozenset(names)


def load_command(name: str, settings: CommandSettings, *, root: Path, shown_from: Path) -> CommandSource:
    """The command with the digests of its files; nothing is run.

    Its files are globs below ``root``; a folder means all its files, without hidden and installed ones. Raises
    SourceError for a directory or a program that does not exist, and for a glob that matches no file.
    """
    directory, at = settings.directory, settings.at
    shown = "." if directory.resolve() == shown_from.resolve() else shown_path(directory, shown_from)
    if not directory.is_dir():
        raise SourceError(f"the command's directory {shown} does not exist", where=str(at), todo="check `directory`")
    _check_program(settings.words[0], directory, at)
    watched = _Watched(root=root, globs=settings.files, shown_from=shown_from)
    unknown = "audit.toml sets no `files` for it: the evidence contains no digest of what the command reads"
    return CommandSource(
        name=name,
        command=settings.words,
        directory=str(directory),
        shown_directory=shown,
        env=tuple(settings.env.items()),
        timeout=settings.timeout,
        files=watched.digests(),
        paths=tuple(map(str, watched.paths())),
        look=watched.digests,
        extensions=watched.extensions(),
        notes=() if settings.files else (unknown,),
    )


def command_files(root: Path, globs: Sequence[str]) -> list[Path]:
    """The files of a command that are there, sorted; none is not an error."""
    return _Watched(root=root, globs=tuple(globs), shown_from=root).present() if root.is_dir() else []


def _check_program(program: str, directory: Path, at: Location) -> None:
    if os.sep in program:
        if not (directory / program).is_file():
            what = f"the program {program} does not exist in the command's directory"
            raise SourceError(what, where=str(at), todo="install what the command needs first, or check its name")
    elif shutil.which(program) is None:
        todo = "install it, or name it with its path from `directory`, such as ./node_modules/.bin/knex"
        raise SourceError(f"the program {program} is not on PATH", where=str(at), todo=todo)
