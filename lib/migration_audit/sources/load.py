"""SQL files, in the order in which they are applied, as a SqlSource."""

from __future__ import annotations

import bisect
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from posixpath import basename

from migration_audit.formats import ALL, Dialect, Format, MigrationFolder, Plan, PlannedFile, find_format
from migration_audit.formats.plain_files import leading_number
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied, SqlFile, SqlSource, Statement, TransactionMode, short_statement
from migration_audit.project.boundary import Boundary, boundary_of
from migration_audit.sources.outside import mark_outside
from migration_audit.sources.psql import PsqlRun, read_by_psql
from migration_audit.sources.reader import read_script
from migration_audit.sources.reading import check_source_inside, check_text
from migration_audit.sources.statements import build_statements
from migration_audit.sources.trees import SourceFolder, fixed_part, trees_of_globs, trees_of_paths, unmatched_sql
from migration_audit.sources.variables import NO_VARIABLES


def load_source(
    name: str,
    paths: Sequence[Path],
    *,
    shown_from: Path,
    form: str = "files",
    placeholders: Mapping[str, str] = NO_VARIABLES,
    variables: Mapping[str, str] = NO_VARIABLES,
    boundary: Boundary | None = None,
) -> SqlSource:
    """The statements of ``paths``, each a ``.sql`` file or a folder, as the format ``form`` reads them.

    With plain ``files`` the files of a folder come in the order of their numeric prefixes, ``2_x`` before ``10_x``, then by
    name, and one path after the other; a path that is named twice is applied twice. Files are shown relative to
    ``shown_from``. Nothing outside of ``boundary`` is read: by default, of the repositories of ``shown_from`` and ``paths``.

    A file that holds comments alone has no statements: histories keep such files so that no number is missing.

    Raises SourceError, with ``file:line`` and what to do, for what cannot be read, is not UTF-8, belongs to another
    format, or needs something of psql that the audit does not do, and when no file holds a statement.
    """
    if not paths:
        raise SourceError("no SQL files", where=name, todo="name a .sql file or a folder of .sql files")
    place = SourceFolder(shown_from, boundary or boundary_of(shown_from, *paths))
    source, _ = _source(name, find_format(form), trees_of_paths(paths, place), place, placeholders, variables)
    return source


def load_globs(
    name: str,
    root: Path,
    globs: Sequence[str],
    *,
    shown_from: Path,
    form: str = "files",
    placeholders: Mapping[str, str] = NO_VARIABLES,
    variables: Mapping[str, str] = NO_VARIABLES,
) -> SqlSource:
    """The statements of the files below ``root`` that ``globs`` match, one glob after the other, as ``form`` reads them.

    With plain ``files`` the matches of one glob come folder by folder, in the order of ``load_source``; a file that several
    globs match is taken where the first of them has it. With every other format a glob that matches a folder takes the
    whole of it. ``variables`` are those of psql, as ``psql -v`` sets them for each file.

    Raises SourceError like ``load_source``, and for a glob that matches nothing.
    """
    format_ = find_format(form)
    place = SourceFolder(shown_from, boundary_of(shown_from, root, *(root / fixed_part(glob) for glob in globs)))
    trees = trees_of_globs(name, root, globs, place, whole_folders=form != "files")
    source, included = _source(name, format_, trees, place, placeholders, variables)
    known = [*(file.path for file in source.files), *(part.path for part in source.not_applied)]
    left = unmatched_sql(root, globs, [*(shown_from / path for path in known), *included], place)
    return replace(source, not_applied=(*source.not_applied, *left))


