"""Data frames and an engine, for people who explore drift; nothing here is part of a report."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from migration_audit.audit.case import Case
from migration_audit.catalog import open_connection
from migration_audit.model.drift import Drift
from migration_audit.model.errors import AuditError, UsageError
from migration_audit.model.finding import Unavailable
from migration_audit.model.snapshot import Snapshot
from migration_audit.project import resolve

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Engine


def frame(audit: Case, kind: str, *, side: str) -> pd.DataFrame:
    """The objects of one kind (``column``, ``index``, …) on one side (``legacy``, ``owner``, ``live``), a row each.

    Raises UsageError for another side or a kind that the side does not have, AuditError when the side was not read.
    """
    import pandas as pd  # noqa: PLC0415  slow to import, and only explorers need it

    sides: dict[str, Snapshot | Unavailable] = {"legacy": audit.legacy, "owner": audit.owner}
    if audit.environment is not None:
        sides["live"] = audit.live
    if side not in sides:
        raise UsageError(f"unknown side {side}", todo=f"the sides are {', '.join(sides)}")
    snapshot = sides[side]
    if isinstance(snapshot, Unavailable):
        raise AuditError(snapshot.reason, where=side)
    kinds = sorted({obj.kind for obj in snapshot.objects})
    if kind not in kinds:
        raise UsageError(f"{side} has no objects of kind {kind}", todo=f"it has {', '.join(kinds)}")
    return pd.DataFrame([asdict(obj) for obj in snapshot.objects if obj.kind == kind])


def differences_frame(audit: Case) -> pd.DataFrame:
    """The drift of the live database as a table: one row for each object, or each attribute that differs."""
    import pandas as pd  # noqa: PLC0415

    drift = audit.live_drift
    if not isinstance(drift, Drift):
        raise AuditError(drift.reason, where=audit.environment_name)
    names = ("severity", "verdict", "kind", "key", "attribute", "expected", "actual")
    rows: list[tuple[str | None, ...]] = [
        (str(d.severity), str(d.verdict), d.kind, d.key, change.name, *map(_told, (change.expected, change.actual)))
        for d in drift.roots
        for change in d.fields
    ]
    rows += [(str(d.severity), str(d.verdict), d.kind, d.key, "", None, None) for d in drift.roots if not d.fields]
    return pd.DataFrame(rows, columns=list(names)).sort_values(["kind", "key", "attribute"], ignore_index=True)


def _told(value: str | None) -> str:
    return "(not set)" if value is None else value


def engine(audit: Case) -> Engine:
    """A SQLAlchemy engine on the live database whose connections are read only; raises DatabaseError without one."""
    from sqlalchemy import create_engine  # noqa: PLC0415
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    environment = audit.project.environment(audit.environment_name)

    def connect() -> Any:
        return open_connection(resolve(environment, os.environ), statement_timeout_ms=environment.statement_timeout * 1000)

    return create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)
