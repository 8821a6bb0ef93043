"""What the RUN instructions of a build run."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from migration_audit.artifacts.image.dockerfile import Instruction
from migration_audit.artifacts.image.stages import RunStep
from migration_audit.artifacts.shell.path_state import Paths
from migration_audit.artifacts.shell.programs import Lookup, Script, Walked, walk_script, walk_words
from migration_audit.model.image import Run, Undecided

_SHELLS: Final = frozenset({"sh", "bash", "dash", "ash"})


def walk_run(step: RunStep, files: Lookup, paths: Paths) -> Walked:
    """The commands of one RUN, and what they may change; ``files`` and ``paths`` know the image before it."""
    walked = _walk(step, files, paths)
    return replace(walked, changes=tuple(replace(change, is_build=True) for change in walked.changes))


def _walk(step: RunStep, files: Lookup, paths: Paths) -> Walked:
    instruction = step.instruction
    environment: dict[str, str | None] = {name: value for name, value in step.values.items() if value is not None}
    if instruction.words is not None:
        return walk_words(
            instruction.words, instruction.at, environment=environment, folder=step.folder, files=files, paths=paths
        )
    if step.shell[0].rpartition("/")[2] not in _SHELLS:
        return Walked(run=Run(undecided=(_foreign_shell(step.shell, instruction),)), changes=())
    errexit = any(option.startswith("-") and "e" in option for option in step.shell[1:])
    script = instruction.script
    if instruction.heredocs and instruction.text.startswith("<<"):
        script = Script(text=instruction.heredocs[0].text, at=instruction.heredocs[0].at)
    return walk_script(script, environment=environment, folder=step.folder, files=files, paths=paths, errexit=errexit)


def _foreign_shell(shell: tuple[str, ...], instruction: Instruction) -> Undecided:
    return Undecided(what=instruction.text[:80], reason=f"{shell[0]} is not a shell that the audit reads", at=instruction.at)
