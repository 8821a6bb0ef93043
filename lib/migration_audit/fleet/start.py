"""From the options of a command to a fleet run."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from migration_audit import __version__
from migration_audit.catalog import dump_snapshot
from migration_audit.fleet.context import ExpectedSide, FleetContext, read_expected
from migration_audit.fleet.discover import find_targets
from migration_audit.fleet.evidence import SCHEMA_VERSION, Direction
from migration_audit.fleet.executors import Executor, LocalPool
from migration_audit.fleet.plan import FleetPlan, PlannedRun
from migration_audit.fleet.read_target import unchecked_evidence
from migration_audit.fleet.references import read_services, server_address
from migration_audit.fleet.run import Limits, run_fleet
from migration_audit.fleet.summary import FleetSummary
from migration_audit.fleet.targets import FleetTarget, parse_shard, targets_digest
from migration_audit.model.errors import UsageError
from migration_audit.project import Project, audited_digest, load_project, project_file

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetOptions:
    """The options of ``fleet run``."""

    expected: str | None = None
    direction: str = "covers"
    out: Path = Path("reports/fleet")
    workers: int | None = None
    scheduler: str | None = None
    per_server: int = 4
    connections: int = 64
    attempts: int = 3
    retry_after: float = 2.0
    shard: str | None = None
    max_age: timedelta | None = None
    statement_timeout: int = 60
    config: Path | None = None


def start_fleet(
    named: Sequence[str], queries: Sequence[tuple[str, str]], options: FleetOptions, *, say: Say
) -> tuple[Path, FleetSummary]:
    """Audit the targets; the folder of the run, and what was found. Raises AuditError where that is not possible."""
    if not named and not queries:
        raise UsageError("which databases?", where="fleet run", todo="name them with --targets or --from-query")
    shard = parse_shard(options.shard) if options.shard is not None else None
    project = _project(options)
    targets = find_targets(named, queries)
    taken = shard.take(targets) if shard else targets
    if not taken:
        what = f"part {shard} contains no target: there are only {len(targets):,}"
        raise UsageError(what, where="--shard", todo="choose fewer parts than there are targets")
    expected = read_expected(options.expected, project, progress=say)
    planned = PlannedRun(
        plan=plan_of(expected, project, Direction(options.direction), targets),
        shard=str(shard) if shard else None,
        targets=tuple(taken),
        in_all=len(targets),
    )
    context = _context(planned.plan, expected, project, options)
    services = read_services(os.environ)
    folder, summary = run_fleet(
        planned,
        out=options.out,
        expected=context.snapshot,
        servers=lambda target: server_address(target, os.environ, services),
        limits=Limits(
            per_server=options.per_server,
            in_all=options.connections,
            attempts=options.attempts,
            retry_after=options.retry_after,
            max_age=options.max_age,
        ),
        executor=partial(_executor, context, options),
        unchecked=partial(unchecked_evidence, context),
        say=say,
    )
    return folder.path, summary


def plan_of(
    expected: ExpectedSide, project: Project | None, direction: Direction, targets: Sequence[FleetTarget]
) -> FleetPlan:
    """The plan of a fleet run over all targets."""
    settings = None
    if project is not None:
        settings = audited_digest(project.content, file_name=project.path.name)
    return FleetPlan(
        schema_version=SCHEMA_VERSION,
        tool=__version__,
        project=project.name if project else None,
        expected_named=expected.named,
        expected=expected.snapshot.digest,
        applied_by=expected.applied_by,
        settings=settings,
        direction=direction,
        targets=targets_digest(targets),
    )


def _project(options: FleetOptions) -> Project | None:
    """The project whose scope and rules count: where an expected side is named, only one that is named too."""
    if options.expected is not None and options.config is None:
        return None
    return load_project(project_file(options.config or Path()))


def _context(plan: FleetPlan, expected: ExpectedSide, project: Project | None, options: FleetOptions) -> FleetContext:
    return FleetContext(
        run=plan.run,
        expected_named=expected.named,
        snapshot=dump_snapshot(expected.snapshot),
        settings=project.content if project else None,
        settings_path=str(project.path.absolute()) if project else "",
        prelude=expected.prelude,
        direction=plan.direction,
        statement_timeout=options.statement_timeout,
    )


def _executor(context: FleetContext, options: FleetOptions, in_all: int) -> Executor:
    if options.scheduler is not None:
        from migration_audit.fleet.dask_workers import DaskWorkers  # noqa: PLC0415  an extra

        return DaskWorkers(context, address=options.scheduler)
    # Three quarters of the time a process waits for the server.
    workers = options.workers or 2 * (os.cpu_count() or 1)
    return LocalPool(context, slots=min(workers, in_all))
