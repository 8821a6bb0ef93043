"""The three databases of the demo, each as its history: who ran which SQL, in which order.

A history is replayed in an empty database as the right roles, and the ledgers are filled as the runners do it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import psycopg
from psycopg import sql

from migration_audit import driver
from migration_audit.model.errors import SqlError, UsageError
from migration_audit.project import LedgerSettings, Project

LEGACY_ROLE: Final = "processor"
OWNER_ROLE: Final = "directus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Some SQL files that one role ran one after the other."""

    title: str
    files: tuple[Path, ...]
    role: str | None = None
    """Who ran them; None for the superuser."""
    runner: Literal["legacy", "owner"] | None = None
    """``legacy`` or ``owner`` when that runner ran them and wrote its ledger; None for a person."""
    applied_at: datetime | None = None
    """What a runner recorded for the first file; each further file a second later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How the database of one environment came to be what it is."""

    environment: str
    steps: tuple[Step, ...]


__all__ = ["History", "Step", "build_database", "histories"]


def build_database(history: History, conninfo: str, *, project: Project) -> None:
    """Replay ``history`` in the empty database of ``conninfo``, whose role must be a superuser.

    Makes the roles of the history where the server lacks them, without LOGIN and without a password. Raises SqlError
    for a file that the server refuses.
    """
    roles = {"legacy": LEGACY_ROLE, "owner": OWNER_ROLE}
    ledgers = {"legacy": project.legacy.ledger, "owner": project.owner.ledger}
    # Not "$user": in a schema of the role's name its unqualified tables would land next to its ledger.
    with driver.connect(conninfo, autocommit=True, options="-c search_path=public -c timezone=UTC") as connection:
        for role in roles.values():
            _ensure_role(connection, role)
        for step in history.steps:
            for file in step.files:
                _run(connection, file, role=step.role)
            ledger = ledgers[step.runner] if step.runner else None
            if step.runner and ledger and step.applied_at:
                _create_ledger(connection, ledger, owner=roles[step.runner])
                _record(connection, ledger, step.files, at=step.applied_at)


def _ensure_role(connection: psycopg.Connection, role: str) -> None:
    """Make the role unless another database of this server, built at the same time, has just done so."""
    body = sql.SQL("begin create role {role} nologin; exception when duplicate_object or unique_violation then end")
    text = body.format(role=sql.Identifier(role)).as_string(connection)
    connection.execute(sql.SQL("do {}").format(sql.Literal(text)))


def _run(connection: psycopg.Connection, file: Path, *, role: str | None) -> None:
    """The file as one transaction of this role."""
    with connection.transaction():
        if role is not None:
            connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
        text = file.read_text("utf-8")
        try:
            connection.execute(text.encode())
        except psycopg.Error as error:
            message = error.diag.message_primary or str(error)
            raise SqlError(message, where=str(file), statement=text, sqlstate=error.sqlstate) from error


def _create_ledger(connection: psycopg.Connection, ledger: LedgerSettings, *, owner: str) -> None:
    """The ledger as its runner makes it: the older runner numbers its rows, the newer one keeps checksums."""
    names = {
        "schema": sql.Identifier(ledger.schema),
        "table": sql.Identifier(ledger.schema, ledger.table),
        "name": sql.Identifier(ledger.name_column),
        "owner": sql.Identifier(owner),
    }
    if ledger.checksum_column:
        names["checksum"] = sql.Identifier(ledger.checksum_column)
        columns = "{name} text primary key, {checksum} text not null, applied_at timestamptz not null default now()"
    else:
        columns = "id serial primary key, {name} text not null unique, applied_at timestamptz not null default now()"
    with connection.transaction():
        connection.execute(sql.SQL("create schema if not exists {schema} authorization {owner}").format(**names))
        connection.execute(sql.SQL(f"create table if not exists {{table}} ({columns})").format(**names))
        connection.execute(sql.SQL("alter table {table} owner to {owner}").format(**names))


def _record(connection: psycopg.Connection, ledger: LedgerSettings, files: tuple[Path, ...], *, at: datetime) -> None:
    """One row for each file, a second after the one before."""
    columns = [ledger.name_column, "applied_at", *filter(None, [ledger.checksum_column])]
    insert = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(ledger.schema, ledger.table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
    )
    for position, file in enumerate(files):
        checksum = hashlib.sha256(file.read_bytes()).hexdigest()
        row = (ledger.entry(file.name), at + timedelta(seconds=position), checksum)
        connection.execute(insert, row[: len(columns)])


