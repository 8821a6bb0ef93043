"""What a fleet run is: its expected side, its targets, and what else its results depend on. The content of plan.json."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import Any, Final

from migration_audit.fleet.evidence import Direction
from migration_audit.fleet.targets import FleetTarget
from migration_audit.model.codec import strict_converter, structured
from migration_audit.model.snapshot import canonical_json
from migration_audit.model.strict_json import parse_json

_CONVERTER: Final = strict_converter()


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPlan:
    """One fleet run. Two runs with the same plan are the same run, and one goes on where the other stopped."""

    schema_version: int
    tool: str
    """The version of this program; another one may judge differently."""
    project: str | None
    expected_named: str
    expected: str
    """The digest of the expected side."""
    applied_by: str | None
    """The role that applied the SQL of the expected side."""
    settings: str | None
    """The digest of the audit settings of audit.toml."""
    direction: Direction
    targets: str
    """The digest of the list of all targets, in whichever part of it this run reads."""

    @property
    def run(self) -> str:
        """The name of the fleet run: a digest of the plan, and the same for each of its parts."""
        facts = [[each.name, getattr(self, each.name)] for each in fields(self) if each.name != "expected_named"]
        return hashlib.sha256(canonical_json(facts)).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """A plan with its targets and the part that is read."""

    plan: FleetPlan
    shard: str | None
    """``2/8``; None for all of it."""
    targets: tuple[FleetTarget, ...]
    """Those of this part."""
    in_all: int
    """The number of targets of all parts."""


def plan_bytes(planned: PlannedRun) -> bytes:
    """The content of plan.json."""
    return canonical_json(_CONVERTER.unstructure(planned)) + b"\n"


def read_plan(content: bytes, *, where: str) -> PlannedRun:
    """What ``plan_bytes`` wrote. Raises AuditError, which names ``where``, for anything else."""
    body: Any = parse_json(content, where=where)
    return structured(_CONVERTER, body, PlannedRun, where=where)
