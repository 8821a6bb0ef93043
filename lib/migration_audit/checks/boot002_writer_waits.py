"""BOOT002: the writer waits until the owner is healthy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.boot_order import same_service, started, waits_for_healthy
from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.compose import Stack
from migration_audit.model.finding import CheckOutput, Note, Severity, Unavailable

if TYPE_CHECKING:
    from migration_audit.project import Project


def run(stack: Stack, project: Project) -> Iterator[CheckOutput]:
    """Merge the Compose files as Compose does, and check what the writer's service waits for.

    Why: the short form of `depends_on`, and `service_started`, only wait for the other container to start. On a fresh stack
    the writer then finds no table and crashes until the owner has finished.
    Fix: `depends_on: { <owner>: { condition: service_healthy } }` in the writer's service. If the owner is a job, such as
    Flyway, the condition is `service_completed_successfully`.
    Source: https://docs.docker.com/reference/compose-file/services/#depends_on
    """
    boot = project.boot
    if boot is None or boot.owner_service is None:
        yield Unavailable(reason="audit.toml names no owner_service in [boot]", required=False)
        return
    writer = started(stack, boot.writer_service, "writer")
    if isinstance(writer, Unavailable):
        yield writer
        return
    if writer.name == boot.owner_service:
        yield Note(text=same_service(writer.name))
        return
    yield from waits_for_healthy("BOOT002", stack, writer, boot.owner_service, may_end=True)
    for note in stack.notes:
        yield Note(text=note)


CHECK = check_of_both_phases("BOOT002", "In the Compose files the writer waits for a healthy owner", Severity.BLOCKER, run)
