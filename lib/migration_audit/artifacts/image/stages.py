"""The stages of a Dockerfile: what each one copies, sets and runs, with everything that it takes over from its base."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlsplit

from e2b_dockerfile_utils import PatternMatcher

from migration_audit.artifacts.image.dockerfile import Heredoc, Instruction, ignore_patterns, split_words
from migration_audit.artifacts.shell.path_state import Paths
from migration_audit.artifacts.shell.programs import ShellScript, Walked, walk_script, walk_words
from migration_audit.artifacts.shell.words import PATH
from migration_audit.model.image import Undecided
from migration_audit.model.location import Location

_SHELLS: Final = frozenset({"sh", "bash", "dash", "ash"})


def walk_run(step: RunStep, paths: Paths) -> Walked:
    """The commands of one RUN, and what they may change; ``paths`` knows the image before it."""
    walked = _walk(step, paths)
    return replace(walked, changes=tuple(replace(change, is_build=True) for change in walked.changes))


def _walk(step: RunStep, paths: Paths) -> Walked:
    instruction = step.instruction
    environment = {name: value for name, value in step.values.items() if value is not None}
    given: dict[str, Any] = {"environment": environment, "folder": step.folder, "paths": paths}
    if instruction.words is not None:
        return walk_words(instruction.words, instruction.at, **given)
    if not runs_text(step.shell):
        walked = walk_words((*step.shell, instruction.text), instruction.at, **given)
        unread = (*walked.run.undecided, _foreign_shell(step.shell, instruction))
        return replace(walked, run=replace(walked.run, undecided=unread))
    errexit = any(option.startswith("-") and "e" in option for option in step.shell[1:])
    script = instruction.script
    if instruction.heredocs and instruction.text.startswith("<<"):
        script = ShellScript(text=instruction.heredocs[0].text, at=instruction.heredocs[0].at)
    return walk_script(script, errexit=errexit, **given)


def runs_text(shell: tuple[str, ...]) -> bool:
    """Whether SHELL names a shell that runs the text behind it: ``["/bin/bash", "-o", "pipefail", "-c"]``."""
    options = [word for before, word in itertools.pairwise(shell) if not before.endswith("o")]
    is_option = all(word.startswith("-") for word in options)
    return shell[0].rpartition("/")[2] in _SHELLS and is_option and shell[-1].startswith("-") and "c" in shell[-1]


def _foreign_shell(shell: tuple[str, ...], instruction: Instruction) -> Undecided:
    name = " ".join(shell)
    return Undecided(what=instruction.text[:80], reason=f"{name} is not a shell that the audit reads", at=instruction.at)


_VARIABLE: Final = re.compile(
    r"\\(.)|\$(?:(?P<plain>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?:(?P<op>:?[-+?])(?P<word>[^{}]*))?\})", re.DOTALL
)
_ARCHIVE: Final = re.compile(r"\.(?:tar|tar\.\w+|tgz|tbz2?|txz)\Z")
"""What ADD unpacks, where the project does not have it to look at."""
_CLONED: Final = re.compile(r"\.git(?:[#?].*)?\Z|\A(?:git@|(?:git|ssh)://)")
# Set by BuildKit for every build: what they are depends on the machine.
_PLATFORM: Final = frozenset(
    f"{side}{part}" for side in ("TARGET", "BUILD") for part in ("PLATFORM", "OS", "ARCH", "VARIANT")
)

Values = Mapping[str, "str | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSource:
    """One thing that a COPY or ADD brings."""

    path: str
    heredoc: Heredoc | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCopy:
    """One COPY or ADD."""

    sources: tuple[FileSource, ...]
    target: str
    """In full; with ``/`` at its end where it must be a folder."""
    from_: str | None
    at: Location
    doubt: str = ""
    """Why it is unknown where its files land: a variable without a value, or an option."""
    may_be_folder: bool = False
    """Whether the target may be a folder that already exists, although it has no ``/`` at its end."""
    exclude: PatternMatcher | None = None
    """What it leaves out."""
    unpacks: bool = False
    """ADD."""
    chmod: str | None = None
    """The mode that the files get."""

    def opens(self, source: FileSource) -> bool:
        """Whether it unpacks or clones this source, by its name: a file of the network stays as it is."""
        if not self.unpacks or _CLONED.search(source.path):
            return self.unpacks
        return bool(_ARCHIVE.search(source.path)) and not self.loads(source)

    def loads(self, source: FileSource) -> bool:
        """Whether it brings one file of the network."""
        return self.unpacks and "://" in source.path and not _CLONED.search(source.path)

    def named(self, source: str) -> str:
        """Where a file lands that this source names, in full."""
        return self._inside(source) if self.is_folder else self.target

    def may_be_named(self, source: str) -> frozenset[str]:
        """The same, where it is unknown whether the target is a folder already."""
        return frozenset({self.named(source), self._inside(source) if self.may_be_folder else self.named(source)})

    def _inside(self, source: str) -> str:
        path = urlsplit(source).path if "://" in source else source
        return posixpath.join(self.target, posixpath.basename(path.rstrip("/")))

    @property
    def place(self) -> str:
        """The target without ``/`` at its end."""
        return self.target.rstrip("/") or "/"

    @property
    def is_folder(self) -> bool:
        """Whether its files land below the target, under their own names."""
        return self.target.endswith("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStep:
    """One RUN, and what was set before it."""

    instruction: Instruction
    values: Values
    folder: str
    shell: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderStep:
    """A folder that WORKDIR or VOLUME makes."""

    path: str


@dataclass(slots=True, kw_only=True)
class StageFacts:
    """One stage while it is read; afterwards what it came to."""

    name: str
    index: int
    base: str
    at: Location
    parent: StageFacts | None
    """The stage that it builds on; None where that is an image."""
    values: dict[str, str | None] = field(default_factory=dict)
    """ENV."""
    arguments: dict[str, str | None] = field(default_factory=dict)
    """ARG."""
    folder: str = "/"
    entrypoint: Instruction | None = None
    command: Instruction | None = None
    test: Instruction | None = None
    ports: list[str] = field(default_factory=list)
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    steps: list[FileCopy | RunStep | FolderStep] = field(default_factory=list)
    """COPY, ADD, RUN, WORKDIR and VOLUME of this stage alone, in order."""
    has_own_command: bool = False
    onbuild: list[Instruction] = field(default_factory=list)
    """ONBUILD: what builds run that start from this stage."""


def read_stages(instructions: Sequence[Instruction], args: Values) -> list[StageFacts]:
    """All stages in order; ``args`` are the build's own values of ARG."""
    outer: dict[str, str | None] = {}
    stages: list[StageFacts] = []
    for instruction in instructions:
        if instruction.name == "FROM":
            stages.append(_stage(instruction, outer, stages))
            for inherited in stages[-1].parent.onbuild if stages[-1].parent is not None else ():
                _apply(stages[-1], inherited, args, outer)
        elif stages:
            _apply(stages[-1], instruction, args, outer)
        elif instruction.name == "ARG":
            outer |= _arguments(instruction, outer, args, {})
    return stages


