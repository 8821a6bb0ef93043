r"""Plain ``.sql`` files, each applied as ``psql -f`` does.

Files       The ``.sql`` files that the globs of audit.toml match, or those directly in a folder named to ``compare``.
            A ``.sql`` file in a subfolder of such a folder, or SQL by another name (``.pgsql``, ``.sql.gz``) in it, is
            refused with its name unless an applied file includes it: name it, or set the format. Next to what a glob
            matches, SQL by another name is listed, as is a program with a number like a migration.
Order       One glob (or path) after the other; the matches of one glob folder by folder, by the number at the front of
            the name (``2_x`` before ``10_x``), then by name. Where each entry of the list names one file, the list is the
            order.
Part        The whole file. A marker of another runner (``-- migrate:up``, ``-- +goose Up``), a Flyway name
            (``V1__x.sql``) or an up/down pair is an error that names the format to set: nothing is guessed.
Session     One for each file: ``SET`` does not outlive it.
Transaction Each statement is its own, but for what BEGIN and COMMIT in the file say.
Dialect     psql's: ``\i``, ``\ir``, ``\set``, ``:name``, ``\if``, the data of COPY. What psql alone can do is refused by
            its line: ``\gexec``, ``\copy``, a variable that nothing sets. ``variables`` are those of ``psql -v``, new in
            each file.
Ledger      None by default; ``[x.ledger]`` names the table, by default of file names.
Source      https://www.postgresql.org/docs/current/app-psql.html
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from migration_audit.formats.foreign import refuse_foreign
from migration_audit.formats.interface import Dialect, Format, MigrationFolder, Options, Plan, PlannedFile
from migration_audit.formats.plain_files import apply_order, is_other_sql, other_sql, shared_numbers
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied, SessionScope, TransactionMode


def plan(trees: Sequence[MigrationFolder], options: Options) -> Plan:
    """The ``.sql`` files of each tree in name order; raises SourceError for what another runner would read otherwise."""
    del options  # plain files cannot have placeholders
    files: list[PlannedFile] = []
    unread: list[tuple[int, str]] = []
    duplicates: list[tuple[str, tuple[str, ...]]] = []
    for number, tree in enumerate(trees):
        chosen = sorted((path for path in tree.paths if path.lower().endswith(".sql")), key=apply_order)
        if tree.is_whole:
            unread += [(number, path) for path in chosen if "/" in path]
            unread += [(number, path) for path in tree.paths if is_other_sql(path)]
            chosen = [path for path in chosen if "/" not in path]
        if not chosen and not unread:
            what = "this folder contains no .sql files"
            raise SourceError(
                what,
                where=tree.shown or ".",
                todo="name the folder that contains them, or call the runner: `command` in audit.toml",
            )
        refuse_foreign(tree, chosen)
        duplicates += [(n, tuple(map(tree.shown_path, same))) for n, same in shared_numbers(chosen)]
        files += [
            PlannedFile(path=path, tree=number, text=tree.read(path), transaction=TransactionMode.NONE, entry=_name(path))
            for path in chosen
        ]
    other = [
        (tree.shown_path(path), why)
        for tree in trees
        for path in tree.paths
        if (why := other_sql(path)) and not (tree.is_whole and is_other_sql(path))
    ]
    return Plan(
        files=tuple(files),
        not_applied=tuple(NotApplied(path=shown, reason=why, by_rule=False) for shown, why in other),
        unread=tuple(unread),
        duplicates=tuple(duplicates),
    )


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


FORMAT = Format(
    name="files",
    runner="psql, or a runner that applies whole files",
    plan=plan,
    recognise=lambda tree: None,
    session=SessionScope.FILE,
    dialect=Dialect.PSQL,
    tested_against="psql",
    module=sys.modules[__name__],
)
