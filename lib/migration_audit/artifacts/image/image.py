"""What an image carries, what its build runs, and what its containers start: a Dockerfile with the files around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from migration_audit.artifacts.image.bases import OWN_FOLDERS, PROGRAMS, base_name
from migration_audit.artifacts.image.dockerfile import Instruction, ignore_patterns, parse_dockerfile
from migration_audit.artifacts.image.files import ImageFiles
from migration_audit.artifacts.image.mounts import ContainerPaths
from migration_audit.artifacts.image.paths import BuildPaths
from migration_audit.artifacts.image.stages import (
    FileCopy,
    FileSource,
    RunStep,
    StageFacts,
    final_base,
    find_stage,
    read_stages,
    runs_text,
)
from migration_audit.artifacts.shell.programs import ShellScript, run_script, run_words
from migration_audit.artifacts.text import check_artifact_inside, read_text, word_list
from migration_audit.model.compose import CommandWords, Mount
from migration_audit.model.errors import ArtifactError
from migration_audit.model.image import Copied, Image, ImageTest, Stage, StartedCommand, StartOutcome, Undecided
from migration_audit.model.location import Location
from migration_audit.model.unset import is_open, names_in, readable
from migration_audit.project.locate import shown_path

_PRELOADING: Final = word_list("NODE_OPTIONS BUN_OPTIONS RUBYOPT PERL5OPT JAVA_TOOL_OPTIONS BASH_ENV ENV PYTHONSTARTUP")
"""Variables by which a program loads or runs files before what it is started with."""

Program = ShellScript | tuple[str, ...]
"""A text for a shell, or a program with its arguments; empty where nothing is set."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBuild:
    """What one build makes of a Dockerfile, and the container that starts from its stage."""

    dockerfile: str
    """As people are to see it."""
    paths: BuildPaths
    """Of the image: the end of its stage."""
    container: Container

    @property
    def folder(self) -> str | None:
        """Where the container starts; None where it is unknown."""
        folder = self.container.working_dir or self.stage.folder
        return None if is_open(folder) else folder

    @property
    def environment(self) -> dict[str, str | None]:
        """The container's variables."""
        return {**self.stage.values, **self.container.environment}

    @property
    def stage(self) -> StageFacts:
        """Its stage."""
        return self.paths.stage

    @property
    def files(self) -> ContainerPaths:
        """What is at the paths of the running container."""
        return ContainerPaths(image=self.paths, mounts=self.container.mounts)

    def image(self, wanted: Sequence[str] = ()) -> Image:
        """The image; ``wanted`` are globs on the parts of paths whose files are looked for."""
        entry, at = self._entry
        is_program = bool(entry) and not isinstance(entry, ShellScript)
        return Image(
            dockerfile=self.dockerfile,
            stages=tuple(_stage(self.paths.at(stage), wanted) for stage in self.paths.files.stages),
            start=self._start(),
            otherwise=self._run(entry, at, and_more=True) if is_program else StartOutcome(),
            test=_test(self.stage.test),
            ports=tuple(dict.fromkeys(self.stage.ports)),
            base=readable(final_base(self.stage)),
            preloads=tuple(self._preloads()),
        )

    def lacking(self, wanted: Sequence[Path]) -> tuple[str, ...]:
        """Those of some files that the build leaves out of a folder that it copies."""
        lacking = (path for path in self.paths.files.lacks(self._inside(wanted)) if not self.files.is_mounted(path))
        return tuple(shown_path(path, self.paths.files.shown_from) for path in lacking)

    def covered(self, wanted: Sequence[Path]) -> tuple[tuple[Undecided, ...], tuple[Undecided, ...]]:
        """Those of some files that a mount hides in the container, and those in whose place something else may be there."""
        hidden: list[Undecided] = []
        doubted: list[Undecided] = []
        for path in (path for path in self._inside(wanted) if path.is_file()):
            if (found := self.files.covered(path)) is not None:
                place, why, is_certain = found
                reason = f"in the container it is {place}: {why}"
                shown = shown_path(path, self.paths.files.shown_from)
                (hidden if is_certain else doubted).append(Undecided(what=shown, reason=reason, at=self.stage.at))
        return tuple(hidden), tuple(doubted)

    def _inside(self, wanted: Sequence[Path]) -> list[Path]:
        """The files of the context among these; none where the image is taken as it is."""
        context = self.paths.files.context.absolute()
        return [path for path in wanted if self.container.image is None and path.absolute().is_relative_to(context)]

    def _start(self) -> StartOutcome:
        """Entrypoint and command together, as the engine puts them together."""
        (entry, at), (command, command_at) = self._entry, self._command
        if isinstance(entry, ShellScript):
            return self._run(entry, at)
        if entry:
            return self._run(
                (*entry, *(("/bin/sh", "-c", command.text) if isinstance(command, ShellScript) else command)), at
            )
        own = () if self.container.entrypoint is not None else PROGRAMS.get(base_name(final_base(self.stage)), ())
        if own and command and not isinstance(command, ShellScript):
            return self._run((*own, *command), command_at)
        blind = self._blind()
        run = self._run(command, command_at, maybe=blind[0].reason if blind else None)
        return replace(run, undecided=(*blind, *run.undecided))

    def _run(self, program: Program, at: Location, **more: Any) -> StartOutcome:
        """What the container does when it starts with this program."""
        given = {"environment": self.environment, "folder": self.folder, "paths": self.files, **more}
        return run_script(program, **given) if isinstance(program, ShellScript) else run_words(program, at, **given)

    def _preloads(self) -> Iterator[StartedCommand]:
        for name in _PRELOADING:
            if value := self.environment.get(name):
                yield StartedCommand(words=(name, *value.split()), at=self._command[1])

    @property
    def _entry(self) -> tuple[Program, Location]:
        given = self.container.entrypoint
        return (given.words, given.at) if given is not None else self._program(self.stage.entrypoint)

    @property
    def _command(self) -> tuple[Program, Location]:
        """Another entrypoint takes the image's command away."""
        if self.container.command is not None:
            return self.container.command.words, self.container.command.at
        return self._program(self.stage.command if self.container.entrypoint is None else None)

    def _program(self, instruction: Instruction | None) -> tuple[Program, Location]:
        if instruction is None:
            return (), self.stage.at
        if instruction.words is not None:
            return instruction.words, instruction.at
        shell = self.stage.shell
        return (instruction.script if runs_text(shell) else (*shell, instruction.text)), instruction.at

    def _blind(self) -> tuple[Undecided, ...]:
        """What the base image may start by itself: nothing is known of an image that is not built here."""
        stage, (command, command_at) = self.stage, self._command
        base, name = readable(final_base(stage)), base_name(final_base(stage))
        unset = names_in(final_base(stage))
        if unset and name not in OWN_FOLDERS:
            reason = f"the image depends on the variable {unset[0]}, which is not set here"
            return (Undecided(what=base, reason=reason, at=stage.at),)
        if not isinstance(command, ShellScript) and not command:
            reason = f"neither ENTRYPOINT nor CMD is set: {base} decides what the container runs"
            return (Undecided(what=base, reason=reason, at=stage.at),)
        if self.container.entrypoint is None and name not in OWN_FOLDERS and base != "scratch":
            reason = (
                f"no ENTRYPOINT is set: the entrypoint of {base}, if any, decides "
                "how the command runs; set an entrypoint in the Compose file"
            )
            return (Undecided(what=base, reason=reason, at=command_at),)
        return ()


