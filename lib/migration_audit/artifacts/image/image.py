"""What an image carries, what its build runs, and what its containers start: a Dockerfile with the files around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from migration_audit.artifacts.image.dockerfile import Instruction, ignore_patterns, parse_dockerfile
from migration_audit.artifacts.image.files import ImageFiles
from migration_audit.artifacts.image.paths import OWN_FOLDERS, ContainerPaths, ImagePaths
from migration_audit.artifacts.image.stages import (
    FileCopy,
    FileSource,
    RunStep,
    StageFacts,
    base_name,
    final_base,
    find_stage,
    read_stages,
    runs_text,
)
from migration_audit.artifacts.shell.programs import Lookup, ShellScript, run_script, run_words
from migration_audit.artifacts.text import check_artifact_inside, read_text, word_list
from migration_audit.model.compose import CommandWords, Mount
from migration_audit.model.errors import ArtifactError
from migration_audit.model.image import Copied, Image, ImageTest, Stage, StartedCommand, StartOutcome, Undecided
from migration_audit.model.location import Location
from migration_audit.model.unset import is_open, names_in, readable
from migration_audit.project.locate import shown_path

_PROGRAMS: Final = {
    "flyway/flyway": ("flyway",),
    "redgate/flyway": ("flyway",),
    "migrate/migrate": ("migrate",),
    "amacneil/dbmate": ("/usr/local/bin/dbmate",),
}
"""Images whose ENTRYPOINT is one program, which takes the command for its arguments (their Dockerfiles say so)."""
_PRELOADING: Final = word_list("NODE_OPTIONS BUN_OPTIONS RUBYOPT PERL5OPT JAVA_TOOL_OPTIONS BASH_ENV ENV PYTHONSTARTUP")
"""Variables by which a program loads or runs files before what it is started with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What a service of Compose changes about its image; variables without a value are marked (``model/unset.py``)."""

    image: str | None = None
    """The image is taken as it is, and there is no Dockerfile."""
    at: Location | None = None
    """Of ``image``."""
    target: str | None = None
    args: Mapping[str, str | None] = field(default_factory=dict)
    entrypoint: CommandWords | None = None
    command: CommandWords | None = None
    environment: Mapping[str, str | None] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    working_dir: str | None = None


def read_image(
    dockerfile: Path,
    context: Path,
    *,
    shown_from: Path,
    container: Container | None = None,
    wanted: Sequence[str] = (),
) -> Image:
    """The image that this Dockerfile builds; ``wanted`` are globs on the parts of paths whose files are looked for.

    Where ``container`` names an image, it is that one, and ``dockerfile`` is only the file that names it.

    Nothing is built and nothing is run. Raises ArtifactError, with ``file:line``, for what is not a Dockerfile, and for a
    stage that it does not have.
    """
    chosen, paths, container = _build(dockerfile, context, shown_from, container)
    return Image(
        dockerfile=shown_path(dockerfile, shown_from),
        stages=tuple(_stage(stage, paths, wanted) for stage in paths.files.stages),
        start=_start(chosen, paths, container),
        otherwise=_otherwise(chosen, paths, container),
        test=_test(chosen.test),
        ports=tuple(dict.fromkeys(chosen.ports)),
        base=readable(final_base(chosen)),
        preloads=tuple(_preloads(chosen, container)),
    )


def container_files(
    dockerfile: Path, context: Path, *, shown_from: Path, container: Container
) -> tuple[Lookup, str | None, dict[str, str | None]]:
    """How to find a file of a running container, its working directory and its variables. Raises like ``read_image``."""
    chosen, paths, container = _build(dockerfile, context, shown_from, container)
    return partial(paths.files.in_container, chosen), _folder(chosen, container), {**chosen.values, **container.environment}


def lacking_files(
    dockerfile: Path, context: Path, wanted: Sequence[Path], *, shown_from: Path, container: Container
) -> tuple[str, ...]:
    """Those of some files that the build leaves out of a folder that it copies. Raises like ``read_image``."""
    if container.image is not None:
        return ()
    _, paths, _ = _build(dockerfile, context, shown_from, container)
    inside = [path for path in wanted if path.absolute().is_relative_to(context.absolute())]
    return tuple(shown_path(path, shown_from) for path in paths.files.lacks(inside))


def covered_files(
    dockerfile: Path, context: Path, wanted: Sequence[Path], *, shown_from: Path, container: Container
) -> tuple[tuple[Undecided, ...], tuple[Undecided, ...]]:
    """Those of some files that a mount hides in the container, and those in whose place something else may be there."""
    if container.image is not None:
        return (), ()
    chosen, paths, container = _build(dockerfile, context, shown_from, container)
    inside = [path for path in wanted if path.absolute().is_relative_to(context.absolute()) and path.is_file()]
    found = [(path, paths.covered(chosen, path)) for path in inside]
    at = chosen.at
    each = [
        (is_certain, Undecided(what=shown_path(path, shown_from), reason=f"in the container it is {place}: {why}", at=at))
        for path, (place, why, is_certain) in ((path, one) for path, one in found if one is not None)
    ]
    return tuple(one for is_certain, one in each if is_certain), tuple(one for is_certain, one in each if not is_certain)


def _build(
    dockerfile: Path, context: Path, shown_from: Path, container: Container | None
) -> tuple[StageFacts, ImagePaths, Container]:
    """The chosen stage, with what finds its files."""
    container = container or Container()
    shown = shown_path(dockerfile, shown_from)
    if container.image is None:
        text = read_text(dockerfile, shown_from)
    else:
        text = "\n" * (container.at.line - 1 if container.at else 0) + f"FROM {container.image}"
    stages = read_stages(parse_dockerfile(text, shown), container.args)
    chosen = stages[-1] if container.target is None else find_stage(stages, container.target)
    if chosen is None:
        raise ArtifactError(
            f"does not define the stage {container.target}", where=f"{shown}:1", todo="check target in the build"
        )
    files = ImageFiles(
        context=context,
        ignore=ignore_patterns(_ignore_lines(dockerfile, context, shown_from)),
        stages=stages,
        shown_from=shown_from,
        mounts=container.mounts,
    )
    return chosen, ImagePaths(files=files), container


def _ignore_lines(dockerfile: Path, context: Path, shown_from: Path) -> list[tuple[str, Location]]:
    """Those of the file that belongs to the Dockerfile, else of the context's own."""
    for path in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), context / ".dockerignore"):
        if path.is_file():
            check_artifact_inside(path, shown_from)
            lines = path.read_text("utf-8-sig", errors="replace").splitlines()
            return [(line, Location(shown_path(path, shown_from), number)) for number, line in enumerate(lines, start=1)]
    return []


