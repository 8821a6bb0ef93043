r"""Prisma Migrate: a folder for each migration, as ``prisma migrate deploy`` applies them.

Files       ``<migration>/migration.sql`` below the folder of ``migration_lock.toml`` (``prisma/migrations``). A folder
            above it (``prisma``, the repository) is accepted where one folder alone holds migrations. Other ``.sql`` files
            are not applied. As in Prisma, a folder without ``migration.sql`` is an error, and so is a provider other than
            ``postgresql`` in ``migration_lock.toml``.
Order       By the name of the folder, as text: ``10_b`` before ``2_a``. Since version 6.6 Prisma compares the names as
            JavaScript's localeCompare does (``1_a`` before ``10_b``, ``a`` before ``B``), before that byte by byte. Where
            the two differ, the newer order is taken, and a note names the folders.
Part        The whole file. A byte order mark reaches the server, which refuses it, and is an error.
Session     One for all files. Objects without a schema go to the schema of the URL (``?schema=app``, else ``public``); here
            that is ``settings = {search_path = "app"}``, and the schema is made in the prelude. Prisma looks for its ledger
            by the session's search_path: a migration that leaves it without that schema (``SET search_path``,
            ``set_config`` as pg_dump writes it) ends the deployment, and is an error here.
Transaction The whole file goes in one message: one transaction, unless it holds a single statement, or BEGIN and COMMIT.
Dialect     The server's: psql's commands and the data of COPY are refused.
Placeholders None.
Ledger      ``_prisma_migrations``: ``migration_name``; ``finished_at`` is empty where a migration failed, ``rolled_back_at``
            is set where its row no longer counts; ``checksum`` is the SHA-256 of the file, with either kind of line end.
Source      https://www.prisma.io/docs/orm/prisma-migrate/understanding-prisma-migrate/migration-histories,
            https://github.com/prisma/prisma/blob/7.9.1/packages/migrate/src/utils/listMigrations.ts,
            https://github.com/prisma/prisma-engines (schema-engine: commands/apply_migrations.rs,
            schema-connector/migrations_directory.rs and checksum.rs, flavour/postgres)
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from posixpath import basename

from migration_audit.formats.interface import (
    Format,
    MigrationFolder,
    Plan,
    PlannedFile,
    finds_ledger,
    only_tree,
    refuse_mark,
)
from migration_audit.formats.ledgers import EntryState, EntryVerdict, LedgerEntry, LedgerFormat, LedgerReading, Row
from migration_audit.formats.plain_files import locale_order
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied, SessionScope, TransactionMode

_SCRIPT = "migration.sql"
_LOCK = "migration_lock.toml"
_DOWN = re.compile(r"(?:.*[._-])?(?:down|revert|rollback|undo)\.sql", re.IGNORECASE)
_STAMP = re.compile(r"[0-9]{14}_.*")


def plan(trees: Sequence[MigrationFolder], placeholders: Mapping[str, str]) -> Plan:
    """The migrations of one folder; raises SourceError where ``prisma migrate deploy`` would end with an error."""
    tree = only_tree("prisma", trees)
    home = _home(tree)
    if home is None:
        return Plan(files=())
    _refuse_provider(tree, home)
    prefix = f"{home}/" if home else ""
    inside = [path.removeprefix(prefix) for path in tree.paths if path.startswith(prefix)]
    names = sorted({path.partition("/")[0] for path in inside if "/" in path}, key=locale_order)
    files = tuple(_planned(tree, f"{prefix}{name}") for name in names)
    applied = {file.path for file in files}
    left = tuple(_left(tree, path, prefix) for path in tree.paths if path.endswith(".sql") and path not in applied)
    return Plan(files=files, not_applied=left, notes=tuple(_notes(tree, home, names)))


def _home(tree: MigrationFolder) -> str | None:
    """The folder whose folders are migrations, relative to the tree; None where there is none."""
    homes = {path.rsplit("/", 2)[0] if path.count("/") > 1 else "" for path in tree.paths if path.endswith(f"/{_SCRIPT}")}
    homes |= {path.rpartition("/")[0] for path in tree.paths if basename(path) == _LOCK}
    outer = sorted(home for home in homes if not any(home != other and _is_below(home, other) for other in homes))
    if len(outer) > 1:
        shown = ", ".join(map(tree.shown_path, outer[:5]))
        raise SourceError(f"several folders contain migrations: {shown}", where=tree.shown or ".", todo="name one of them")
    if not outer and _SCRIPT in tree.paths:
        what = "is a single migration; Prisma applies a folder of migrations"
        raise SourceError(what, where=tree.shown_path(_SCRIPT), todo="name the folder above it")
    return outer[0] if outer else None


def _is_below(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")


def _refuse_provider(tree: MigrationFolder, home: str) -> None:
    """Prisma reads one line of the file, to the letter: ``provider = "postgresql"``."""
    path = f"{home}/{_LOCK}" if home else _LOCK
    if path not in tree.paths:
        return
    lines = tree.read(path).decode("utf-8", "replace").splitlines()
    found = next(((n, line) for n, line in enumerate(lines, 1) if line.startswith("provider")), None)
    if found is None:
        raise SourceError(
            "does not name a provider", where=f"{tree.shown_path(path)}:1", todo='write provider = "postgresql"'
        )
    number, line = found
    provider = line.removeprefix("provider = ").strip('"')
    if provider != "postgresql":
        what = f"Prisma uses the provider {provider} here, but the audit requires PostgreSQL"
        where = f"{tree.shown_path(path)}:{number}"
        raise SourceError(what, where=where, todo='name PostgreSQL\'s migrations; Prisma writes provider = "postgresql"')


def _planned(tree: MigrationFolder, folder: str) -> PlannedFile:
    path = f"{folder}/{_SCRIPT}"
    if path not in tree.paths:
        what = f"lacks {_SCRIPT}: Prisma stops at such a folder"
        raise SourceError(what, where=tree.shown_path(folder), todo=f"restore its {_SCRIPT}, or delete the folder")
    text = tree.read(path)
    refuse_mark("Prisma", text, tree.shown_path(path))
    unix = text.replace(b"\r\n", b"\n")
    return PlannedFile(
        path=path,
        text=text,
        transaction=TransactionMode.MESSAGE,
        entry=basename(folder),
        checksum=_sha256(text),
        also=tuple(dict.fromkeys(_sha256(each) for each in (unix, text.replace(b"\n", b"\r\n")))),
    )


def _sha256(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _left(tree: MigrationFolder, path: str, prefix: str) -> NotApplied:
    """Why Prisma does not read this file."""
    shown = tree.shown_path(path)
    if not path.startswith(prefix):
        return NotApplied(path=shown, reason=f"outside of {prefix or tree.shown}", by_rule=True)
    if path.count("/") == prefix.count("/") + 1 and _DOWN.fullmatch(basename(path)):
        return NotApplied(path=shown, reason="a down migration, which Prisma does not apply by itself")
    return NotApplied(path=shown, reason=f"Prisma only reads <migration>/{_SCRIPT}", by_rule=False)


def _notes(tree: MigrationFolder, home: str, names: Sequence[str]) -> Iterator[str]:
    if home:
        yield f"the migrations are in {tree.shown_path(home)}"
    for first, second in pairwise(names):
        if first.encode() > second.encode():
            yield f"Prisma before 6.6 applied {second} before {first}"


def _read_prisma_ledger(rows: Sequence[Row], entries: Sequence[LedgerEntry]) -> LedgerReading:
    """What ``_prisma_migrations`` says about each migration."""
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(row["migration_name"] or "", []).append(row)
    known = {entry.name for entry in entries}
    beyond = tuple(name for name, same in by_name.items() if name not in known and any(map(_counts, same)))
    resolved = [
        f"{name} was marked as applied (`prisma migrate resolve`), not run"
        for name, same in by_name.items()
        if any(_counts(row) and row["finished_at"] and row.get("applied_steps_count") == "0" for row in same)
    ]
    verdicts = tuple(_verdict(entry, by_name.get(entry.name, [])) for entry in entries)
    return LedgerReading(verdicts=verdicts, beyond=beyond, notes=tuple(resolved))


def _counts(row: Row) -> bool:
    return row["rolled_back_at"] is None


def _verdict(entry: LedgerEntry, rows: Sequence[Row]) -> EntryVerdict:
    counted = [row for row in rows if _counts(row)]
    if not rows:
        return EntryVerdict(entry, EntryState.ABSENT, "the ledger lacks a row for it")
    if not counted:
        return EntryVerdict(entry, EntryState.FAILED, f"rolled back at {rows[-1]['rolled_back_at']}")
    if (failed := next((row for row in counted if row["finished_at"] is None), None)) is not None:
        started = f" at {failed['started_at']}" if failed.get("started_at") else ""
        return EntryVerdict(entry, EntryState.FAILED, f"started{started} but not finished")
    recorded = counted[-1]["checksum"] or ""
    if entry.checksum is None or any(_is_same(recorded, own) for own in (entry.checksum, *entry.also)):
        return EntryVerdict(entry, EntryState.APPLIED)
    why = "migration.sql changed since it was applied"
    return EntryVerdict(entry, EntryState.CHANGED, why, recorded)


def _is_same(recorded: str, own: str) -> bool:
    """Versions before 2.22 wrote each byte without its leading zero."""
    if len(recorded) == len(own):
        return recorded == own
    return recorded == "".join(f"{byte:x}" for byte in bytes.fromhex(own))


def recognise(tree: MigrationFolder) -> str | None:
    """``migration_lock.toml`` next to folders with ``migration.sql``; Drizzle's folders hold a snapshot.json too."""
    scripts = [path for path in tree.paths if path.endswith(f"/{_SCRIPT}")]
    for path in tree.paths:
        folder, _, name = path.rpartition("/")
        below = f"{folder}/" if folder else ""
        if name == _LOCK and any(script.startswith(below) for script in scripts):
            return f"{tree.shown_path(path)} is Prisma's"
    stamped = [
        p for p in scripts if p.count("/") == 1 and _STAMP.match(p) and f"{p.split('/')[0]}/snapshot.json" not in tree.paths
    ]
    return f"{tree.shown_path(stamped[0])} is named as Prisma's" if stamped and len(stamped) == len(scripts) else None


LEDGER = LedgerFormat(
    table="public._prisma_migrations",
    columns=("migration_name", "checksum", "finished_at", "rolled_back_at"),
    optional_columns=("started_at", "applied_steps_count"),
    reader=_read_prisma_ledger,
    name_column="migration_name",
    checksum_column="checksum",
    order=("started_at", "migration_name"),
)

FORMAT = Format(
    name="prisma",
    runner="Prisma Migrate",
    plan=plan,
    recognise=recognise,
    session=SessionScope.SOURCE,
    recording=(finds_ledger("Prisma", "_prisma_migrations"),),
    ledger=LEDGER,
    tested_against="Prisma 7.10.0",
)
