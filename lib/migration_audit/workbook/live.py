"""One live database: read in one read-only transaction, scoped, and compared with what the owner's SQL builds."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from migration_audit import catalog
from migration_audit.compare import AGAINST_LIVE, Rules, compare, in_scope
from migration_audit.model.drift import Drift
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Outcome, Unavailable
from migration_audit.model.ledger import Ledger as LiveLedger
from migration_audit.model.ledger import LedgerState
from migration_audit.model.scope import Excluded
from migration_audit.model.snapshot import Snapshot
from migration_audit.project import Environment, Ledger, Project, resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What was read of one environment; each part is the fact, or says why it is not there."""

    live: Snapshot | Unavailable
    """Everything that was read, in scope or not."""
    live_drift: Drift | Unavailable
    """What the owner's SQL makes against what is live, in scope."""
    excluded: tuple[Excluded, ...] | Unavailable
    owner_ledger: LiveLedger | Unavailable
    legacy_ledger: LiveLedger | Unavailable


def read_live(
    project: Project, environment: Environment, *, owner: Snapshot | Unavailable, overrides: Rules | None = None
) -> Live:
    """Read the environment's catalog and ledgers and compare; what goes wrong becomes the reason of what is missing.

    ``owner`` is the snapshot of the owner's shadow: the expected side.
    """
    try:
        conninfo = resolve(environment, os.environ)
        with catalog.open_connection(conninfo, statement_timeout_ms=environment.statement_timeout * 1000) as connection:
            live = catalog.read_snapshot(connection).snapshot
            ledgers = {s: _ledger(connection, getattr(project, s).ledger) for s in ("owner", "legacy")}
    except AuditError as error:
        why = Unavailable(reason=str(error), outcome=Outcome.ERRORED)
        return Live(live=why, live_drift=why, excluded=why, owner_ledger=why, legacy_ledger=why)
    drift, excluded = scoped_drift(project, owner=owner, live=live, rules=overrides)
    return Live(
        live=live,
        live_drift=drift,
        excluded=excluded,
        owner_ledger=ledgers["owner"],
        legacy_ledger=ledgers["legacy"],
    )


def scoped_drift(
    project: Project, *, owner: Snapshot | Unavailable, live: Snapshot, rules: Rules | None = None
) -> tuple[Drift | Unavailable, tuple[Excluded, ...]]:
    """The drift of what is in scope, and how many live objects each rule left out."""
    actual, excluded = in_scope(live, project)
    if isinstance(owner, Unavailable):
        return owner, excluded
    expected, _ = in_scope(replace(owner, unmodelled=()), project)
    drift = compare(
        expected=expected,
        actual=actual,
        rules=rules or AGAINST_LIVE.override(project.rules),
        expected_applied_by=owner.server.read_as,
    )
    return drift, excluded


def _ledger(connection: psycopg.Connection[Any], settings: Ledger | None) -> LiveLedger:
    if settings is None:
        return LiveLedger(table="", state=LedgerState.ABSENT, reason="audit.toml names no ledger")
    return catalog.read_ledger(connection, settings.key, settings.name_column, settings.checksum_column)
