"""SQL files, in the order in which they are applied, as a SqlSource."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from migration_audit.model.errors import SourceError
from migration_audit.model.location import Location
from migration_audit.model.sql import SqlFile, SqlSource, Statement
from migration_audit.sources.commands import check_command, included_path
from migration_audit.sources.order import apply_order, number_of
from migration_audit.sources.reading import check_text, read_bytes, shown_path
from migration_audit.sources.script import Command, read_script
from migration_audit.sources.statements import Lines, build_statements


def load_source(name: str, paths: Sequence[Path], *, shown_from: Path) -> SqlSource:
    """The statements of ``paths``, each a ``.sql`` file or a folder of them, one path after the other.

    The files of a folder (not of the folders in it) come in the order of their numeric prefixes, ``2_x`` before
    ``10_x``, then by name. A path that is named twice is applied twice. Files are shown relative to ``shown_from``.

    A file that holds comments alone has no statements: histories keep such files so that no number is missing. Raises
    SourceError, with ``file:line`` and what to do, for what cannot be read, is empty, is not UTF-8, or needs something of
    psql that the audit does not do, and when no file holds a statement.
    """
    if not paths:
        raise SourceError("no SQL files", where=name, todo="name a .sql file or a folder of .sql files")
    files = [file for path in paths for file in _files_of(path, shown_from)]
    return _source(name, files, shown_from)


def load_globs(name: str, root: Path, globs: Sequence[str], *, shown_from: Path) -> SqlSource:
    """The statements of the ``.sql`` files below ``root`` that ``globs`` match, one glob after the other.

    The matches of one glob come folder by folder, in the order of ``load_source``; a file that several globs match is
    taken where the first of them has it. Raises SourceError like ``load_source``, and for a glob that matches no
    ``.sql`` file.
    """
    shown = shown_path(root, shown_from)
    if not root.is_dir():
        raise SourceError("no such folder", where=shown, todo=f"check the root of source {name!r}")
    if not globs:
        raise SourceError("no SQL files", where=name, todo='give the source its globs, such as "migrations/*.sql"')
    files: dict[Path, Path] = {}
    for file in (file for glob in globs for file in _matches(root, glob, shown)):
        files.setdefault(file.resolve(), file)
    return _source(name, files.values(), shown_from)


def load_file(path: Path, shown_from: Path) -> SqlFile:
    """One file with the statements of all that it includes. Raises SourceError."""
    reading = _Reading(shown_from)
    statements = tuple(reading.statements(path))
    return SqlFile(
        path=shown_path(path, shown_from),
        sha256=reading.digest.hexdigest(),
        number=number_of(path.name),
        statements=statements,
    )


def _source(name: str, paths: Iterable[Path], shown_from: Path) -> SqlSource:
    files = tuple(load_file(path, shown_from) for path in paths)
    if not any(file.statements for file in files):
        raise SourceError(
            "the file holds comments and no statement", where=f"{files[0].path}:1", todo="remove it, or write its SQL"
        )
    return SqlSource(name=name, files=files)


def text_digest(source: SqlSource) -> str:
    """``sha256:…`` over the bytes of the files in apply order; names and paths do not count."""
    digest = hashlib.sha256()
    for file in source.files:
        digest.update(bytes.fromhex(file.sha256))
    return f"sha256:{digest.hexdigest()}"


def _files_of(path: Path, shown_from: Path) -> list[Path]:
    shown = shown_path(path, shown_from)
    if not path.is_dir():
        return [path]
    try:
        found = _sql_files(path.iterdir())
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror or error}", where=shown, todo="check its permissions") from error
    if not found:
        raise SourceError("no .sql files in this folder", where=shown, todo="name the folder that holds them")
    return found


def _sql_files(paths: Iterable[Path]) -> list[Path]:
    return sorted((path for path in paths if path.suffix.lower() == ".sql"), key=apply_order)


def _matches(root: Path, glob: str, shown: str) -> list[Path]:
    try:
        found = list(root.glob(glob))
    except (ValueError, NotImplementedError) as error:
        raise SourceError(f"{glob!r} is no glob below the root: {error}", where=shown, todo="write it relative") from None
    if len(found) == 1 and found[0].is_dir():
        raise SourceError(f"{glob!r} is a folder", where=shown, todo=f'write "{glob.rstrip("/")}/*.sql"')
    files = _sql_files(found)
    if not files:
        raise SourceError(f"no .sql files match {glob!r}", where=shown, todo="check the glob and the root it counts from")
    return files


class _Reading:
    """One file and what it includes, while they are read."""

    def __init__(self, shown_from: Path) -> None:
        self.digest = hashlib.sha256()
        self._shown_from = shown_from
        self._open: list[Path] = []

    def statements(self, path: Path) -> Iterator[Statement]:
        """The statements in order, those of included files where psql would run them."""
        shown = shown_path(path, self._shown_from)
        raw = read_bytes(path, shown)
        self.digest.update(raw)
        script = read_script(check_text(raw, shown))
        self._open.append(path.resolve())
        includes = list(self._includes(script.commands, Lines(script.text), path, shown))
        for start, statement in build_statements(script, shown):
            while includes and includes[0][0] < start:
                yield from self._include(*includes.pop(0)[1:])
            yield statement
        for _, target, at in includes:
            yield from self._include(target, at)
        self._open.pop()

    def _includes(
        self, commands: Iterable[Command], lines: Lines, path: Path, shown: str
    ) -> Iterator[tuple[int, Path, Location]]:
        for command in commands:
            at = Location(shown, lines.line(command.at))
            include = included_path(command, at)
            if include is None:
                check_command(command, at)
            else:
                yield command.at, self._target(include, path, at), at

    def _include(self, target: Path, at: Location) -> Iterator[Statement]:
        if target.resolve() in self._open:
            raise SourceError(
                f"{shown_path(target, self._shown_from)} includes itself", where=str(at), todo="break the circle"
            )
        yield from self.statements(target)

    def _target(self, include: tuple[str, bool], path: Path, at: Location) -> Path:
        """``\\ir`` counts from the including file; ``\\i`` from the folder psql ran in, which nobody wrote down."""
        name, is_relative = include
        folders = [path.parent] if is_relative else [self._shown_from, Path.cwd(), path.parent]
        found = {(folder / name).resolve(): folder / name for folder in folders if (folder / name).is_file()}
        if len(found) > 1:
            what = f"{name!r} may be any of {', '.join(sorted(map(str, found)))}"
            raise SourceError(what, where=str(at), todo=r"use \ir, which counts from the including file")
        if not found:
            what = f"the included file {name!r} does not exist"
            raise SourceError(what, where=str(at), todo=r"check the path; \ir counts from the including file")
        return next(iter(found.values()))