def _source(
    name: str,
    form: Format,
    trees: Sequence[MigrationFolder],
    place: SourceFolder,
    placeholders: Mapping[str, str],
    variables: Mapping[str, str],
) -> tuple[SqlSource, tuple[Path, ...]]:
    """The source, and the files that its own files include."""
    if variables and form.dialect is not Dialect.PSQL:
        what = f"variables are for psql, but {form.runner} does not run psql"
        raise SourceError(what, where=name, todo="pass values that the runner itself inserts as placeholders")
    if placeholders and not form.takes_placeholders:
        what = (
            "plain files cannot have placeholders"
            if form.name == "files"
            else f"{form.runner} does not support placeholders"
        )
        todo = "pass values that psql inserts as variables" if form.name == "files" else "remove them"
        raise SourceError(what, where=name, todo=todo)
    plan = _plan(name, form, trees, placeholders)
    given = {**plan.variables, **variables}
    read = [_read(planned, form, trees[planned.tree], place, given) for planned in plan.files]
    files = tuple(replace(file, statements=tuple(map(mark_outside, file.statements))) for file, _ in read)
    runs = [run for _, run in read if run is not None]
    included = tuple(path for run in runs for path in run.included)
    _refuse_unread(plan, trees, included)
    _refuse_links(trees, place)
    if not any(file.statements for file in files):
        raise SourceError(
            "the file contains comments but no statement", where=f"{files[0].path}:1", todo="remove it, or write its SQL"
        )
    empty = [f"{file.path} contains no statement" for file in files if not file.statements]
    source = SqlSource(
        name=name,
        files=files,
        format=form.name,
        session=form.session,
        opening=(*form.opening, *plan.opening),
        between=form.between,
        recording=form.recording,
        one_transaction=plan.one_transaction,
        not_applied=(*_not_included(plan, included, place.shown_from), *(part for run in runs for part in run.not_applied)),
        duplicates=plan.duplicates,
        notes=(*plan.notes, *(note for run in runs for note in run.notes), *empty),
    )
    return source, included


def _plan(name: str, form: Format, trees: Sequence[MigrationFolder], placeholders: Mapping[str, str]) -> Plan:
    """What the format makes of the folders; its refusal names the format that the files look like, where it is another."""
    try:
        return _plan_of_some(name, form, trees, placeholders)
    except SourceError as error:
        other = None if form.name == "files" else _looks_like(trees)
        if other is None or other[0] is form:
            raise
        todo = f'{error.todo}; or set format = "{other[0].name}": {other[1]}'
        raise SourceError(error.what, where=error.where, todo=todo) from error


def _plan_of_some(name: str, form: Format, trees: Sequence[MigrationFolder], placeholders: Mapping[str, str]) -> Plan:
    plan = form.plan(trees, placeholders)
    if not plan.files and not plan.unread:
        shown = ", ".join(tree.shown or "." for tree in trees)
        left = f" ({'; '.join(map(str, plan.not_applied[:2]))})" if plan.not_applied else ""
        what = (
            "this folder contains no .sql files"
            if form.name == "files"
            else f"it contains nothing that {form.runner} would apply"
        )
        raise SourceError(f"{what}{left}", where=shown or name, todo="name the folder that contains the migrations")
    return plan


def _looks_like(trees: Sequence[MigrationFolder]) -> tuple[Format, str] | None:
    """The first format that recognises one of the folders, and why."""
    for form in ALL:
        for tree in trees:
            with suppress(SourceError):
                if (why := form.recognise(tree)) is not None:
                    return form, why
    return None


def _not_included(plan: Plan, included: Iterable[Path], shown_from: Path) -> Iterator[NotApplied]:
    """What the plan leaves out, but for files that an applied one includes."""
    known = {path.resolve() for path in included}
    for each in plan.not_applied:
        if each.by_rule or each.line is not None or (shown_from / each.path).resolve() not in known:
            yield each


def _refuse_unread(plan: Plan, trees: Sequence[MigrationFolder], included: Iterable[Path]) -> None:
    """A folder is its own .sql files; others, and those of its subfolders, could be migrations that nothing applied."""
    known = {path.resolve() for path in included}
    left = [(trees[number], path) for number, path in plan.unread if Path(trees[number].root, path).resolve() not in known]
    renamed = [(tree, path) for tree, path in left if not path.lower().endswith(".sql")]
    found = renamed or left
    if not found:
        return
    shown = some_of([tree.shown_path(path) for tree, path in found], most=3)
    what, todo = "the folder has .sql files in its subfolders", _format_of(found[0][0], [path for _, path in left])
    if renamed:
        what = "the folder has SQL whose name does not end in .sql"
        todo = 'unpack or rename it; or, where it is not a migration, name the others by a glob: sql = ["FOLDER/*.sql"]'
    raise SourceError(f"{what}, which would not be applied: {shown}", where=found[0][0].shown, todo=todo)


def _refuse_links(trees: Iterable[MigrationFolder], place: SourceFolder) -> None:
    """What is behind a link to a folder outside would be left out in silence."""
    for link in (Path(tree.root, path) for tree in trees if tree.is_whole for path in tree.paths):
        if link.is_symlink() and link.is_dir():
            check_source_inside(link, place.shown(link), place.boundary)


