"""What the services of a stack make of an image: entrypoint, command, hooks, and what they mount into it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Final

from migration_audit.artifacts.container.startup import container_of, unset_in
from migration_audit.artifacts.image.image import read_build
from migration_audit.artifacts.shell.programs import run_words
from migration_audit.model.compose import CommandWords, Mount, MountKind, Service, Stack
from migration_audit.model.image import Copied, StackContainer, StartedCommand, StartOutcome, Undecided
from migration_audit.model.unset import is_open
from migration_audit.project.locate import shown_path

_MOST: Final = 3
_PRUNED: Final = frozenset({".git", "node_modules"})


def stack_containers(
    stack: Stack,
    dockerfile: Path,
    context: Path,
    *,
    writer: str | None,
    owner: str | None,
    rules: Sequence[Path],
    wanted: Sequence[str],
    shown_from: Path,
) -> Iterator[StackContainer]:
    """The containers of this Dockerfile's image, and what other services mount; ``rules`` are all Dockerfiles with a rule.

    The writer's service runs the image where it is built elsewhere. The owner's own files are what it is for.
    Raises like ``read_build``.
    """
    ours = stack.service(writer or "")
    for service in stack.services:
        if service.name == owner and owner != writer:
            continue
        start = StartOutcome()
        if service.build is None:
            is_same = ours is not None and (service is ours or (ours.build is None and service.image == ours.image))
            start = _start(service, dockerfile, context, shown_from) if is_same else start
        elif service is ours or not unset_in(service.build):
            start = _built(service, dockerfile, shown_from, rules if service is ours else None)
        mounts = tuple(_mounted(service, wanted, shown_from))
        if mounts or start != StartOutcome():
            yield StackContainer(service=service.name, start=start, mounts=mounts)


def _built(service: Service, dockerfile: Path, shown_from: Path, rules: Sequence[Path] | None) -> StartOutcome:
    """What a service starts whose image is built from this Dockerfile; another one of the writer's needs a rule too."""
    build = service.build
    if build is None:
        return StartOutcome()
    if unset := unset_in(build):
        reason = f"what {service.name} is built from depends on the variable {unset[0]}, which is not set here"
        return StartOutcome(undecided=(Undecided(what="build", reason=reason, at=build.at),))
    built = Path(build.context) / build.dockerfile
    if built.resolve() == dockerfile.resolve():
        return _start(service, dockerfile, Path(build.context), shown_from)
    if rules is None or built.resolve() in [rule.resolve() for rule in rules]:
        return StartOutcome()
    reason = f"{service.name} is built from {shown_path(built, shown_from)}, which no rule of RET007 names"
    return StartOutcome(undecided=(Undecided(what="build", reason=reason, at=build.at),))


def _start(service: Service, dockerfile: Path, context: Path, shown_from: Path) -> StartOutcome:
    container = container_of(service, has_dockerfile=True)
    build = read_build(dockerfile, context, shown_from=shown_from, container=container)
    image, given = build.image(), {"environment": build.environment, "folder": build.folder, "paths": build.files}
    runs = [image.start, StartOutcome(commands=image.preloads)]
    runs += [run_words(hook.words, hook.at, **given) for hook in (*service.hooks, *_health_test(service))]
    doubts = [doubt for doubt in service.doubts_about("entrypoint", "command") if doubt.path is None]
    return StartOutcome(
        commands=tuple(_placed(command, service, image.dockerfile) for run in runs for command in run.commands),
        undecided=(
            *(Undecided(what=doubt.part, reason=doubt.reason, at=doubt.at) for doubt in doubts),
            *(undecided for run in runs for undecided in run.undecided),
        ),
    )


def _health_test(service: Service) -> Iterator[CommandWords]:
    """What Compose runs in the container again and again."""
    health = service.healthcheck
    if health is not None and health.test and not health.disabled:
        words = health.test[1:] if health.test[0] == "CMD" else ("/bin/sh", "-c", *health.test[1:])
        yield CommandWords(words=words, at=health.at)


def _placed(command: StartedCommand, service: Service, dockerfile: str) -> StartedCommand:
    """The image's entrypoint with the command of Compose is a matter of the Compose file."""
    own = service.entrypoint or service.command
    return replace(command, at=own.at) if own is not None and command.at.path == dockerfile else command


def _mounted(service: Service, wanted: Sequence[str], shown_from: Path) -> Iterator[Copied]:
    for mount in service.mounts:
        if mount.kind is not MountKind.BIND or is_open(mount.source):
            continue
        shown = shown_path(Path(mount.source), shown_from)
        carried = tuple(islice(_files(mount, shown, wanted), _MOST))
        if carried or _is_wanted(shown, wanted):
            yield Copied(source=shown, target=mount.target, from_stage=None, at=mount.at, carried=carried)


def _files(mount: Mount, shown: str, wanted: Sequence[str]) -> Iterator[str]:
    for folder, folders, files in os.walk(mount.source):
        folders[:] = sorted(set(folders) - _PRUNED)
        for file in sorted(files):
            inner = os.path.relpath(Path(folder) / file, mount.source)
            if _is_wanted(inner, wanted):
                yield f"{shown}/{inner}"


def _is_wanted(path: str, wanted: Sequence[str]) -> bool:
    return any(fnmatchcase(part.lower(), word.lower()) for part in path.split("/") for word in wanted)