def read_image(
    dockerfile: Path,
    context: Path,
    *,
    shown_from: Path,
    container: Container | None = None,
    wanted: Sequence[str] = (),
) -> Image:
    """The image of this build; see ``read_build`` and ``ImageBuild.image``."""
    return read_build(dockerfile, context, shown_from=shown_from, container=container).image(wanted)


def read_build(dockerfile: Path, context: Path, *, shown_from: Path, container: Container | None = None) -> ImageBuild:
    """What this Dockerfile builds. Where ``container`` names an image, it is that one, and the file only names it.

    Nothing is built and nothing is run. Raises ArtifactError, with ``file:line``, for what is not a Dockerfile, and for a
    stage that it does not have.
    """
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
    )
    return ImageBuild(dockerfile=shown, paths=BuildPaths(files=files, stage=chosen), container=container)


def _ignore_lines(dockerfile: Path, context: Path, shown_from: Path) -> list[tuple[str, Location]]:
    """Those of the file that belongs to the Dockerfile, else of the context's own."""
    for path in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), context / ".dockerignore"):
        if path.is_file():
            check_artifact_inside(path, shown_from)
            lines = path.read_text("utf-8-sig", errors="replace").splitlines()
            return [(line, Location(shown_path(path, shown_from), number)) for number, line in enumerate(lines, start=1)]
    return []


def _stage(paths: BuildPaths, wanted: Sequence[str]) -> Stage:
    stage = paths.stage
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
    runs = [paths.walked(position, step).run for position, step in enumerate(stage.steps) if isinstance(step, RunStep)]
    later = "ONBUILD: it runs in other builds, which start from this stage"
    kept = [Undecided(what=f"{inner.name} {inner.text}"[:80], reason=later, at=inner.at) for inner in stage.onbuild]
    runs.append(StartOutcome(undecided=tuple(kept)))
    return Stage(name=stage.name, base=readable(stage.base), at=stage.at, copies=tuple(copies), runs=_joined(runs))


def _mounted(step: RunStep, paths: BuildPaths, wanted: Sequence[str]) -> Iterator[Copied]:
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


def _test(instruction: Instruction | None) -> ImageTest | None:
    if instruction is None:
        return None
    kind, _, rest = instruction.text.partition(" ")
    if kind.upper() == "NONE":
        return ImageTest(test=("NONE",), at=instruction.at)
    inner = replace(instruction, lines=(rest,))
    words = inner.words
    return ImageTest(test=("CMD", *words) if words is not None else ("CMD-SHELL", rest.strip()), at=instruction.at)