def _stage(instruction: Instruction, outer: Values, stages: list[StageFacts]) -> StageFacts:
    words = split_words(instruction.text)
    base, _ = substitute_build_arguments(words[0] if words else "", outer)
    named = words[2] if len(words) == 3 and words[1].lower() == "as" else None
    parent = next((stage for stage in stages if stage.name.lower() == base.lower()), None)
    stage = StageFacts(name=named or str(len(stages)), index=len(stages), base=base, at=instruction.at, parent=parent)
    if parent is not None:
        stage.values = dict(parent.values)
        stage.folder, stage.shell, stage.ports = parent.folder, parent.shell, list(parent.ports)
        stage.entrypoint, stage.command, stage.test = parent.entrypoint, parent.command, parent.test
    return stage


def _apply(stage: StageFacts, instruction: Instruction, args: Values, outer: Values) -> None:
    values: dict[str, str | None] = {**stage.arguments, **stage.values}
    match instruction.name:
        case "ARG":
            stage.arguments |= _arguments(instruction, values, args, outer)
        case "ENV":
            stage.values |= dict(_pairs(instruction, {"PATH": PATH, **values}))
        case "WORKDIR" | "VOLUME":
            _folders(stage, instruction, values)
        case "COPY" | "ADD":
            stage.steps.append(_copy(instruction, stage, values))
        case "RUN":
            stage.steps.append(RunStep(instruction=instruction, values=values, folder=stage.folder, shell=stage.shell))
        case "EXPOSE":
            ports, _ = substitute_build_arguments(instruction.text, values)
            stage.ports += [port.partition("/")[0] for port in ports.split()]
        case "SHELL":
            stage.shell = instruction.words or stage.shell
        case "ONBUILD":
            stage.onbuild.append(instruction.inner())
        case "HEALTHCHECK":
            stage.test = instruction
        case "CMD":
            stage.command, stage.has_own_command = instruction, True
        case "ENTRYPOINT":
            # A CMD that came with the base counts no more once there is another ENTRYPOINT.
            stage.entrypoint = instruction
            stage.command = stage.command if stage.has_own_command else None
        case _:
            pass


