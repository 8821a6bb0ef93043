"""BOOT004: the writer's own development stack keeps the same order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.boot_order import same_service, waits_for_healthy
from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.compose import Stack
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Note, Severity, Unavailable

if TYPE_CHECKING:
    from migration_audit.project import Project


def run(dev_stack: Stack, project: Project) -> Iterator[CheckOutput]:
    """Check that the writer waits for a healthy owner if its development stack runs both.

    Why: once the legacy runner is removed, a developer's fresh stack has the tables only after the owner created them.
    Fix: use the same `depends_on` as in the Compose files of the deployment. A stack without the owner needs another way to
    create the tables, described in the writer's README (DOC005).
    Source: https://docs.docker.com/reference/compose-file/services/#depends_on
    """
    boot = project.boot
    if boot is None or boot.owner_service is None:
        yield Unavailable(reason="audit.toml names no owner_service in [boot]", required=False)
        return
    files = some_of(dev_stack.files)
    writer = dev_stack.service(boot.writer_service or "")
    if dev_stack.service(boot.owner_service) is None or writer is None:
        lacking = boot.owner_service if dev_stack.service(boot.owner_service) is None else boot.writer_service
        yield Note(text=f"{files} does not run {lacking}: no start order is required")
        return
    if writer.name == boot.owner_service:
        yield Note(text=same_service(writer.name))
        return
    yield from waits_for_healthy("BOOT004", dev_stack, writer, boot.owner_service, may_end=True)


CHECK = check_of_both_phases("BOOT004", "The writer's development stack starts in the same order", Severity.WARNING, run)
