"""What every worker needs to read and judge a target, as one value that can be sent to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from migration_audit import catalog
from migration_audit.audit.compared import Keys
from migration_audit.audit.preflight.owner_alone import run_owner_alone
from migration_audit.audit.preflight.sides import parse_side, read_sides
from migration_audit.compare import compare
from migration_audit.fleet.evidence import Direction
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Unavailable
from migration_audit.model.snapshot import RolesRead, Snapshot
from migration_audit.model.strict_json import parse_json
from migration_audit.project import Project, project_of

Progress = Callable[[str], None]

OWNER = "the owner's SQL"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetContext:
    """The expected side and how it is compared; nothing in it is a secret."""

    run: str
    expected_named: str
    snapshot: bytes = field(repr=False)
    """The expected side, as a saved snapshot."""
    settings: bytes | None = field(default=None, repr=False)
    """The content of audit.toml, whose [scope] and [rules] count."""
    settings_path: str = ""
    prelude: Keys = ()
    direction: Direction = Direction.COVERS
    statement_timeout: int = 60


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
            raise AuditError(owner.reason, where=OWNER, todo="see the SQL and the server that it is applied to")
        found = ExpectedSide(named=OWNER, snapshot=owner, prelude=preflight["prelude"])
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