def _stage(stage: StageFacts, paths: ImagePaths, wanted: Sequence[str]) -> Stage:
    copies = [
        Copied(
            source=source.path,
            target=step.target,
            from_stage=step.from_,
            at=step.at,
            carried=tuple(paths.files.carried(step, source, wanted)),
            is_opaque=paths.files.opens(step, source),
            doubt=step.doubt if "$" in source.path else "",
        )
        for step in stage.steps
        if isinstance(step, FileCopy)
        for source in step.sources
    ]
    steps = [step for step in stage.steps if isinstance(step, RunStep)]
    copies += [mounted for step in steps for mounted in _mounted(step, paths, wanted)]
    runs = [
        paths.walked(stage, position, step).run for position, step in enumerate(stage.steps) if isinstance(step, RunStep)
    ]
    later = "ONBUILD: it runs in other builds, which start from this stage"
    kept = [Undecided(what=f"{inner.name} {inner.text}"[:80], reason=later, at=inner.at) for inner in stage.onbuild]
    runs.append(StartOutcome(undecided=tuple(kept)))
    return Stage(name=stage.name, base=readable(stage.base), at=stage.at, copies=tuple(copies), runs=_joined(runs))


def _mounted(step: RunStep, paths: ImagePaths, wanted: Sequence[str]) -> Iterator[Copied]:
    """What ``RUN --mount=type=bind`` brings for one step: what it names, and what of the context was asked for."""
    for flag in step.instruction.flags:
        given = dict(part.partition("=")[::2] for part in flag.removeprefix("--mount=").split(","))
        if not flag.startswith("--mount=") or given.get("type", "bind") != "bind":
            continue
        source = given.get("source") or given.get("src") or "."
        source = source if "from" in given else source.removeprefix("/") or "."
        target = given.get("target") or given.get("dst") or given.get("destination") or "/"
        at, files = step.instruction.at, FileSource(path=source)
        bound = FileCopy(sources=(files,), target=target, from_=given.get("from"), at=at)
        carried = tuple(paths.files.carried(bound, files, wanted))
        if carried or source != ".":
            yield Copied(source=source, target=target, from_stage=given.get("from"), at=at, carried=carried)


def _joined(runs: Sequence[StartOutcome]) -> StartOutcome:
    """Several RUN instructions: the failure of one ends the build."""
    commands = [replace(command, stops_until=None) for run in runs for command in run.commands]
    return StartOutcome(commands=tuple(commands), undecided=tuple(u for run in runs for u in run.undecided))


