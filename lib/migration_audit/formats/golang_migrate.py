"""golang-migrate: pairs of files, ``1_name.up.sql`` and ``1_name.down.sql``.

Files       The files directly in the folder whose names are digits, an underscore, a title, ``.up.`` and any extension; the
            extension is not looked at. ``.down.`` files are not applied. Other names, versions beyond 64 bits and files in
            subfolders are not read.
Order       By version, as a number: ``2_x`` before ``10_x``. The same version twice (``1_x.up.sql`` and ``01_y.up.sql``, up
            or down) is an error.
Part        The whole file. There are no markers.
Session     One for all files.
Transaction None of the runner's. The file is one message, which is an implicit transaction unless it holds a single
            statement or a BEGIN and COMMIT of its own. With ``x-multi-statement=true`` in the database URL golang-migrate
            cuts at each semicolon instead, even within a body; a source that needs it is not read rightly here: run
            golang-migrate itself on the shadow (``command``).
Dialect     The server's: no psql commands, no data of COPY.
Placeholders None.
Ledger      ``schema_migrations`` with one row: all versions up to its ``version`` are applied; ``dirty`` says that this one
            was started and did not end. ``x-migrations-table`` in the database URL names another table.
Source      https://github.com/golang-migrate/migrate/blob/master/MIGRATIONS.md; source/parse.go, source/iofs/iofs.go,
            migrate.go, database/postgres/postgres.go
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename

from migration_audit.formats.interface import (
    Format,
    MigrationFolder,
    Plan,
    PlannedFile,
    only_tree,
    refuse_mark,
    refuse_same_version,
)
from migration_audit.formats.ledgers import EntryState, EntryVerdict, LedgerEntry, LedgerFormat, LedgerReading, Row
from migration_audit.formats.plain_files import direct_files, unread_sql
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied, SessionScope, TransactionMode

_NAME = re.compile(r"([0-9]+)_(.*)\.(down|up)\.(.*)")
_NAMES = "names such as 1_title.up.sql"
_MOST = 2**63
"""From here on a version does not fit into the ledger's column."""


@dataclass(frozen=True, slots=True)
class _Found:
    path: str
    version: int
    direction: str


def plan(trees: Sequence[MigrationFolder], placeholders: Mapping[str, str]) -> Plan:
    """The up files by version; raises SourceError for a version that two files carry."""
    tree = only_tree("golang-migrate", trees)
    found = sorted(_found(tree), key=lambda file: (file.version, file.direction))
    for direction in ("up", "down"):
        same = ((str(file.version), tree.shown_path(file.path)) for file in found if file.direction == direction)
        refuse_same_version("golang-migrate", same)
    ups = [file for file in found if file.direction == "up"]
    for file in ups:
        refuse_mark("golang-migrate", tree.read(file.path), tree.shown_path(file.path))
    downs = [
        NotApplied(path=tree.shown_path(file.path), reason="down migration") for file in found if file.direction == "down"
    ]
    unread = unread_sql(tree, {file.path for file in found}, names=_NAMES)
    return Plan(
        files=tuple(
            PlannedFile(
                path=file.path, text=tree.read(file.path), transaction=TransactionMode.MESSAGE, entry=str(file.version)
            )
            for file in ups
        ),
        not_applied=(*downs, *unread),
        notes=tuple(_notes(tree, found)),
    )


def _found(tree: MigrationFolder) -> Iterator[_Found]:
    for path in direct_files(tree, "golang-migrate"):
        match = _NAME.fullmatch(basename(path))
        if match is None or int(match[1]) >= 2**64:
            continue
        if int(match[1]) >= _MOST:
            what = f"the version {match[1]} exceeds the ledger's bigint, so golang-migrate fails"
            raise SourceError(what, where=tree.shown_path(path), todo="use a smaller version")
        yield _Found(path, int(match[1]), match[3])


def _notes(tree: MigrationFolder, found: Sequence[_Found]) -> Iterator[str]:
    """Versions of which there is no up file: golang-migrate records them all the same."""
    ups = {file.version for file in found if file.direction == "up"}
    for file in found:
        if file.version not in ups:
            yield f"{tree.shown_path(file.path)} has no up file: golang-migrate records its version and applies nothing"


def _read(rows: Sequence[Row], entries: Sequence[LedgerEntry]) -> LedgerReading:
    if not rows:
        absent = (EntryVerdict(entry, EntryState.ABSENT, "the ledger is empty") for entry in entries)
        return LedgerReading(verdicts=tuple(absent))
    row = rows[-1]
    current, dirty = int(row["version"] or -1), row["dirty"] == "true"
    known = {int(entry.name) for entry in entries}
    return LedgerReading(
        verdicts=tuple(_verdict(entry, current, dirty=dirty) for entry in entries),
        beyond=() if current in known or current < 0 else (str(current),),
        notes=(f"the ledger has {len(rows)} rows, but golang-migrate writes one; the last one was used",) * (len(rows) > 1),
    )


def _verdict(entry: LedgerEntry, current: int, *, dirty: bool) -> EntryVerdict:
    version = int(entry.name)
    if version > current:
        return EntryVerdict(entry, EntryState.ABSENT, f"the ledger's version is {current}")
    if version == current and dirty:
        why = f"version {current} is dirty: it started and did not finish"
        return EntryVerdict(entry, EntryState.FAILED, why)
    return EntryVerdict(entry, EntryState.APPLIED)


def _recognise(tree: MigrationFolder) -> str | None:
    """sqlx names its files likewise: in a Rust project they are its."""
    if tree.nearest("Cargo.toml", levels=4):
        return None
    for path in tree.below(""):
        match = _NAME.fullmatch(path)
        if match and match[3] == "up" and match[4] == "sql":
            return f"{path} is named as golang-migrate's"
    return None


FORMAT = Format(
    name="golang-migrate",
    runner="golang-migrate",
    plan=plan,
    recognise=_recognise,
    session=SessionScope.SOURCE,
    ledger=LedgerFormat(table="public.schema_migrations", columns=("version", "dirty"), name_column="version", reader=_read),
    untested_because=(
        "golang-migrate is in no registry that the tests install "
        "from; 4.19.1, built from its source, agreed once on all cases"
    ),
)
