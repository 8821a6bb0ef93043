"""LIV003: live tables and columns are what the owner's SQL makes."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.describe import said_of
from migration_audit.model.drift import Drift, Severity
from migration_audit.model.finding import Check, Phase, Said
from migration_audit.model.preflight import OriginMap
from migration_audit.project import Environment


def run(live_drift: Drift, owner_origins: OriginMap, environment: Environment) -> Iterator[Said]:
    """Look up each table and column of the owner's shadow in the live database.

    Why: ``CREATE TABLE IF NOT EXISTS`` did nothing where the legacy runner had made the table first, so that a live column
    can have another type than every file says.
    Fix: a migration of the owner that alters the column; a type change may rewrite the table and lock it.
    Source: seed, "Column types match exactly"; https://www.postgresql.org/docs/current/sql-altertable.html
    """
    yield from said_of(
        "LIV003",
        live_drift.of("table", "column"),
        expected="the owner's SQL",
        actual=environment.name,
        origins=owner_origins,
    )


CHECK = Check(
    id="LIV003",
    title="Live tables and columns are what the owner's SQL makes",
    severity=Severity.BLOCKER,
    phases=tuple(Phase),
    run=run,
)
