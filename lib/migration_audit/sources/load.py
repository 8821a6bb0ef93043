"""SQL files, in the order in which they are applied, as a SqlSource."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from migration_audit.formats import Dialect, Format, Options, PlannedFile, Tree, find_format
from migration_audit.formats.order import number_of
from migration_audit.model.errors import SourceError
from migration_audit.model.location import Location
from migration_audit.model.sql import SqlFile, SqlSource, Statement, TransactionMode, one_line
from migration_audit.sources.commands import check_command, included_path
from migration_audit.sources.reading import check_text, read_bytes, shown_path
from migration_audit.sources.script import Command, read_script
from migration_audit.sources.statements import Lines, build_statements
from migration_audit.sources.trees import left_beside, trees_of_globs, trees_of_paths

_NO_VALUES: Mapping[str, str] = MappingProxyType({})


def load_source(name: str, paths: Sequence[Path], *, shown_from: Path, form: str = "files") -> SqlSource:
    """The statements of ``paths``, each a ``.sql`` file or a folder, as the format ``form`` reads them.

    With plain ``files`` the files of a folder come in the order of their numeric prefixes, ``2_x`` before ``10_x``, then by
    name, and one path after the other; a path that is named twice is applied twice. Files are shown relative to
    ``shown_from``.

    A file that holds comments alone has no statements: histories keep such files so that no number is missing.

    Raises SourceError, with ``file:line`` and what to do, for what cannot be read, is not UTF-8, belongs to another
    format, or needs something of psql that the audit does not do, and when no file holds a statement.
    """
    if not paths:
        raise SourceError("no SQL files", where=name, todo="name a .sql file or a folder of .sql files")
    return _source(name, find_format(form), trees_of_paths(paths, shown_from), shown_from, Options())


def load_globs(
    name: str,
    root: Path,
    globs: Sequence[str],
    *,
    shown_from: Path,
    form: str = "files",
    placeholders: Mapping[str, str] = _NO_VALUES,
) -> SqlSource:
    """The statements of the files below ``root`` that ``globs`` match, one glob after the other, as ``form`` reads them.

    With plain ``files`` the matches of one glob come folder by folder, in the order of ``load_source``; a file that several
    globs match is taken where the first of them has it. With every other format a glob that matches a folder takes the
    whole of it. Raises SourceError like ``load_source``, and for a glob that matches nothing.
    """
    format_ = find_format(form)
    trees = trees_of_globs(name, root, globs, shown_from, whole_folders=form != "files")
    source = _source(name, format_, trees, shown_from, Options(placeholders=placeholders))
    applied = [shown_from / file.path for file in source.files]
    left = left_beside(root, globs, [*applied, *(shown_from / each.path for each in source.not_applied)], shown_from)
    return replace(source, not_applied=(*source.not_applied, *left))


def _source(name: str, form: Format, trees: Sequence[Tree], shown_from: Path, options: Options) -> SqlSource:
    plan = form.plan(trees, options)
    if not plan.files:
        shown = ", ".join(tree.shown or "." for tree in trees)
        what = "no .sql files in this folder" if form.name == "files" else f"nothing here that {form.runner} would apply"
        raise SourceError(what, where=shown or name, todo="name the folder that holds them")
    files = tuple(_file(planned, form, trees[planned.tree], shown_from) for planned in plan.files)
    if not any(file.statements for file in files):
        raise SourceError(
            "the file holds comments and no statement", where=f"{files[0].path}:1", todo="remove it, or write its SQL"
        )
    empty = [f"{file.path} holds no statement" for file in files if not file.statements]
    return SqlSource(
        name=name,
        files=files,
        format=form.name,
        session=form.session,
        opening=form.opening,
        between=form.between,
        one_transaction=plan.one_transaction,
        not_applied=plan.not_applied,
        duplicates=plan.duplicates,
        notes=(*plan.notes, *empty),
    )


def _file(planned: PlannedFile, form: Format, tree: Tree, shown_from: Path) -> SqlFile:
    """One step of the plan with its statements; of plain files, with the statements of all that they include."""
    shown = tree.shown_path(planned.path)
    if form.dialect is Dialect.PSQL:
        reading = _Reading(shown_from)
        statements = tuple(reading.statements(Path(tree.root, planned.path), planned.text))
        sha256 = reading.digest.hexdigest()
    else:
        script = read_script(check_text(planned.text, shown), psql=False)
        if script.copies and form.dialect is Dialect.SERVER:
            at = Lines(script.text).line(min(script.copies))
            what = f"{form.runner} does not send the data of COPY … FROM stdin"
            raise SourceError(what, where=f"{shown}:{at}", todo="write INSERT, or leave the data out")
        statements = tuple(s for _, s in build_statements(script, shown, cuts=planned.cuts, runner=form.runner))
        sha256 = hashlib.sha256(tree.read(planned.path)).hexdigest()
    if form.needs_open_transaction and planned.transaction is TransactionMode.FILE:
        _refuse_early_end(statements, form.runner)
    return SqlFile(
        path=shown,
        sha256=sha256,
        number=number_of(Path(planned.path).name),
        statements=statements,
        transaction=planned.transaction,
        entry=planned.entry,
        checksum=planned.checksum,
        also=planned.also,
        session=planned.session,
        joined=planned.joined,
        in_one_message=planned.cuts is None and planned.transaction is not TransactionMode.NONE,
    )


def _refuse_early_end(statements: Sequence[Statement], runner: str) -> None:
    """The runner's own COMMIT fails where its transaction was ended before, although the SQL was applied."""
    ended: Statement | None = None
    for statement in statements:
        if statement.ends_transaction:
            ended = statement
        elif statement.begins_transaction:
            ended = None
    if ended is not None:
        what = f"`{one_line(ended.text)}` ends the transaction of {runner}, whose own COMMIT then fails"
        raise SourceError(
            what, where=str(ended.at), todo=f"leave it out, or have {runner} open no transaction for this file"
        )


def text_digest(source: SqlSource) -> str:
    """``sha256:…`` over the bytes of the files in apply order; names and paths do not count."""
    digest = hashlib.sha256()
    for file in source.files:
        digest.update(bytes.fromhex(file.sha256))
    return f"sha256:{digest.hexdigest()}"


class _Reading:
    """One file and what it includes, while they are read."""

    def __init__(self, shown_from: Path) -> None:
        self.digest = hashlib.sha256()
        self._shown_from = shown_from
        self._open: list[Path] = []

    def statements(self, path: Path, given: bytes | None = None) -> Iterator[Statement]:
        """The statements in order, those of included files where psql would run them."""
        shown = shown_path(path, self._shown_from)
        raw = read_bytes(path, shown) if given is None else given
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