def _folders(stage: StageFacts, instruction: Instruction, values: Values) -> None:
    """WORKDIR and VOLUME make the folders that they name."""
    is_volume = instruction.name == "VOLUME"
    named = (instruction.words or split_words(instruction.text)) if is_volume else [instruction.text.strip("\"'")]
    for path in named:
        full = posixpath.normpath(
            posixpath.join("/" if is_volume else stage.folder, substitute_build_arguments(path, values)[0])
        )
        stage.steps.append(FolderStep(path=full))
        stage.folder = stage.folder if is_volume else full


def _arguments(instruction: Instruction, values: Values, args: Values, outer: Values) -> dict[str, str | None]:
    made: dict[str, str | None] = {}
    for word in split_words(instruction.text):
        name, equals, default = word.partition("=")
        if name in args:
            made[name] = args[name]
        elif equals:
            text, known = substitute_build_arguments(default, values)
            made[name] = text if known else None
        else:
            made[name] = None if name in _PLATFORM else outer.get(name)
    return made


def _pairs(instruction: Instruction, values: Values) -> Iterator[tuple[str, str | None]]:
    words = split_words(instruction.text)
    if words and "=" not in words[0]:  # the old form: ENV NAME all the rest
        name, _, rest = instruction.text.partition(" ")
        words = (f"{name}={rest.strip()}",)
    for word in words:
        name, _, value = word.partition("=")
        text, known = substitute_build_arguments(value, values)
        yield name, text if known else None


def _copy(instruction: Instruction, stage: StageFacts, values: Values) -> FileCopy:
    given = instruction.words or split_words(instruction.text)
    made = [substitute_build_arguments(word, values) for word in given]
    words = [text for text, _ in made]
    target = words[-1] if words else "/"
    full = posixpath.normpath(posixpath.join(stage.folder, target))
    is_folder = target.endswith(("/", "/.")) or target in (".", "..") or len(words) > 2
    heredocs = {heredoc.name: heredoc for heredoc in instruction.heredocs}
    sources = []
    for word in words[:-1]:
        marker = re.fullmatch(r"<<-?['\"]?(\w+)['\"]?", word)
        name = marker[1] if marker else word
        sources.append(FileSource(path=name, heredoc=heredocs.get(name) if marker else None))
    named = instruction.flag("from")
    flags = [flag for flag in instruction.flags if flag.startswith("--exclude=")]
    excluded = [(flag.partition("=")[2].strip('"'), instruction.at) for flag in flags]
    return FileCopy(
        sources=tuple(sources),
        target=full.rstrip("/") + "/" if is_folder else full,
        from_=substitute_build_arguments(named, values)[0] if named else None,
        at=instruction.at,
        doubt=_doubt(instruction, all_known=all(known for _, known in made)),
        exclude=ignore_patterns(excluded) if excluded else None,
        unpacks=instruction.name == "ADD",
        chmod=instruction.flag("chmod"),
    )


def _doubt(instruction: Instruction, *, all_known: bool) -> str:
    """Why it is unknown where the files of a COPY land."""
    options = {flag.partition("=")[0] for flag in instruction.flags}
    if unread := sorted(options & {"--parents", "--unpack"}):
        return f"uses {unread[0]}, which is not followed"
    return "" if all_known else "contains a variable that is not set"


def substitute_build_arguments(text: str, values: Values) -> tuple[str, bool]:
    """The text with its variables replaced, and whether all of them have a value.

    >>> substitute_build_arguments("a:${V:-1}-$W", {"W": "x"})
    ('a:1-x', True)
    """
    known = True

    def put(match: re.Match[str]) -> str:
        nonlocal known
        if match[1] is not None:
            return match[1]
        name, operator, word = match["plain"] or match["name"], match["op"], match["word"]
        value = values.get(name)
        if operator and operator[-1] == "-" and not value:
            inner, inner_known = substitute_build_arguments(word, values)
            known = known and inner_known
            return inner
        if operator and operator[-1] == "+":
            return word if value else ""
        if value is None:
            known = False
            return match[0]
        return value

    return _VARIABLE.sub(put, text), known


def final_base(stage: StageFacts) -> str:
    """The image that a stage comes from in the end."""
    return final_base(stage.parent) if stage.parent is not None else stage.base


def find_stage(stages: Sequence[StageFacts], name: str, *, before: int | None = None) -> StageFacts | None:
    """The stage of this name or number; with ``before`` only among those before it."""
    candidates = stages if before is None else stages[:before]
    for stage in candidates:
        if stage.name.lower() == name.lower() or str(stage.index) == name:
            return stage
    return None
