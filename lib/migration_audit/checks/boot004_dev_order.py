"""BOOT004: the writer's own development stack keeps the same order."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.waits import same_service, waits_for_healthy
from migration_audit.model.compose import Stack
from migration_audit.model.drift import Severity
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import Check, Phase, Said, Told, Unavailable
from migration_audit.project import Project


def run(dev_stack: Stack, project: Project) -> Iterator[Said]:
    """Look whether the writer waits for a healthy owner where its development stack runs both.

    Why: once the legacy runner is gone, a developer's fresh stack has the tables only after the owner made them.
    Fix: the same `depends_on` as in the Compose files of the deployment. A stack without the owner needs another way to
    the tables, which the writer's README tells (DOC005).
    Source: seed, "compose.dev.yaml … should depends_on: directus if running both".
    """
    boot = project.boot
    if boot is None or boot.owner_service is None:
        yield Unavailable(reason="audit.toml names no owner_service in [boot]", required=False)
        return
    files = some_of(dev_stack.files)
    writer = dev_stack.service(boot.writer_service or "")
    if dev_stack.service(boot.owner_service) is None or writer is None:
        lacking = boot.owner_service if dev_stack.service(boot.owner_service) is None else boot.writer_service
        yield Told(text=f"{files} does not run {lacking}: there is no order to keep")
        return
    if writer.name == boot.owner_service:
        yield Told(text=same_service(writer.name))
        return
    yield from waits_for_healthy("BOOT004", dev_stack, writer, boot.owner_service, may_end=True)


CHECK = Check(
    id="BOOT004",
    title="The writer's development stack keeps the same order",
    severity=Severity.WARNING,
    phases=tuple(Phase),
    run=run,
)
