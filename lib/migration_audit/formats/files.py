r"""Plain ``.sql`` files, each applied as ``psql -f`` does.

Files       The ``.sql`` files that the globs of audit.toml match, or those directly in a folder named to ``compare``.
            A ``.sql`` file in a subfolder of such a folder, or SQL by another name (``.pgsql``, ``.sql.gz``) in it, is
            refused with its name unless an applied file includes it: name it, or set the format. Next to what a glob
            matches, SQL by another name is listed, as is a program with a number like a migration. A hidden file
            (``.x.sql``) is applied only where it is named: a shell's ``*.sql`` does not match it.
Order       One glob (or path) after the other; the matches of one glob folder by folder, by the number at the front of
            the name (``2_x`` before ``10_x``), then by name. Where each entry of the list names one file, the list is the
            order. Where a shell's ``*`` has another order, that is noted.
Part        The whole file. A marker of another runner (``-- migrate:up``, ``-- +goose Up``), a Flyway name
            (``V1__x.sql``) or an up/down pair is an error that names the format to set: nothing is guessed.
Session     One for each file: ``SET`` does not outlive it.
Transaction One for each statement, except between BEGIN and COMMIT of the file.
Dialect     psql's: ``\i``, ``\ir``, ``\set``, ``:name``, ``\if``, the data of COPY. What psql alone can do is refused by
            its line: ``\gexec``, ``\copy``, a variable that nothing sets. ``variables`` are those of ``psql -v``, new in
            each file.
Ledger      None by default; ``[x.ledger]`` names the table; by default its rows are names of files.
Source      https://www.postgresql.org/docs/current/app-psql.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename, normpath

from migration_audit.formats.interface import Dialect, Format, MigrationFolder, Plan, PlannedFile
from migration_audit.formats.lexer import comment_lines
from migration_audit.formats.plain_files import apply_order, is_other_sql, other_sql, shared_numbers
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied, SessionScope, TransactionMode


def plan(trees: Sequence[MigrationFolder], placeholders: Mapping[str, str]) -> Plan:
    """The ``.sql`` files of each tree in name order; raises SourceError for what another runner would read otherwise."""
    files: list[PlannedFile] = []
    unread: list[tuple[int, str]] = []
    duplicates: list[tuple[str, tuple[str, ...]]] = []
    notes: list[str] = []
    for number, tree in enumerate(trees):
        chosen = sorted((path for path in tree.paths if path.lower().endswith(".sql")), key=apply_order)
        if tree.is_whole:
            unread += [(number, path) for path in chosen if "/" in path]
            unread += [(number, path) for path in tree.paths if is_other_sql(path)]
            chosen = [path for path in chosen if "/" not in path and not path.startswith(".")]
        if not chosen and not unread:
            todo = "name the folder that contains them, or call the runner: `command` in audit.toml"
            raise SourceError("this folder contains no .sql files", where=tree.shown or ".", todo=todo)
        _refuse_foreign(tree, chosen)
        notes += _other_order(tree, chosen)
        duplicates += [(n, tuple(map(tree.shown_path, same))) for n, same in shared_numbers(chosen)]
        files += [
            PlannedFile(path=path, tree=number, text=tree.read(path), transaction=TransactionMode.NONE, entry=basename(path))
            for path in chosen
        ]
    other = [
        (tree.shown_path(path), why)
        for tree in trees
        for path in tree.paths
        if (why := _not_taken(tree, path)) and not (tree.is_whole and is_other_sql(path))
    ]
    return Plan(
        files=tuple(files),
        not_applied=tuple(NotApplied(path=shown, reason=why, by_rule=False) for shown, why in other),
        unread=tuple(unread),
        duplicates=tuple(duplicates),
        notes=tuple(notes),
    )


def _other_order(tree: MigrationFolder, chosen: Sequence[str]) -> Iterator[str]:
    """Where a shell, which orders names as text, applies the files of this tree in another order."""
    by_name = sorted(chosen, key=lambda path: path.split("/"))
    differing = next((pair for pair in zip(chosen, by_name, strict=True) if pair[0] != pair[1]), None)
    if differing is not None:
        one, other = map(tree.shown_path, differing)
        yield (
            f"{one} is applied before {other}, by number; a shell's * has them the other way round: "
            "if the runner does so too, list the files one by one in its order"
        )


def _not_taken(tree: MigrationFolder, path: str) -> str | None:
    """Why a file that may be SQL is not applied."""
    if tree.is_whole and path.startswith(".") and path.lower().endswith(".sql"):
        return "a hidden file, which *.sql does not match"
    return other_sql(path)


FORMAT = Format(
    name="files",
    runner="psql, or a runner that applies whole files",
    plan=plan,
    recognise=lambda tree: None,
    session=SessionScope.FILE,
    dialect=Dialect.PSQL,
    tested_against="psql",
)


@dataclass(frozen=True, slots=True)
class _Sign:
    """A marker line or name by which a runner says that its files are not read as ``psql -f`` reads them, as documented."""

    pattern: re.Pattern[str]
    runner: str
    format: str | None
    """Our format for it; None where there is none."""


def _line(pattern: str, runner: str, format_name: str | None = None) -> _Sign:
    return _Sign(re.compile(pattern, re.IGNORECASE), runner, format_name)


_MARKERS = (
    _line(r"--\s*migrate:(?:up|down)\b", "dbmate", "dbmate"),  # github.com/amacneil/dbmate README
    _line(r"--\s*\+goose\b", "goose", "goose"),  # pressly.github.io/goose/documentation/annotations
    _line(r"--\s*\+migrate\b", "sql-migrate", "sql-migrate"),  # github.com/rubenv/sql-migrate README
    _line(r"--[\s-]*(?:up|down)\s+migration", "node-pg-migrate", "node-pg-migrate"),  # salsita.github.io/node-pg-migrate
    _line(r"--\s*liquibase formatted sql", "Liquibase", "liquibase-sql"),
    _line(r"--\s*changeset\s+\S+:\S+", "Liquibase", "liquibase-sql"),
    _line(
        r"--!\s*(?:previous|hash|allow-invalid-hash|message|no-transaction|include|revision)\b",
        "graphile-migrate",
        "graphile-migrate",
    ),
    _line(r"--\s*(?:deploy|revert|verify)\s+\S+\s+(?:to|from|on)\s+pg\b", "Sqitch", "sqitch"),
    _line(r"--+\s*create above / drop below\s*--+", "tern"),  # github.com/jackc/tern README
    _line(r"--\s*rambler\s+(?:up|down)\b", "rambler"),  # github.com/elwinar/rambler README
    _line(r"--\s*\+micrate\s+(?:up|down)\b", "micrate"),  # github.com/amberframework/micrate README
    _line(r"--\s*(?:---\s*)?!(?:ups|downs)\b", "Play evolutions"),
    _line(r"--\s*//\s*@undo\b", "MyBatis Migrations"),  # mybatis.org/migrations/new.html
    _line(r"--\s*@(?:undo|down|rollback)\b", "a runner with @undo sections"),
    _line(r"--\s*drift:(?:up|down)\b|--\s*\[(?:up|down)\]\s*$", "a runner with up and down sections"),
    _line(r"--\s*-*>\s*statement-breakpoint", "Drizzle"),
    _line(r"--\s*running downgrade\b", "Alembic"),  # what `alembic downgrade --sql` writes
    _line(r"--\s*no-transaction\b", "sqlx", "sqlx"),  # docs.rs/sqlx: Migration::no_tx
)
_COMMENT = re.compile(rb"^[ \t\r\f\v]*(--[^\n\r]*)", re.MULTILINE)
"""What may be a comment line: some are within a string or another comment."""
_UP_OR_DOWN = re.compile(r"--[\s\W]*(up|down)[\s\W]*", re.IGNORECASE)
"""A comment that is the one word: a section of an unknown runner, where both words are in one file."""

_FLYWAY = re.compile(r"(?:[VUB]\d[\d._]*|R)__.+\.sql", re.IGNORECASE)
_UNDO_NAMES = (
    _line(
        r"(?:.*[._-])?(?:down)\.sql",
        "golang-migrate, sqlx or another runner with up and down files",
        "golang-migrate or sqlx",
    ),
    _line(r".*\.undo(?:\..*)?\.sql", "postgrator"),  # 001.undo.users.sql, github.com/rickbergfalk/postgrator README
    _line(r".*\.rollback\.sql", "yoyo"),
    _line(r"revert\.sql", "a runner with revert files"),
)
_UNDO_OF_A_PAIR = re.compile(r"(.+)[._ -](?:undo|rollback|revert|downgrade|backout)\.sql", re.IGNORECASE)
"""A name that says nothing alone: ``0005_rollback.sql`` may be a migration; next to ``0005_prices.sql`` it takes it back."""
_UNDO_FOLDERS = re.compile(r"(?:\A|/)(?:down|undo|rollbacks?|revert|downgrade)/", re.IGNORECASE)
_PRISMA = re.compile(r"(?:.*/)?[0-9]{14}_[^/]*/migration\.sql")
_BESIDE = (
    _line("sqitch.plan", "Sqitch", "sqitch"),
    _line("../sqitch.plan", "Sqitch", "sqitch"),
    _line("migration_lock.toml", "Prisma", "prisma"),
    _line("../migration_lock.toml", "Prisma", "prisma"),
    _line("meta/_journal.json", "Drizzle"),  # orm.drizzle.team/docs/drizzle-kit-generate
)
"""Files by which a runner keeps account of the files next to them; the pattern is a path from their folder."""


def _marker(comment: str) -> _Sign | None:
    return next((each for each in _MARKERS if each.pattern.match(comment)), None)


def foreign_markers(text: bytes) -> Iterator[tuple[int, _Sign, str]]:
    """Line, sign and text of each whole comment line that some runner reads as an instruction."""
    found = [line[1].decode(errors="replace") for line in _COMMENT.finditer(text)]
    if not any(_marker(line) or _UP_OR_DOWN.fullmatch(line) for line in found):
        return  # and the tokens of the text, which take long, are not needed
    words: dict[str, tuple[int, str]] = {}
    for comment in comment_lines(text):
        sign = _marker(comment.text)
        if sign is not None:
            yield comment.line, sign, comment.text
        elif (word := _UP_OR_DOWN.fullmatch(comment.text)) is not None:
            words.setdefault(word[1].lower(), (comment.line, comment.text))
    if len(words) == 2:
        line, shown = words["down"]
        yield line, _line("", "a runner with up and down sections"), shown


def _refuse_foreign(tree: MigrationFolder, paths: Sequence[str]) -> None:
    """Raise SourceError, which names the format to set, where one of these files was written for another runner."""
    for path, line, what, sign in _foreign(tree, paths):
        raise SourceError(what, where=f"{tree.shown_path(path)}{f':{line}' if line else ''}", todo=_todo(sign))


def _foreign(tree: MigrationFolder, paths: Sequence[str]) -> Iterator[tuple[str, int | None, str, _Sign]]:
    """Each file that is not plain, with the line and the sign that say so; the surest signs come first."""
    for path in paths:
        for line, sign, shown in foreign_markers(tree.read(path)):
            what = f"`{shown[:60].strip()}` is a marker of {sign.runner}, which applies only a part of the file"
            yield path, line, what, sign
    yield from _named(tree, paths)


def _named(tree: MigrationFolder, paths: Sequence[str]) -> Iterator[tuple[str, None, str, _Sign]]:
    """The files whose name, or a file next to them, says so."""
    named = [(path, basename(path)) for path in paths]
    names = [name for _, name in named]
    for path, name in named:
        for sign in _UNDO_NAMES:
            if len(paths) > 1 and sign.pattern.fullmatch(name):
                yield path, None, f"the name is that of a file that reverts a migration ({sign.runner})", sign
    undo = _line("", "a runner with undo files")
    for path, name in named:
        if (forward := _taken_back(name, names)) is not None:
            yield path, None, f"the name is that of a file that reverts {forward}", undo
    yield from _accounted(tree, paths)
    for path, name in named:
        if _UNDO_FOLDERS.search(path) and names.count(name) > 1:
            yield path, None, "the folder is that of files that revert others of the same name", undo
    flyway = [(path, name) for path, name in named if _FLYWAY.fullmatch(name)]
    if len(flyway) > 1:
        (path, first), (_, second) = flyway[:2]
        what = f"{first} and {second} are named as Flyway's, whose order differs"
        yield path, None, what, _line("", "Flyway", "flyway")


def _taken_back(name: str, names: Sequence[str]) -> str | None:
    """The file that this one takes back: of the same name, or of the same number, without the word."""
    found = _UNDO_OF_A_PAIR.fullmatch(name)
    if found is None:
        return None
    stem = re.escape(found[1])
    more = r"(?!\d).*" if found[1].isdigit() else r"(?:[._ -](?:up|do|apply|deploy|migrate|upgrade))?"
    pair = re.compile(rf"{stem}{more}\.sql", re.IGNORECASE)
    return next((other for other in names if other != name and pair.fullmatch(other)), None)


def _accounted(tree: MigrationFolder, paths: Sequence[str]) -> Iterator[tuple[str, None, str, _Sign]]:
    """Files in folders of Prisma's names, or next to the file in which a runner keeps their order."""
    folders = {path.rpartition("/")[0] or ".": path for path in reversed(paths)}
    for folder, path in folders.items():
        for sign in _BESIDE:
            account = normpath(f"{folder}/{sign.pattern.pattern}")
            if tree.find(account) is not None:
                shown = normpath(tree.shown_path(account))
                yield path, None, f"{shown} marks this as a file of {sign.runner}, which uses its own order", sign
    for path in filter(_PRISMA.fullmatch, paths):
        what = "the folder and the file are named as Prisma's, which applies each in one transaction"
        yield path, None, what, _line("", "Prisma", "prisma")


def _todo(sign: _Sign) -> str:
    if sign.format is None:
        return (
            f"no format supports it: run the migration runner itself on the shadow (`command` in audit.toml), "
            f"or name the files that {sign.runner} applies one by one, without their down section"
        )
    names = sign.format.split(" or ")
    settings, paths = (" or ".join(each.format(name) for name in names) for each in ('format = "{}"', "{}:PATH"))
    return f"set {settings} in audit.toml, or write {paths} on the command line (migration-audit format explain {names[0]})"