def _start(stage: StageFacts, paths: ImagePaths, container: Container) -> StartOutcome:
    """Entrypoint and command together, as the engine puts them together."""
    find, path_states = partial(paths.files.in_container, stage), ContainerPaths(paths, stage)
    environment = {**stage.values, **container.environment}
    folder = _folder(stage, container)
    entry, at = _entry(stage, container)
    command, command_at = _command(stage, container)
    if isinstance(entry, ShellScript):
        return run_script(entry, environment=environment, folder=folder, files=find, paths=path_states)
    if entry:
        words = (*entry, *(("/bin/sh", "-c", command.text) if isinstance(command, ShellScript) else command))
        return run_words(words, at, environment=environment, folder=folder, files=find, paths=path_states)
    own = None if container.entrypoint is not None else _own_entry(stage)
    if own and not isinstance(command, ShellScript) and command:
        return run_words((*own, *command), command_at, environment=environment, folder=folder, files=find, paths=path_states)
    blind = _blind(stage, container, command, command_at)
    why = blind[0].reason if blind else None
    if isinstance(command, ShellScript):
        run = run_script(command, environment=environment, folder=folder, files=find, paths=path_states, maybe=why)
    else:
        run = run_words(
            command, command_at, environment=environment, folder=folder, files=find, paths=path_states, maybe=why
        )
    return replace(run, undecided=(*blind, *run.undecided))


def _preloads(stage: StageFacts, container: Container) -> Iterator[StartedCommand]:
    values = {**stage.values, **container.environment}
    for name in _PRELOADING:
        if value := values.get(name):
            yield StartedCommand(words=(name, *value.split()), at=_command(stage, container)[1])


def _own_entry(stage: StageFacts) -> tuple[str, ...]:
    """The ENTRYPOINT of a known base image, to which the command is handed."""
    return _PROGRAMS.get(base_name(final_base(stage)), ())


def _otherwise(stage: StageFacts, paths: ImagePaths, container: Container) -> StartOutcome:
    """The entrypoint with unknown arguments."""
    entry, at = _entry(stage, container)
    if isinstance(entry, ShellScript) or not entry:
        return StartOutcome()
    environment = {**stage.values, **container.environment}
    folder = _folder(stage, container)
    find, path_states = partial(paths.files.in_container, stage), ContainerPaths(paths, stage)
    return run_words(entry, at, environment=environment, folder=folder, files=find, paths=path_states, and_more=True)


def _folder(stage: StageFacts, container: Container) -> str | None:
    """Where a container starts; None where it is unknown."""
    folder = container.working_dir or stage.folder
    return None if is_open(folder) else folder


def _entry(stage: StageFacts, container: Container) -> tuple[ShellScript | tuple[str, ...], Location]:
    if container.entrypoint is not None:
        return container.entrypoint.words, container.entrypoint.at
    return _program(stage.entrypoint, stage)


def _command(stage: StageFacts, container: Container) -> tuple[ShellScript | tuple[str, ...], Location]:
    """Another entrypoint takes the image's command away."""
    if container.command is not None:
        return container.command.words, container.command.at
    return _program(stage.command if container.entrypoint is None else None, stage)


def _program(instruction: Instruction | None, stage: StageFacts) -> tuple[ShellScript | tuple[str, ...], Location]:
    if instruction is None:
        return (), stage.at
    if instruction.words is not None:
        return instruction.words, instruction.at
    return (instruction.script if runs_text(stage.shell) else (*stage.shell, instruction.text)), instruction.at


def _blind(
    stage: StageFacts, container: Container, command: ShellScript | tuple[str, ...], at: Location
) -> tuple[Undecided, ...]:
    """What the base image may start by itself: nothing is known of an image that is not built here."""
    base, name = readable(final_base(stage)), base_name(final_base(stage))
    unset = names_in(final_base(stage))
    if unset and name not in OWN_FOLDERS:
        reason = f"the image depends on the variable {unset[0]}, which is not set here"
        return (Undecided(what=base, reason=reason, at=stage.at),)
    if not isinstance(command, ShellScript) and not command:
        reason = f"neither ENTRYPOINT nor CMD is set: {base} decides what the container runs"
        return (Undecided(what=base, reason=reason, at=stage.at),)
    if container.entrypoint is None and name not in OWN_FOLDERS and base != "scratch":
        reason = (
            f"no ENTRYPOINT is set: the entrypoint of {base}, if any, decides "
            "how the command runs; set an entrypoint in the Compose file"
        )
        return (Undecided(what=base, reason=reason, at=at),)
    return ()


def _test(instruction: Instruction | None) -> ImageTest | None:
    if instruction is None:
        return None
    kind, _, rest = instruction.text.partition(" ")
    if kind.upper() == "NONE":
        return ImageTest(test=("NONE",), at=instruction.at)
    inner = replace(instruction, lines=(rest,))
    words = inner.words
    return ImageTest(test=("CMD", *words) if words is not None else ("CMD-SHELL", rest.strip()), at=instruction.at)
