"""From the options of a command to a fleet run."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from migration_audit import __version__, catalog
from migration_audit.artifacts.git.command import line_of_git
from migration_audit.artifacts.git.repository import Revision, author_of, find_top, user_of
from migration_audit.audit.repositories import tops_of
from migration_audit.catalog import dump_snapshot
from migration_audit.catalog.server_errors import database_error
from migration_audit.fleet.evidence import SCHEMA_VERSION, Direction
from migration_audit.fleet.executors import Executor, LocalPool
from migration_audit.fleet.read_target import ExpectedSide, FleetContext, read_expected, unchecked_evidence
from migration_audit.fleet.run import Limits, run_fleet
from migration_audit.fleet.store import FleetPlan, PlannedRun
from migration_audit.fleet.summary import FleetSummary
from migration_audit.fleet.targets import (
    FleetTarget,
    Services,
    check_targets,
    conninfo_of,
    make_target,
    parse_reference,
    parse_shard,
    parse_targets,
    read_services,
    server_address,
    services_like,
    targets_digest,
)
from migration_audit.model.errors import DatabaseError, UsageError
from migration_audit.model.progress import Progress
from migration_audit.project import Project, audited_digest, load_project, project_file
from migration_audit.review.checkout_files import expected_files

_SERVICES = "service:"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetOptions:
    """The options of ``fleet run``."""

    expected: str | None
    direction: str
    out: Path
    workers: int | None
    scheduler: str | None
    per_server: int
    connections: int
    attempts: int
    retry_after: float
    shard: str | None
    max_age: timedelta | None
    statement_timeout: int
    producer_key: Path | None
    config: Path | None


def start_fleet(
    named: Sequence[str], queries: Sequence[tuple[str, str]], options: FleetOptions, *, say: Progress
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
    files = expected_files(project) if project is not None and options.expected is None else {}
    planned = PlannedRun(
        plan=_plan_of(expected, project, Direction(options.direction), targets, files),
        shard=str(shard) if shard else None,
        targets=tuple(taken),
        in_all=len(targets),
        **_origin(project, files),
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
        producer_key=options.producer_key,
    )
    return folder.path, summary


def _origin(project: Project | None, files: Collection[str]) -> dict[str, Any]:
    """Who starts the run and at which commits, for a plan."""
    if project is None:
        return {}
    tops = {name: top for name, top in tops_of(project, files).items() if top is not None}
    commits = {name: line_of_git(top, "rev-parse", "--verify", "--quiet", "HEAD") for name, top in tops.items()}
    people = {user_of(project.directory), *map(author_of, tops.values())}
    return {
        "commits": {name: commit for name, commit in commits.items() if commit},
        "people": tuple(sorted(each.casefold() for each in people if each)),
    }


def _plan_of(
    expected: ExpectedSide,
    project: Project | None,
    direction: Direction,
    targets: Sequence[FleetTarget],
    files: Mapping[str, str],
) -> FleetPlan:
    """The plan of a fleet run over all targets."""
    return FleetPlan(
        schema_version=SCHEMA_VERSION,
        tool=__version__,
        project=project.name if project else None,
        expected_named=expected.named,
        expected=expected.snapshot.digest,
        applied_by=expected.applied_by,
        settings=audited_digest(project.content, file_name=project.path.name) if project else None,
        direction=direction,
        targets=targets_digest(targets),
        files=dict(files),
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


def find_targets(
    named: Sequence[str], queries: Sequence[tuple[str, str]], revision: Revision | None = None
) -> tuple[FleetTarget, ...]:
    """The targets of files and ``service:`` patterns, and those of queries: a reference and SQL each.

    A file that ``revision`` has is read as it is there, and one of another repository is refused.

    Raises UsageError for a password and for what cannot be read, DatabaseError for a query that fails, and AuditError where
    there is no target.
    """
    services = read_services(os.environ)
    return check_targets([*_of_files(named, services, revision), *_of_queries(queries)])


def _of_files(named: Sequence[str], services: Services, revision: Revision | None) -> Iterator[tuple[FleetTarget, str]]:
    for each in named:
        if each.startswith(_SERVICES):  # whatever files there are: a proposal could add one of this name
            pattern, where = each.removeprefix(_SERVICES), f"--targets {each}"
            yield from ((target, where) for target in services_like(pattern, services, where=where))
            continue
        for line in parse_targets(_read(Path(each), revision), each):
            if line.pattern is not None:
                yield from ((target, line.where) for target in services_like(line.pattern, services, where=line.where))
            elif line.target is not None:
                yield line.target, line.where


def _read(path: Path, revision: Revision | None) -> str:
    todo = "name a targets file, or service:PATTERN"
    place, there = path.absolute(), None
    if revision is not None and revision.has_inside(place):
        there = revision.read(place)
    elif revision is not None and (other := find_top(place.parent)) is not None:
        what = f"is in another repository than audit.toml ({other}), so {revision.named} does not say what it lists"
        raise UsageError(what, where=str(path), todo="move it into the repository of audit.toml")
    try:
        return path.read_text("utf-8") if there is None else there.decode()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path), todo=todo) from None
    except UnicodeDecodeError:
        raise UsageError("is not UTF-8", where=str(path), todo=todo) from None


def _of_queries(queries: Sequence[tuple[str, str]]) -> Iterator[tuple[FleetTarget, str]]:
    for reference, sql in queries:
        where = f"--from-query {reference}"
        parts = parse_reference(reference, where="--from-query")
        asked = FleetTarget(name=where, reference=reference)
        for number, row in enumerate(_rows(asked, sql), start=1):
            yield _target_of(row, reference, is_url=parts.url is not None, where=f"{where}, row {number}"), where


def _rows(asked: FleetTarget, sql: str) -> list[tuple[Any, ...]]:
    def read(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
        try:
            cursor = connection.execute(sql.encode())
            if cursor.description is None:
                raise UsageError("the query returns no rows", where=asked.name, todo="write a SELECT")
            return cursor.fetchall()
        except psycopg.Error as error:
            failed = database_error(error, connection)
            what = failed.what.replace("the catalog cannot be read", "the query failed")
            todo = "its search_path is empty and it may only read: write schema.table"
            raise DatabaseError(what, where=asked.name, todo=todo) from None

    return catalog.with_connection(conninfo_of(asked, os.environ), read)


def _target_of(row: tuple[Any, ...], asked: str, *, is_url: bool, where: str) -> FleetTarget:
    """One column: a database of the same server. Two: the name of a target, and its reference."""
    if len(row) not in {1, 2} or not all(isinstance(value, str) for value in row):
        todo = "select the name of a database, or a name and a reference (env:VARIABLE/DATABASE), as text"
        raise UsageError("is not a target", where=where, todo=todo)
    if len(row) == 2:
        return make_target(row[0], row[1], where=where)
    if is_url:
        todo = "name the server with env:VARIABLE or service:SERVICE"
        raise UsageError("a database of a URL has no reference", where=where, todo=todo)
    base = asked.partition("/")[0]
    return make_target(row[0], f"{base}/{row[0]}", where=where)
