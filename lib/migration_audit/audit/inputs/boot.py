"""The inputs of the BOOT checks and of RET007: Compose files, images, and what the owner's last SQL makes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from migration_audit import sources
from migration_audit.artifacts.compose.stack import read_stack
from migration_audit.artifacts.container.containers import stack_containers
from migration_audit.artifacts.container.health import read_test
from migration_audit.artifacts.container.startup import read_boot
from migration_audit.artifacts.image.image import read_image
from migration_audit.audit.facts.types import BootFacts
from migration_audit.model.boot import PostObject
from migration_audit.model.compose import MountKind, Service, Stack
from migration_audit.model.finding import Outcome, Unavailable, or_unavailable
from migration_audit.model.image import Boot, Image
from migration_audit.model.location import Location
from migration_audit.model.sql import SqlSource
from migration_audit.model.unset import is_open
from migration_audit.project import AuditRule, BootSettings, Project
from migration_audit.project.locate import shown_path
from migration_audit.sources.post_objects import find_post_objects

_DECISIVE = frozenset({"DB_EXCLUDE_TABLES", "DB_SEARCH_PATH"})
"""The variables that decide which tables Directus sees."""
_OF_THE_HOST = 2
"""Parts of a folder that holds more than one project: ``/`` and ``/home``."""
_NO_BOOT = Unavailable(reason="audit.toml has no [boot]", required=False)


class BootInputs(BootFacts):
    """The facts about the boot, and what only the Directus inputs need of it."""

    owner_image: Image | Unavailable
    owner_variables: Mapping[str, str] | Unavailable
    """The environment that the Compose files give the owner."""


def boot_inputs(project: Project) -> BootInputs:
    """Each input, or the reason why it is missing; ``images`` has the image of each rule of RET007.

    Files are read, nothing is run or built. Raises no AuditError.
    """
    boot = project.boot
    if boot is None:
        return {
            "stack": _NO_BOOT,
            "dev_stack": _NO_BOOT,
            "owner_boot": _NO_BOOT,
            "owner_image": _NO_BOOT,
            "owner_variables": _NO_BOOT,
            "post_objects": _NO_BOOT,
            "images": _images(project, None),
        }
    stack = _stack(project, boot)
    owner_boot, owner_image = _owner(project, boot, stack)
    return {
        "stack": _shown(stack, project),
        "dev_stack": _shown(_dev_stack(project, boot), project),
        "owner_boot": owner_boot,
        "owner_image": owner_image,
        "owner_variables": _variables(boot, stack),
        "post_objects": _post_objects(project, boot),
        "images": _images(project, stack if isinstance(stack, Stack) else None),
    }


def _stack(project: Project, boot: BootSettings) -> Stack | Unavailable:
    if not boot.compose:
        return Unavailable(reason="audit.toml names no compose files in [boot]", required=False)
    stack = or_unavailable(lambda: read_stack(boot.compose, profiles=boot.profiles, shown_from=project.directory))
    return stack if isinstance(stack, Unavailable) else replace(stack, services=tuple(map(_with_test, stack.services)))


def _with_test(service: Service) -> Service:
    """The service, with whether its health check needs anything in order to succeed."""
    check = service.healthcheck
    if check is None or check.disabled or not check.test:
        return service
    needed = read_test(check.test, check.at, environment=dict(service.environment), folder=None, files=lambda _: None)
    always = () in needed.ways and not needed.undecided
    return replace(service, healthcheck=replace(check, always_succeeds=always))


def _shown(stack: Stack | Unavailable, project: Project) -> Stack | Unavailable:
    """Contexts and mounts relative to audit.toml: facts are the same on every machine, and name no folder of one."""
    if isinstance(stack, Unavailable):
        return stack
    services = tuple(
        replace(
            service,
            build=service.build and replace(service.build, context=_shown_path(service.build.context, project)),
            mounts=tuple(
                replace(mount, source=_shown_path(mount.source, project)) if mount.kind is MountKind.BIND else mount
                for mount in service.mounts
            ),
        )
        for service in stack.services
    )
    return replace(stack, services=services)


def _shown_path(path: str, project: Project) -> str:
    """A path of the host itself, such as the socket of its engine, stays as it is."""
    if not Path(path).is_absolute():
        return path
    common = Path(os.path.commonpath([path, project.directory.absolute()]))
    return shown_path(Path(path), project.directory.absolute()) if len(common.parts) > _OF_THE_HOST else path


def _dev_stack(project: Project, boot: BootSettings) -> Stack | Unavailable:
    """Of a stack for development every profile counts: the order must be right wherever both services run."""
    if not boot.dev_compose:
        return Unavailable(reason="audit.toml names no dev_compose in [boot]", required=False)
    if not any(file.exists() for file in boot.dev_compose):
        return Unavailable(reason="the files of dev_compose do not exist", required=False)
    return or_unavailable(lambda: read_stack(boot.dev_compose, profiles=("*",), shown_from=project.directory))


def _owner(
    project: Project, boot: BootSettings, stack: Stack | Unavailable
) -> tuple[Boot | Unavailable, Image | Unavailable]:
    if isinstance(stack, Unavailable) and (boot.compose or boot.dockerfile is None):
        return stack, stack
    service = None
    if isinstance(stack, Stack):
        service = stack.service(boot.owner_service or "")
        if service is None:
            reason = (
                f"{', '.join(stack.files)}: the service {boot.owner_service}, "
                "which audit.toml names as the owner, does not exist"
            )
            missing = Unavailable(reason=reason, outcome=Outcome.ERRORED)
            return missing, missing
    owned = [(project.owner.root, project.owner.sql)] if project.owner.format == "files" else []
    wanted = [
        path for root, globs in (*owned, (project.directory, boot.post_sql)) for path in sources.sql_files(root, globs)
    ]
    found = or_unavailable(
        lambda: read_boot(
            service, dockerfile=boot.dockerfile, context=boot.context, shown_from=project.directory, wanted=wanted
        )
    )
    return (found, found) if isinstance(found, Unavailable) else found


def _variables(boot: BootSettings, stack: Stack | Unavailable) -> Mapping[str, str] | Unavailable:
    """Those with a value that the files alone decide."""
    if isinstance(stack, Unavailable):
        return stack
    service = stack.service(boot.owner_service or "")
    if service is None:
        return Unavailable(reason=f"no service {boot.owner_service} in {', '.join(stack.files)}")
    known = {name: value for name, value in service.environment if value is not None}
    doubts = [
        doubt
        for doubt in service.doubts_about("environment")
        if not doubt.path or doubt.path[0] in _DECISIVE or is_open(doubt.path[0])
    ]
    if doubts and not known.keys() >= _DECISIVE:
        lacking = " and ".join(sorted(_DECISIVE - known.keys()))
        todo = f"set {lacking} under environment of {service.name}, which takes precedence"
        return Unavailable(reason=f"{doubts[0].at}: {doubts[0].reason}: {todo}")
    return known


def _post_objects(project: Project, boot: BootSettings) -> tuple[PostObject, ...] | Unavailable:
    if not boot.post_sql:
        return Unavailable(reason="audit.toml names no post_sql in [boot]", required=False)
    return or_unavailable(lambda: find_post_objects(load_post_sql(project, boot)))


def load_post_sql(project: Project, boot: BootSettings) -> SqlSource:
    """The SQL that the owner's container applies after Directus. Raises SourceError."""
    folder, variables = project.directory, project.owner.variables
    return sources.load_globs("post_sql", folder, boot.post_sql, shown_from=folder, variables=variables)


def _images(project: Project, stack: Stack | None) -> Mapping[Location, Image | Unavailable]:
    """The image of each rule, with the containers that the stack makes of it."""
    rules = project.rules_for("RET007")
    return {rule.at: or_unavailable(partial(_image, project, rule, rules, stack)) for rule in rules}


def _image(project: Project, rule: AuditRule, rules: Sequence[AuditRule], stack: Stack | None) -> Image:
    folder = project.directory
    dockerfile = folder / rule.what[0]
    context = folder / rule.context if rule.context else dockerfile.parent
    image = read_image(dockerfile, context, shown_from=folder, wanted=rule.carries)
    if stack is None or project.boot is None:
        return image
    containers = stack_containers(
        stack,
        dockerfile,
        context,
        writer=project.boot.writer_service,
        owner=project.boot.owner_service,
        rules=[folder / each.what[0] for each in rules],
        wanted=rule.carries,
        shown_from=folder,
    )
    return replace(image, containers=tuple(containers))
