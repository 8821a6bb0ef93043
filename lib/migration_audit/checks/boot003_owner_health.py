"""BOOT003: the owner is healthy only after its last step, and waits for a healthy database itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.boot_order import started, step_positions, waits_for_end, waits_for_healthy
from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.compose import Service, Stack
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, Unavailable
from migration_audit.model.image import Asked, Boot

if TYPE_CHECKING:
    from migration_audit.project import Project

_ITSELF = frozenset({"localhost", "127.0.0.1", "::1", "[::1]", "0.0.0.0", "[::]", "$HOSTNAME", "${HOSTNAME}"})  # noqa: S104


def run(owner_boot: Boot, stack: Stack, project: Project) -> Iterator[CheckOutput]:
    """Check what the owner's health check requests, and what the owner waits for.

    Why: the writer starts when the owner is healthy. A health check that can succeed while the steps still run
    (`pg_isready`, `true`, a file that exists) lets it start too early. A health check that queries the owner's own server
    cannot, because the server starts last. For an owner that runs to its end, the exit code counts.
    Fix: query the server in the test: `wget -q --spider http://127.0.0.1:8055/server/health || exit 1`. Give the database a
    health check, and make the owner wait for it with `condition: service_healthy`.
    Source: https://docs.docker.com/reference/compose-file/services/#healthcheck
    """
    boot = project.boot
    if boot is None or boot.owner_service is None:
        yield Unavailable(reason="audit.toml names no owner_service in [boot]", required=False)
        return
    owner = started(stack, boot.owner_service, "owner")
    if isinstance(owner, Unavailable):
        yield owner
        return
    writer = stack.service(boot.writer_service or "")
    if writer is not None and waits_for_end(stack, writer, owner.name):
        yield from _end(owner_boot, owner, project)
    else:
        yield from _test(owner_boot, owner)
    if boot.database_service is None:
        yield Note(text="audit.toml names no database_service: what the owner waits for was not checked")
        return
    if boot.database_service == owner.name:
        yield Note(text=f"{owner.name} is both the owner and the database: it waits for no other service")
        return
    yield from waits_for_healthy("BOOT003", stack, owner, boot.database_service)
    database = stack.service(boot.database_service)
    if database is not None:
        yield from _database(database)


def _end(owner_boot: Boot, owner: Service, project: Project) -> Iterator[CheckOutput]:
    """A job has no health check: its exit code has to show whether its last step failed."""
    commands = owner_boot.run.commands
    open_parts = (*owner_boot.run_undecided, *(() if commands else owner_boot.run.undecided))
    if open_parts:
        first = open_parts[0]
        yield Unavailable(reason=f"what {owner.name} runs to its end is undecided: {first.at}: {first.what}: {first.reason}")
        return
    steps = project.boot.steps if project.boot else ()
    last = commands[max(step_positions(steps, owner_boot), default=len(commands) - 1)] if commands else None
    if last is not None and last.stops_until is not None:
        yield Finding(
            key="BOOT003:end:unseen",
            summary=f"{owner.name} exits with 0 even if `{last.text}` failed: the writer starts anyway",
            expected="the exit code of the last step",
            actual=last.text,
            where=str(last.at),
        )
    yield Note(text=f"{owner.name} is a job: the writer waits for it to end, so it needs no health check")


def _test(owner_boot: Boot, owner: Service) -> Iterator[CheckOutput]:
    if owner_boot.test_disabled:
        yield _finding("disabled", f"the health check of {owner.name} is disabled", str(owner_boot.test_at))
    elif owner_boot.test is None:
        yield _finding("missing", f"{owner.name} has no health check, in Compose or in its image", str(owner.at))
    elif owner_boot.test_undecided:
        first = owner_boot.test_undecided[0]
        yield Unavailable(
            reason=f"whether the health check queries the server is undecided: {first.at}: {first.what}: {first.reason}"
        )
    elif not owner_boot.ways:
        yield _finding("never", f"the health check of {owner.name} can never succeed", str(owner_boot.test_at))
    else:
        yield from _ways(owner_boot, owner)


def _ways(owner_boot: Boot, owner: Service) -> Iterator[CheckOutput]:
    asked: set[str] = set()
    for way in owner_boot.ways:
        own = [one for one in way if _asks_itself(one, owner)]
        if not own:
            needed = " and ".join(" ".join(one.words) for one in way) or "success, regardless of the request"
            yield _finding(
                "early",
                f"the health check of {owner.name} can succeed before its last step: it only needs {needed}",
                str(owner_boot.test_at),
                actual=needed,
            )
            return
        asked |= {one.port for one in own if one.port}
    yield Note(text=f"the health check of {owner.name} queries its own server at {owner_boot.test_at}")
    foreign = sorted(asked - set(owner_boot.ports))
    if foreign and owner_boot.ports and not asked & set(owner_boot.ports):
        yield Note(text=f"it queries port {some_of(foreign)}, but the files name port {some_of(owner_boot.ports)}")


def _asks_itself(asked: Asked, owner: Service) -> bool:
    return asked.host is not None and (asked.host in _ITSELF or asked.host == owner.name)


def _database(database: Service) -> Iterator[CheckOutput]:
    check = database.healthcheck
    doubts = database.healthcheck_doubts
    if doubts:
        yield Unavailable(reason=f"{doubts[0].at}: healthcheck of {database.name}: {doubts[0].reason}")
    elif check is not None and check.disabled:
        what = f"the health check of {database.name} is disabled: no service can wait until it is healthy"
        yield _finding(f"{database.name}:disabled", what, str(check.at))
    elif check is None or check.test is None:
        what = f"{database.name} has no health check in the Compose files: no service can wait until it is healthy"
        yield _finding(f"{database.name}:missing", what, str(database.at))
    elif check.always_succeeds:
        what = f"the health check of {database.name} succeeds even if the database is down: waiting for it means nothing"
        yield _finding(f"{database.name}:always", what, str(check.at), actual=" ".join(check.test[1:]))


def _finding(name: str, summary: str, where: str, *, actual: str | None = None) -> Finding:
    return Finding(
        key=f"BOOT003:healthcheck:{name}",
        summary=summary,
        expected="a health check that queries the server" if ":" not in name else "a health check",
        actual=actual,
        where=where,
    )


CHECK = check_of_both_phases(
    "BOOT003", "The owner is healthy only after its last step, and waits for a healthy database", Severity.BLOCKER, run
)
