"""The notebooks of single targets of a fleet: a whole audit of one database, with its report."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from migration_audit.fleet.finish import sum_up
from migration_audit.fleet.store import RunFolder, evidence_name
from migration_audit.fleet.targets import FleetTarget, conninfo_of
from migration_audit.model.errors import UsageError
from migration_audit.model.finding import Phase
from migration_audit.model.progress import Progress
from migration_audit.project import Environment, Project
from migration_audit.runner import RunResult, run_audit


def chosen_targets(folder: RunFolder, names: Sequence[str]) -> list[FleetTarget]:
    """The named targets; without names, the first one of each kind of difference.

    Raises UsageError for a name that the fleet run does not have, and where no target differs; AuditError where no name is
    given and a target has no evidence yet.
    """
    targets = {target.name: target for target in folder.planned.targets}
    if not names:
        names = [group.examples[0] for group in sum_up(folder, now=datetime.now(UTC)).groups]
        if not names:
            todo = "name the target whose notebooks you want"
            raise UsageError("no target of this fleet run differs", where=str(folder.path), todo=todo)
    if unknown := [name for name in names if name not in targets]:
        raise UsageError(f"has no target {unknown[0]}", where=str(folder.path), todo="see the names in its index.jsonl")
    return [targets[name] for name in dict.fromkeys(names)]


def audit_targets(
    targets: Sequence[FleetTarget], project: Project, environment: Environment, *, out: Path, say: Progress
) -> Iterator[RunResult]:
    """Audit each target as this environment of the project, one after the other; its name is that of the result.

    The environment's variable leads to the target meanwhile: notebooks and kernels get references, never values. Raises
    UsageError for an environment that leads to one database only, DatabaseError for a reference that leads nowhere.
    """
    variable = _variable_of(environment)
    addresses = [conninfo_of(target, os.environ) for target in targets]  # before the first audit: each or none
    for target, address in zip(targets, addresses, strict=True):
        with _set(variable, address):
            (result,) = run_audit(
                project,
                [environment],
                phase=Phase.PREFLIGHT,
                out=out / PurePosixPath(evidence_name(target.name)).stem,
                config=str(project.path.absolute()),
                progress=lambda line, name=target.name: say(f"{name}: {line}"),  # type: ignore[misc]
            )
        yield replace(result, environment=target.name)


def other_database(folder: RunFolder, result: RunResult) -> str | None:
    """How the database that was audited differs from the one that the fleet run read of this target; None where it is that.

    Raises AuditError for a file that is not evidence of the target.
    """
    evidence, now = folder.evidence(result.environment), result.evidence.server
    then = evidence.comparison.server if evidence and evidence.comparison else None
    if then is None or now is None:
        return None  # one of the two could not be read, and says so itself
    differing = [
        f"its {name.replace('_', ' ')} is {read or 'unknown'}, but the fleet run read {known or 'unknown'}"
        for name in ("database", "system_identifier")
        if (read := getattr(now, name)) != (known := getattr(then, name))
    ]
    return "; ".join(differing) or None


def _variable_of(environment: Environment) -> str:
    where = f"environment {environment.name}"
    if environment.dsn_env is None:
        todo = "name an environment with dsn_env: its variable is set to each target"
        raise UsageError("leads to an entry of pg_service.conf", where=where, todo=todo)
    for pin in ("database", "system_identifier"):
        if getattr(environment, pin) is not None:
            todo = f"name an environment without {pin}, which may lead to any target"
            raise UsageError(f"accepts only one {pin.replace('_', ' ')}", where=where, todo=todo)
    return environment.dsn_env


@contextmanager
def _set(variable: str, value: str) -> Iterator[None]:
    before = os.environ.get(variable)
    os.environ[variable] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before
