r"""sqlx (Rust): ``<version>_<description>.sql``, or ``.up.sql`` and ``.down.sql``, as ``sqlx migrate run`` applies them.

Files       The files directly in the folder with ``_`` in their names that end in ``.sql``. What is before the first
            ``_`` has to be an integer of 64 bits, or it is an error; files of other names are not read. ``.down.sql`` files
            are not applied. Files with and without ``.up`` may be mixed.
Order       By version as a number: ``2_a``, ``0010_b``; signs count (``-1_a``). Two files of one version that would both be
            applied are an error, since the ledger can record it only once.
Part        The whole file.
Session     One for all files. sqlx records each file by the session's search_path: a file that leaves it without the schema
            of the ledger fails, and ``SET LOCAL`` in a transaction is enough for that.
Transaction One for each file, which is one message in it. ``-- no-transaction`` as the very first characters of the file
            opts out: it is then an implicit transaction, unless it holds a single statement.
Dialect     The server's: psql's commands and the data of COPY are refused, and so is a byte order mark.
Placeholders None.
Ledger      ``_sqlx_migrations`` in the first schema of search_path: ``version``, ``success``, and ``checksum``, the SHA-384
            of the file without the ``ignored-chars`` of ``sqlx.toml``.
Source      https://docs.rs/sqlx/latest/sqlx/migrate/trait.MigrationSource.html,
            https://github.com/launchbadge/sqlx: sqlx-core/src/migrate/source.rs, migration_type.rs and migrator.rs,
            sqlx-postgres/src/migrate.rs, sqlx-core/src/config/migrate.rs
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from posixpath import basename

from migration_audit.formats.files import foreign_markers
from migration_audit.formats.interface import (
    Format,
    MigrationFolder,
    Plan,
    PlannedFile,
    finds_ledger,
    only_tree,
    refuse_mark,
    refuse_same_version,
)
from migration_audit.formats.ledgers import EntryState, EntryVerdict, LedgerEntry, LedgerFormat, Row, read_names
from migration_audit.formats.plain_files import direct_files, unread_sql
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied, SessionScope, TransactionMode

_NAME = re.compile(r"([^_]*)_(.*\.sql)", re.DOTALL)
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NO_TRANSACTION = b"-- no-transaction"
_LEVELS = 4
"""Where the Rust project of a migrations folder may be: in it, or in one of the folders above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    """What ``sqlx.toml`` says."""

    ignored: str = ""
    """Characters that do not count in checksums."""
    schemas: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def plan(trees: Sequence[MigrationFolder], placeholders: Mapping[str, str]) -> Plan:
    """The files by version; raises SourceError where sqlx fails."""
    tree = only_tree("sqlx", trees)
    settings = _settings(tree)
    found = [(path, _version(tree, path)) for path in direct_files(tree, "sqlx") if _NAME.fullmatch(basename(path))]
    ups = sorted(((path, version) for path, version in found if not path.endswith(".down.sql")), key=lambda each: each[1])
    refuse_same_version("sqlx", ((str(version), tree.shown_path(path)) for path, version in ups))
    left = [
        NotApplied(path=tree.shown_path(path), reason="down migration") for path, _ in found if path.endswith(".down.sql")
    ]
    left += unread_sql(
        tree, {path for path, _ in found}, names="names such as 1_words.sql, with a number before the first _"
    )
    return Plan(
        files=tuple(_planned(tree, path, version, settings) for path, version in ups),
        not_applied=tuple(left),
        opening=tuple(f"create schema if not exists {schema}" for schema in settings.schemas),
        notes=settings.notes,
    )


def _version(tree: MigrationFolder, path: str) -> int:
    """The number in front of the first ``_``; a 64-bit integer as Rust reads it."""
    text = basename(path).partition("_")[0]
    if not _INTEGER.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
        what = f"sqlx fails at the version {text or 'nothing'}, which is not a 64-bit integer"
        todo = "rename the file: a number, _, words; or remove the _ from its name"
        raise SourceError(what, where=tree.shown_path(path), todo=todo)
    return int(text)


def _planned(tree: MigrationFolder, path: str, version: int, settings: _Settings) -> PlannedFile:
    raw, shown = tree.read(path), tree.shown_path(path)
    refuse_mark("sqlx", raw, shown)
    counted = raw.decode(errors="surrogateescape").translate(dict.fromkeys(map(ord, settings.ignored)))
    opts_out = raw.startswith(_NO_TRANSACTION)
    return PlannedFile(
        path=path,
        text=raw,
        transaction=TransactionMode.MESSAGE if opts_out else TransactionMode.FILE,
        entry=str(version),
        checksum=hashlib.sha384(counted.encode(errors="surrogateescape")).hexdigest(),
    )


def _settings(tree: MigrationFolder) -> _Settings:
    """``[migrate]`` of the nearest ``sqlx.toml``; raises SourceError for a file that is not TOML."""
    found = tree.nearest("sqlx.toml", levels=_LEVELS)
    if found is None:
        return _Settings()
    shown, text = found
    try:
        table = tomllib.loads(text.decode()).get("migrate", {})
    except ValueError as error:
        raise SourceError(f"is not TOML: {error}", where=f"{shown}:1", todo="correct it: sqlx rejects it") from None
    ignored, schemas = table.get("ignored-chars", []), table.get("create-schemas", [])
    notes = []
    if ignored:
        notes.append(f"checksums ignore {', '.join(map(repr, ignored))} ({shown})")
    if name := table.get("table-name"):
        notes.append(f"the ledger is {name} ({shown}): name it in the ledger of audit.toml")
    return _Settings(ignored="".join(ignored), schemas=tuple(sorted(schemas)), notes=tuple(notes))


def _judge(entry: LedgerEntry, row: Row) -> EntryVerdict:
    if row["success"] != "true":
        return EntryVerdict(entry, EntryState.FAILED, "its row has success = false: sqlx does not continue")
    if row["checksum"] != entry.checksum:
        why = "the file changed since it was applied: sqlx does not continue"
        return EntryVerdict(entry, EntryState.CHANGED, why, row["checksum"])
    return EntryVerdict(entry, EntryState.APPLIED)


def _recognise(tree: MigrationFolder) -> str | None:
    """Files of these names in a Rust project whose Cargo.toml names sqlx."""
    paths = [path for path in tree.below("") if (name := _NAME.fullmatch(path)) and _INTEGER.fullmatch(name[1])]
    cargo = tree.nearest("Cargo.toml", levels=_LEVELS)
    if not paths or cargo is None or b"sqlx" not in cargo[1]:
        return None
    if any(sign.format != FORMAT.name for path in paths for _, sign, _ in foreign_markers(tree.read(path))):
        return None
    return f"{tree.shown_path(paths[0])} is named as sqlx's, and {cargo[0]} depends on sqlx"


FORMAT = Format(
    name="sqlx",
    runner="sqlx",
    plan=plan,
    recognise=_recognise,
    session=SessionScope.SOURCE,
    recording=(finds_ledger("sqlx", "_sqlx_migrations"),),
    ledger=LedgerFormat(
        table="public._sqlx_migrations",
        columns=("version", "success", "checksum"),
        name_column="version",
        checksum_column="checksum",
        reader=partial(read_names, column="version", judge=_judge),
    ),
    tested_against="sqlx 0.8.3",
)
