"""goose: SQL files with ``-- +goose Up`` and ``-- +goose Down`` sections.

Files       The files directly in the folder whose names end in ``.sql`` (in lower case): a version, an underscore, anything.
            Another name is refused, as ``goose up`` does. Migrations in Go (``2_x.go``) are refused by name: run goose
            itself on the shadow (``command``). Files in subfolders are not read.
Order       By version, as a number from 1; timestamps and sequences alike. The same version twice is an error.
Part        The lines between ``-- +goose Up`` and ``-- +goose Down``. A comment line that holds ``+goose`` has to be an
            annotation, in any case, at the start of its line, even within a body; another one is refused with its line.
            A line that ends with a semicolon ends a statement, unless it is between ``StatementBegin`` and
            ``StatementEnd``; where that cuts through a statement, a string or a body, the file is refused with the line. The
            line after an empty block is lost in goose; it is reported.
Session     One for all files.
Transaction One for each file. ``-- +goose NO TRANSACTION`` anywhere in the file opts out: then each statement is sent alone,
            and several in a block are one message. A BEGIN of its own in such a file is refused, unless its COMMIT is in
            the same block: goose's driver drops a connection with an open transaction.
Dialect     The server's: no psql commands, no data of COPY.
Placeholders Between ``-- +goose ENVSUB ON`` and ``ENVSUB OFF``: ``$NAME``, ``${NAME}``, ``${NAME:-default}`` and the like;
            ``$$`` is one dollar sign there. The environment of goose is not known: each name has to be in ``placeholders``.
Ledger      ``goose_db_version``: the last row of a version says whether it is applied. ``GOOSE_TABLE`` or ``-table`` names
            another one.
Source      https://pressly.github.io/goose/documentation/annotations/; internal/sqlparser/parser.go, migrate.go,
            migration_sql.go, and pgx's stdlib/sql.go
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import basename

from migration_audit.formats.chunks import assemble
from migration_audit.formats.goose_reader import GooseReader
from migration_audit.formats.interface import (
    Format,
    MigrationFolder,
    Plan,
    PlannedFile,
    find_marker,
    lost_ledger,
    only_tree,
    refuse_same_version,
)
from migration_audit.formats.ledgers import (
    EntryState,
    EntryVerdict,
    LedgerEntry,
    LedgerFormat,
    LedgerReading,
    Row,
    read_names,
)
from migration_audit.formats.plain_files import direct_files, unread_sql
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied, SessionScope, TransactionMode

_VERSION = re.compile(r"([+]?[0-9]+)_.*", re.DOTALL)
_NAME = re.compile(r"[+]?0*[1-9][0-9]*_.*\.sql", re.DOTALL)
_UP = re.compile(rb"^--[^\S\n]*\+goose[^\S\n]+up[^\S\n]*$", re.IGNORECASE | re.MULTILINE)
_BLOCK = "put the statement between `-- +goose StatementBegin` and `-- +goose StatementEnd`"


def plan(trees: Sequence[MigrationFolder], placeholders: Mapping[str, str]) -> Plan:
    """The Up sections by version; raises SourceError where goose fails, with the line."""
    tree = only_tree("goose", trees)
    direct = direct_files(tree, "goose")
    _refuse_go(tree, direct)
    versions = sorted(_versions(tree, [path for path in direct if path.endswith(".sql")]))
    refuse_same_version("goose", ((str(version), tree.shown_path(path)) for version, path in versions))
    files: list[PlannedFile] = []
    left: list[NotApplied] = []
    notes: list[str] = []
    for version, path in versions:
        shown = tree.shown_path(path)
        read = GooseReader(tree.read(path), shown, placeholders).read()
        text, cuts = assemble(read.ups, shown, "goose", _BLOCK)
        mode = TransactionMode.FILE if read.in_transaction else TransactionMode.MESSAGE
        if mode is TransactionMode.MESSAGE:
            read.refuse_open_transactions()
        files.append(PlannedFile(path=path, text=text, transaction=mode, entry=str(version), cuts=cuts))
        left += read.left
        notes += lost_ledger(text, shown, mode, "goose", "goose_db_version", "-table names its schema")
    left += unread_sql(tree, {path for _, path in versions}, names="names that end in .sql")
    return Plan(files=tuple(files), not_applied=tuple(left), notes=tuple(notes))


def _version(path: str) -> int | None:
    match = _VERSION.fullmatch(basename(path))
    version = int(match[1]) if match else 0
    return version if 1 <= version < 2**63 else None


def _refuse_go(tree: MigrationFolder, direct: Sequence[str]) -> None:
    folder = direct[0].rpartition("/")[0] if direct else ""
    others = [path for path in tree.not_chosen() if path.rpartition("/")[0] == folder]
    for path in (*direct, *others):
        if path.endswith(".go") and not path.endswith("_test.go") and _version(path) is not None:
            what = "is a migration in Go, which goose runs between the SQL files"
            todo = "run goose itself on the shadow: your program that runs goose, as `command` in audit.toml"
            raise SourceError(what, where=tree.shown_path(path), todo=todo)


def _versions(tree: MigrationFolder, paths: Sequence[str]) -> Iterator[tuple[int, str]]:
    for path in paths:
        version = _version(path)
        if version is None:
            what = "the name has no version (a number from 1, and an underscore), so `goose up` fails"
            raise SourceError(what, where=tree.shown_path(path), todo="rename the file, or name the others by globs")
        yield version, path


def _read(rows: Sequence[Row], entries: Sequence[LedgerEntry]) -> LedgerReading:
    """The last row of each version; 0 is the row that goose makes with the table."""
    last = {row["version_id"]: row for row in rows if row["version_id"] != "0"}
    known = {entry.name for entry in entries}
    counted = [row for version, row in last.items() if version in known or row["is_applied"] == "true"]
    return read_names(counted, entries, "version_id", judge=_judge)


def _judge(entry: LedgerEntry, row: Row) -> EntryVerdict:
    if row["is_applied"] != "true":
        why = f"the last row with version_id {entry.name} is not applied: it was rolled back"
        return EntryVerdict(entry, EntryState.FAILED, why)
    return EntryVerdict(entry, EntryState.APPLIED)


FORMAT = Format(
    name="goose",
    runner="goose",
    plan=plan,
    recognise=lambda tree: find_marker(tree, _NAME, _UP),
    session=SessionScope.SOURCE,
    takes_placeholders=True,
    ledger=LedgerFormat(
        table="public.goose_db_version",
        columns=("id", "version_id", "is_applied"),
        name_column="version_id",
        order=("id",),
        reader=_read,
    ),
    untested_because=(
        "goose is in no registry that the tests install from; 3.27.3, built from its source, agreed once on all cases"
    ),
)
