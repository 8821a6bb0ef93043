"""What every worker needs to read and judge a target, as one value that can be sent to it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import psycopg

from migration_audit import catalog
from migration_audit.audit.coverage import Keys, compared, scoped_drift
from migration_audit.audit.live import read_catalog
from migration_audit.audit.preflight.owner_alone import run_owner_alone
from migration_audit.audit.preflight.sides import parse_side, read_sides
from migration_audit.compare import AGAINST_LIVE, compare
from migration_audit.fleet.evidence import (
    SCHEMA_VERSION,
    Direction,
    TargetComparison,
    TargetEvidence,
    TargetOutcome,
    TargetServer,
    differences_of,
)
from migration_audit.fleet.queue import ReadTask
from migration_audit.fleet.targets import conninfo_of
from migration_audit.model.drift import Drift
from migration_audit.model.errors import AuditError, DatabaseError
from migration_audit.model.finding import Excluded, Unavailable
from migration_audit.model.progress import Progress
from migration_audit.model.snapshot import RolesRead, Snapshot
from migration_audit.model.strict_json import parse_json
from migration_audit.project import Project, project_of

_OWNER = "the owner's SQL"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetContext:
    """The expected side and how it is compared; nothing in it is a secret."""

    run: str
    expected_named: str
    snapshot: bytes = field(repr=False)
    """The expected side, as a saved snapshot."""
    settings: bytes | None = field(repr=False)
    """The content of audit.toml, whose [scope] and [rules] count."""
    settings_path: str
    prelude: Keys
    direction: Direction
    statement_timeout: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedSide:
    """What each target is compared with."""

    named: str
    snapshot: Snapshot
    prelude: Keys = ()

    @property
    def applied_by(self) -> str | None:
        """The role that applied its SQL, whose ownership the SQL did not ask for; None if no SQL was applied for it."""
        return applied_by(self.snapshot)


def applied_by(snapshot: Snapshot) -> str | None:
    """The role that applied the SQL of a snapshot; None for the snapshot of a database that others use."""
    return snapshot.server.read_as if snapshot.roles is RolesRead.OWN else None


def read_expected(side: str | None, project: Project | None, *, progress: Progress) -> ExpectedSide:
    """The side that was named, else the owner's SQL of the project, applied to a throw-away database.

    Raises AuditError where it cannot be read, or has nothing that a target could lack.
    """
    if side is not None:
        (read,) = read_sides((parse_side(side),), progress=progress)
        found = ExpectedSide(named=side, snapshot=read.snapshot)
    elif project is not None:
        preflight = run_owner_alone(project, progress=progress)
        owner = preflight["owner"]
        if isinstance(owner, Unavailable):
            raise AuditError(owner.reason, where=_OWNER, todo="see the SQL and the server that it is applied to")
        found = ExpectedSide(named=_OWNER, snapshot=owner, prelude=preflight["prelude"])
    else:
        raise AuditError("there is nothing to compare with", where="fleet", todo="name --expected, or an audit.toml")
    drift = compare(expected=found.snapshot, actual=found.snapshot)
    if drift.compared_nothing:
        raise AuditError(drift.why_nothing(expected=found.named, actual="each target"), where="fleet")
    return found


@lru_cache(maxsize=2)
def snapshot_of(context: FleetContext) -> Snapshot:
    """The expected side; read once in each process."""
    return catalog.parse_snapshot(_json(context.snapshot), where=context.expected_named)


@lru_cache(maxsize=2)
def project_in(context: FleetContext) -> Project | None:
    """The project whose scope and rules count; None where there is none."""
    if context.settings is None:
        return None
    return project_of(context.settings, path=Path(context.settings_path), shown=Path(context.settings_path).name)


def _json(content: bytes) -> object:
    return parse_json(content, where="the expected side", made=catalog.object_maker())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAttempt:
    """What came of a task."""

    evidence: TargetEvidence
    may_succeed_later: bool = False
    """The server was down, busy or starting."""
    is_unanswered: bool = False
    """No server has answered."""


def read_target(context: FleetContext, task: ReadTask) -> ReadAttempt:
    """Read the target in one read-only transaction and compare it. Raises nothing: what goes wrong is the evidence."""
    try:
        return ReadAttempt(evidence=_compared(context, task))
    except AuditError as error:
        evidence = unchecked_evidence(context, task, str(error))
        if not isinstance(error, DatabaseError):
            return ReadAttempt(evidence=evidence)
        return ReadAttempt(evidence=evidence, may_succeed_later=error.is_temporary, is_unanswered=error.is_unanswered)
    except Exception as error:  # of one target: the others are audited
        what = f"internal error in migration-audit: {type(error).__name__}: {error}"
        return ReadAttempt(evidence=unchecked_evidence(context, task, what))


def unchecked_evidence(context: FleetContext, task: ReadTask, reason: str) -> TargetEvidence:
    """The evidence of a target that could not be checked."""
    return TargetEvidence(
        schema_version=SCHEMA_VERSION,
        run=context.run,
        target=task.target.name,
        reference=task.target.reference,
        expected=snapshot_of(context).digest,
        read_at=datetime.now(UTC).replace(microsecond=0),
        attempts=task.attempt,
        outcome=TargetOutcome.UNCHECKED,
        reason=reason,
        comparison=None,
    )


def _compared(context: FleetContext, task: ReadTask) -> TargetEvidence:
    expected = snapshot_of(context)
    actual, started_at = catalog.with_connection(
        conninfo_of(task.target, os.environ),
        partial(_read, owner=expected),
        statement_timeout_ms=context.statement_timeout * 1000,
    )
    drift, excluded = _drift(context, expected, actual, task.target.name)
    if isinstance(drift, Unavailable):
        return unchecked_evidence(context, task, drift.reason)
    comparison = TargetComparison(
        actual=actual.digest,
        server=TargetServer(
            database=actual.server.database,
            system_identifier=actual.server.system_identifier,
            started_at=started_at,
            postgres_version=actual.server.postgres_version,
            read_as=actual.server.read_as,
            in_recovery=actual.server.in_recovery,
        ),
        differences=differences_of(drift),
        not_known=tuple(map(str, drift.not_known)),
        unmodelled=tuple(f"{u.kind} {u.identity}" for u in (*drift.unmodelled_expected, *drift.unmodelled_actual)),
        not_compared=drift.not_compared,
        excluded=tuple(f"{each.pattern}: {each.objects}" for each in excluded),
        limits=actual.limits,
    )
    outcome = comparison.outcome(context.direction)
    return replace(
        unchecked_evidence(context, task, ""),
        outcome=outcome,
        reason=comparison.why_unchecked if outcome is TargetOutcome.UNCHECKED else None,
        comparison=comparison,
    )


def _read(connection: psycopg.Connection[Any], owner: Snapshot) -> tuple[Snapshot, str]:
    """The catalog, and when the server was started."""
    snapshot = read_catalog(connection, owner)
    row = connection.execute("select pg_catalog.pg_postmaster_start_time() at time zone 'UTC'").fetchone()
    return snapshot, row[0].isoformat() if row else ""


def _drift(
    context: FleetContext, expected: Snapshot, actual: Snapshot, name: str
) -> tuple[Drift | Unavailable, Sequence[Excluded]]:
    project = project_in(context)
    if project is not None:
        return scoped_drift(project, owner=expected, live=actual, prelude=context.prelude)
    sides = (context.expected_named, expected), (name, actual)
    drift = compared(expected=sides[0], actual=sides[1], rules=AGAINST_LIVE, expected_applied_by=applied_by(expected))
    return drift, ()
