"""Replay a history in an empty database, as the right roles, and fill the ledgers as the runners do."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
from psycopg import sql

from migration_audit import driver
from migration_audit.demo.steps import LEGACY_ROLE, OWNER_ROLE, History
from migration_audit.model.errors import SqlError
from migration_audit.project import LedgerSettings, Project


def build(history: History, conninfo: str, *, project: Project) -> None:
    """Replay ``history`` in the empty database of ``conninfo``, whose role must be a superuser.

    Makes the roles of the history where the server lacks them, without LOGIN and without a password. Raises SqlError
    for a file that the server refuses.
    """
    roles = {"legacy": LEGACY_ROLE, "owner": OWNER_ROLE}
    ledgers = {"legacy": project.legacy.ledger, "owner": project.owner.ledger}
    # Not "$user": in a schema of the role's name its unqualified tables would land beside its ledger.
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
