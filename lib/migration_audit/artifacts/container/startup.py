"""How the owner's container comes up: its Dockerfile, and what its service in the Compose files changes about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from migration_audit.artifacts.container.health import Health, read_test
from migration_audit.artifacts.image.image import Container, read_build
from migration_audit.artifacts.text import check_artifact_inside
from migration_audit.model.compose import Build, Doubt, Service
from migration_audit.model.errors import ArtifactError
from migration_audit.model.image import Boot, Image, Undecided
from migration_audit.model.location import Location
from migration_audit.model.unset import mark, names_in
from migration_audit.project.boundary import boundary_of


def read_boot(
    service: Service | None,
    *,
    dockerfile: Path | None,
    context: Path | None,
    shown_from: Path,
    wanted: Sequence[Path] = (),
) -> tuple[Boot, Image]:
    """What the owner's container runs, and its image; ``wanted`` are files that the image must have if it has their folder.

    The Dockerfile is the named one, else the one of the service's ``build``; a service without one runs its image as it
    is, of which only what the Compose files say about it is known. ``service`` is None where no Compose file is
    named. Raises ArtifactError, with ``file:line`` where it can, for what cannot be read.
    """
    container = container_of(service, has_dockerfile=dockerfile is not None)
    is_named = dockerfile is not None
    if service is not None and container.image is not None:
        dockerfile = shown_from / service.at.path
        context = dockerfile.parent
    else:
        named = [path for path in (dockerfile, context) if path is not None]
        dockerfile, context = _named_or_built(service, dockerfile, context)
        if service is not None and service.build is not None:
            boundary = boundary_of(shown_from, shown_from / service.at.path, *named)
            for path in (dockerfile, context):
                check_artifact_inside(path, shown_from, boundary, at=service.build.at)
    build = read_build(dockerfile, context, shown_from=shown_from, container=container)
    image = build.image()
    test, at, disabled = _test(service, image)
    health = Health(ways=(), undecided=())
    if test is not None and at is not None and not disabled:
        health = read_test(test, at, environment=build.environment, folder=build.folder, files=build.files.text)
    hidden, covered = build.covered(wanted)
    boot = Boot(
        run=image.start,
        test=test,
        test_at=at,
        test_disabled=disabled,
        ways=health.ways,
        test_undecided=(*_undecided(service.healthcheck_doubts if service else ()), *health.undecided),
        run_undecided=(
            *_undecided(d for d in (service.doubts_about("entrypoint", "command") if service else ()) if d.path is None),
            *_another_image(service, dockerfile, image.base, is_named=is_named),
        ),
        ports=tuple(dict.fromkeys([*(service.ports if service else ()), *image.ports])),
        lacking=build.lacking(wanted),
        hidden=hidden,
        covered=covered,
    )
    return boot, image


def _named_or_built(service: Service | None, dockerfile: Path | None, context: Path | None) -> tuple[Path, Path]:
    if dockerfile is not None:
        return dockerfile, context or dockerfile.parent
    if service is not None and service.build is not None:
        folder = Path(service.build.context)
        return folder / service.build.dockerfile, folder
    where = str(service.at) if service is not None else None
    todo = "name the owner's Dockerfile in [boot] of audit.toml"
    raise ArtifactError("the owner's image is not built from a Dockerfile of this project", where=where, todo=todo)


def container_of(service: Service | None, *, has_dockerfile: bool) -> Container:
    """What a service changes about its image."""
    if service is None:
        return Container()
    build = service.build
    image = service.image if build is None and not has_dockerfile else None
    if build is not None and (unset := unset_in(build, has_dockerfile=has_dockerfile)):
        image, build = mark(unset[0]), None
    return Container(
        image=image,
        at=service.at,
        target=build.target if build else None,
        args=dict(build.args) if build else {},
        entrypoint=service.entrypoint,
        command=service.command,
        environment=dict(service.environment),
        mounts=service.mounts,
        working_dir=service.working_dir,
    )


def unset_in(build: Build, *, has_dockerfile: bool = False) -> tuple[str, ...]:
    """The variables without a value on which depends what is built; where the Dockerfile is named, the stage alone."""
    return names_in("".join(filter(None, (build.target, *(() if has_dockerfile else (build.context, build.dockerfile))))))


def _test(service: Service | None, image: Image) -> tuple[tuple[str, ...] | None, Location | None, bool]:
    """The test that counts, where it is, and whether it is turned off."""
    own = service.healthcheck if service is not None else None
    if own is not None and own.disabled:
        return own.test, own.at, True
    if own is not None and own.test is not None:
        return own.test, own.at, False
    if image.test is not None:
        return image.test.test, image.test.at, image.test.test[0] == "NONE"
    return None, None, False


def _undecided(doubts: Iterable[Doubt]) -> Iterator[Undecided]:
    for doubt in doubts:
        yield Undecided(what=doubt.part, reason=doubt.reason, at=doubt.at)


def _another_image(service: Service | None, dockerfile: Path, base: str, *, is_named: bool) -> Iterator[Undecided]:
    """Where the service does not run what the Dockerfile of audit.toml builds."""
    if service is None or not is_named:
        return
    build, reason = service.build, "this is not the Dockerfile that [boot] names: which of them builds the owner's image?"
    if build is None and service.image == base:
        reason = "this is the base of the Dockerfile that [boot] names: the service does not run what is built from it"
        yield Undecided(what=f"image: {base}", reason=reason, at=service.at)
    elif build is not None and not unset_in(build):
        built = Path(build.context) / build.dockerfile
        if built.resolve() != dockerfile.resolve():
            yield Undecided(what=f"dockerfile: {build.dockerfile}", reason=reason, at=build.at)
