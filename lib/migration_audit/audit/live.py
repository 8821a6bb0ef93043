"""One live database: read in one read-only transaction, scoped, and compared with what the owner's SQL builds."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg

from migration_audit import catalog
from migration_audit.audit.coverage import Keys, scoped_drift
from migration_audit.audit.facts.types import LiveFacts
from migration_audit.audit.inputs.directus import NO_SNAPSHOT, directus_role, raw_names
from migration_audit.audit.inputs.privileges import read_rights_and_rows, without_rights
from migration_audit.audit.rehearsals.directus import NOT_ASKED
from migration_audit.catalog.directus import Migrations, read_migrations
from migration_audit.compare import of_interest
from migration_audit.model.directus import DirectusLive
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Unavailable
from migration_audit.model.live import Ledger, LedgerState
from migration_audit.model.snapshot import RolesRead, Snapshot
from migration_audit.project import Environment, LedgerSettings, Project, resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What was read of one environment: facts, and what the Directus inputs and its rehearsal are made of."""

    facts: LiveFacts
    directus: DirectusLive | Unavailable
    """What Directus recorded here, where the project has a ``[snapshot]``."""
    migrations: Migrations | Unavailable
    """Which of Directus's own migrations have run here, where ``[snapshot] rehearse`` asks for it."""


def read_live(project: Project, environment: Environment, *, owner: Snapshot | Unavailable, prelude: Keys = ()) -> Live:
    """Read the environment's catalog, ledgers and rights; what goes wrong becomes the reason of what is missing.

    ``owner`` is the snapshot of the owner's shadow: the expected side. ``prelude`` names what is not compared.
    """
    try:
        conninfo = resolve(environment, os.environ)
        live, ledgers, (directus, migrations) = catalog.with_connection(
            conninfo, partial(_read_all, project, owner), statement_timeout_ms=environment.statement_timeout * 1000
        )
    except AuditError as error:
        why = Unavailable.of(error)
        facts: LiveFacts = {"live": why, "owner_ledger": why, "legacy_ledger": why, **without_rights(why)}
        return Live(facts=facts, directus=why, migrations=why)
    drift, _ = scoped_drift(project, owner=owner, live=live, prelude=prelude)
    facts = {
        "live": live,
        "owner_ledger": ledgers["owner"],
        "legacy_ledger": ledgers["legacy"],
        **read_rights_and_rows(project, environment, conninfo, live=live, drift=drift),
    }
    return Live(facts=facts, directus=directus, migrations=migrations)


def _read_all(
    project: Project, owner: Snapshot | Unavailable, connection: psycopg.Connection[Any]
) -> tuple[Snapshot, dict[str, Ledger], tuple[DirectusLive | Unavailable, Migrations | Unavailable]]:
    live = read_catalog(connection, owner)
    ledgers = {s: _ledger(connection, getattr(project, s).ledger) for s in ("owner", "legacy")}
    return live, ledgers, _directus(connection, project, live=live, owner=owner)


def read_catalog(connection: psycopg.Connection[Any], owner: Snapshot | Unavailable) -> Snapshot:
    """The live catalog, with those roles of its server that the owner's SQL makes: the others do not count here.

    Raises DatabaseError where it cannot be read.
    """
    if isinstance(owner, Unavailable) or owner.roles is RolesRead.NONE:
        return catalog.read_snapshot(connection).snapshot
    return of_interest(catalog.read_snapshot(connection, roles=RolesRead.SHARED).snapshot, owner)[0]


def _directus(
    connection: psycopg.Connection[Any], project: Project, *, live: Snapshot, owner: Snapshot | Unavailable
) -> tuple[DirectusLive | Unavailable, Migrations | Unavailable]:
    if project.snapshot is None:
        return NO_SNAPSHOT, NO_SNAPSHOT
    try:
        names = raw_names(project, owner)
        found = catalog.read_directus(connection, live, role=directus_role(project), raw_tables=names)
    except AuditError as error:
        broken = Unavailable.of(error)
        return broken, broken
    if project.snapshot.rehearse is None or found.database is None:
        return found, NOT_ASKED
    return found, read_migrations(connection, found.schema)


def _ledger(connection: psycopg.Connection[Any], settings: LedgerSettings | None) -> Ledger:
    if settings is None:
        return Ledger(table="", state=LedgerState.ABSENT, reason="audit.toml names no ledger")
    return catalog.read_ledger(connection, settings.key, settings.format)