def _format_of(tree: MigrationFolder, deeper: Sequence[str]) -> str:
    """What to do about a folder with subfolders: its format, the runner that we have none for, or its files one by one."""
    if found := _looks_like([tree]):
        form, why = found
        return f'{why}: set format = "{form.name}" in audit.toml, or write {form.name}:PATH on the command line'
    if {"up.sql", "down.sql"} <= {basename(path) for path in deeper}:
        return (
            "up.sql next to down.sql is Diesel's layout, and no format supports it: run the migration "
            "runner itself on the shadow (`command` in audit.toml), or name the up.sql files one by one"
        )
    return "name the folders or files in their order (joined by +, or as globs in audit.toml), or set the format"


def _read(
    planned: PlannedFile, form: Format, tree: MigrationFolder, place: SourceFolder, variables: Mapping[str, str]
) -> tuple[SqlFile, PsqlRun | None]:
    """One step of the plan with its statements; where psql runs it, with the statements of all that it includes."""
    shown = tree.shown_path(planned.path)
    if form.dialect is Dialect.PSQL:
        runs_in = Path(tree.root) if form.runs_in_folder else None
        path = Path(tree.root, planned.path)
        run = read_by_psql(path, planned.text, place, variables, runs_in=runs_in)
        return _file(planned, shown, tuple(run.statements), run.sha256), run
    sha256 = hashlib.sha256(tree.read(planned.path)).hexdigest()
    statements, messages = _sent(planned, form, shown)
    if form.needs_open_transaction and planned.transaction is TransactionMode.FILE:
        _refuse_early_end(statements, form.runner)
    return replace(_file(planned, shown, statements, sha256), messages=messages), None


def _sent(planned: PlannedFile, form: Format, shown: str) -> tuple[tuple[Statement, ...], tuple[int, ...]]:
    """The statements of a file that the runner sends as it is, and how many of them each message holds."""
    script = read_script(check_text(planned.text, shown))
    if script.copies and form.dialect is Dialect.SERVER:
        at = script.lines().line(min(script.copies))
        what = f"{form.runner} does not send the data of COPY … FROM stdin"
        raise SourceError(what, where=f"{shown}:{at}", todo="use INSERT, or remove the data")
    found = list(build_statements(script, shown, cuts=planned.cuts, runner=form.runner))
    is_alone = planned.transaction is TransactionMode.NONE
    sizes = () if is_alone else _message_sizes([start for start, _ in found], planned.cuts or ())
    return tuple(statement for _, statement in found), sizes


def _file(planned: PlannedFile, shown: str, statements: tuple[Statement, ...], sha256: str) -> SqlFile:
    return SqlFile(
        path=shown,
        sha256=sha256,
        number=leading_number(Path(planned.path).name),
        statements=statements,
        transaction=planned.transaction,
        entry=planned.entry,
        checksum=planned.checksum,
        also=planned.also,
        session=planned.session,
        joined=planned.joined,
    )


def _message_sizes(starts: Sequence[int], cuts: Sequence[int]) -> tuple[int, ...]:
    """How many of the statements that begin at ``starts`` are between two cuts.

    >>> _message_sizes([0, 5, 20], [12])
    (2, 1)
    """
    ordered = sorted(cuts)
    return tuple(Counter(bisect.bisect_right(ordered, start) for start in starts).values())


def _refuse_early_end(statements: Sequence[Statement], runner: str) -> None:
    """The runner's own COMMIT fails where its transaction was ended before, although the SQL was applied."""
    ended: Statement | None = None
    for statement in statements:
        if statement.ends_transaction:
            ended = statement
        elif statement.begins_transaction:
            ended = None
    if ended is not None:
        what = f"`{short_statement(ended.text)}` ends the transaction of {runner}, whose own COMMIT then fails"
        raise SourceError(what, where=str(ended.at), todo=f"remove it, or run this file without a transaction in {runner}")


def text_digest(source: SqlSource) -> str:
    """``sha256:…`` over the bytes of the files in apply order; names and paths do not count."""
    digest = hashlib.sha256()
    for file in source.files:
        digest.update(bytes.fromhex(file.sha256))
    return f"sha256:{digest.hexdigest()}"