def histories(root: Path) -> tuple[History, ...]:
    """The histories of dev, stage and prod, built with the SQL files below ``root`` (a copy of the ``trm`` tree)."""
    return (_dev(root), _stage(root), _prod(root))


def _dev(root: Path) -> History:
    here = root / "environments" / "dev"
    return History(
        environment="dev",
        steps=(
            _administrator(root),
            _owner("Directus alone runs DDL here", root, role=OWNER_ROLE, at=datetime(2026, 3, 1, 8, tzinfo=UTC)),
            _directus(root),
            _post(root, at=datetime(2026, 3, 1, 8, 1, tzinfo=UTC)),
            Step(title="The processor may write", files=(here / "grants.sql",), role=OWNER_ROLE),
            Step(title="Four days of positions", files=(here / "rows.sql",), role=LEGACY_ROLE),
        ),
    )


def _stage(root: Path) -> History:
    here = root / "environments" / "stage"
    legacy = _sorted(root / "processor/src/db/migrations")
    return History(
        environment="stage",
        steps=(
            _administrator(root, here / "database.sql"),
            _legacy("The processor created its tables itself", legacy, at=datetime(2025, 11, 3, 9, tzinfo=UTC)),
            _owner("db-init found existing tables", root, role=None, at=datetime(2026, 1, 12, 7, tzinfo=UTC)),
            _directus(root),
            _post(root, at=datetime(2026, 1, 12, 7, 1, tzinfo=UTC)),
            Step(title="Directus may mark rows", files=(here / "grants.sql",), role=LEGACY_ROLE),
            Step(title="Eight days of positions", files=(here / "rows.sql",), role=LEGACY_ROLE),
        ),
    )


def _prod(root: Path) -> History:
    here = root / "environments" / "prod"
    current = _sorted(root / "processor/src/db/migrations")
    # A runner knows a file by its name: the edited 0001 is the same file to it.
    older = _sorted(here / "processor-2025")
    names = {file.name for file in older}
    legacy = (*older, *(file for file in current if file.name not in names))
    return History(
        environment="prod",
        steps=(
            _administrator(root, here / "database.sql"),
            _legacy("The processor of 2025", legacy, at=datetime(2025, 6, 17, 21, tzinfo=UTC)),
            _owner(
                "The db-init of a release that had no third file yet",
                root,
                role=None,
                at=datetime(2025, 12, 2, 20, tzinfo=UTC),
                without="003_faulty_column.sql",
            ),
            _directus(root),
            _post(root, at=datetime(2025, 12, 2, 20, 1, tzinfo=UTC), without="002_devices_serial.sql"),
            Step(title="Directus may mark rows", files=(here / "grants.sql",), role=LEGACY_ROLE),
            Step(title="Six weeks of positions", files=(here / "rows.sql",), role=LEGACY_ROLE),
            Step(title="Changes by hand", files=(here / "drift.sql",)),
        ),
    )


def _administrator(root: Path, *more: Path) -> Step:
    return Step(title="The administrator", files=(root / "environments/all/database.sql", *more))


def _directus(root: Path) -> Step:
    return Step(title="Directus bootstraps", files=(root / "environments/all/directus.sql",), role=OWNER_ROLE)


def _post(root: Path, *, at: datetime, without: str | None = None) -> Step:
    files = tuple(file for file in _sorted(root / "directus/db-init-post") if file.name != without)
    return Step(title="db-init-post", files=files, role=OWNER_ROLE, runner="owner", applied_at=at)


def _legacy(title: str, files: tuple[Path, ...], *, at: datetime) -> Step:
    return Step(title=title, files=files, role=LEGACY_ROLE, runner="legacy", applied_at=at)


def _owner(title: str, root: Path, *, role: str | None, at: datetime, without: str | None = None) -> Step:
    files = tuple(file for file in _sorted(root / "directus/db-init") if file.name != without)
    return Step(title=title, files=files, role=role, runner="owner", applied_at=at)


def _sorted(folder: Path) -> tuple[Path, ...]:
    files = tuple(sorted(folder.glob("*.sql")))
    if not files:
        raise UsageError("no SQL file", where=str(folder), todo="point it at a complete copy of the demo's tree")
    return files
