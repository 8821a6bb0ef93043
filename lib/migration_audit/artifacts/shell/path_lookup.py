"""What is at the paths that a walk asks for: by the image, and by what was started before."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from functools import cache

from migration_audit.artifacts.shell.conditions import Answer
from migration_audit.artifacts.shell.flow import NOTHING, ExecutionPoint, ShellWalker
from migration_audit.artifacts.shell.parse import ShellScript
from migration_audit.artifacts.shell.path_changes import PathChange, standing_after
from migration_audit.artifacts.shell.path_state import PathKind, Paths, PathState
from migration_audit.artifacts.shell.replaced import IDLE, REMOVED, Replacements
from migration_audit.artifacts.shell.words import PATH, Word
from migration_audit.artifacts.shell.wrappers import CallKind, StartedProgram
from migration_audit.model.location import Location


class PathLookup(ShellWalker[None]):
    """The part of a walk that knows files: what is there, and what may be there instead."""

    def __init__(self, paths: Paths) -> None:
        """``paths`` knows what is in the image."""
        super().__init__()
        self.changes: list[PathChange] = []
        """What was started that may change files, in order."""
        self._known: dict[str, tuple[int, PathState]] = {}
        """For each path that was asked for, after how many changes, and what was there then."""
        self.replacements = Replacements()
        self._replaced_before = cache(paths.replaced)
        self._paths = paths

    def asked(self, operator: str, path: str, where: ExecutionPoint) -> Answer:
        """How a test of a file answers at this point: by the image, and by what was started before."""
        if not path.startswith("/") and where.state.folder is None:
            return Answer(None, f"the folder that {path} is relative to is only known at run time")
        if re.search(r"[^./][^/]*/+\.\.(?:/|\Z)", path):
            return Answer(None, "its path contains a folder that may be a symbolic link")
        standing = self.standing(full_path_at(path, where))
        if path.endswith("/") and standing.kind is not PathKind.FOLDER:
            return Answer(False if standing.kind in (PathKind.NOTHING, PathKind.FILE) else None, standing.why)
        return Answer(standing.answers(operator), standing.why)

    def standing(self, path: str) -> PathState:
        """What is at a path at this point: by the image, and by what was started before."""
        compared, before = self._known.get(path) or (0, self._paths.standing(path))
        after = standing_after(self.changes[compared:], path, before)
        self._known[path] = len(self.changes), after
        return after

    def names(self, pattern: str, where: ExecutionPoint) -> tuple[str, ...]:
        """Files that a pattern certainly names at this point, as the shell spells them."""
        if where.state.folder is None or not pattern.startswith(("/", "./")) or re.search(r"/\.\.(?:/|\Z)", pattern):
            return ()
        found = [name for name in self._paths.names(full_path_at(pattern, where)) if self.asked("-e", name, where).value]
        if pattern.startswith("/"):
            return tuple(found)
        return tuple(f"./{posixpath.relpath(name, where.state.folder)}" for name in found)

    def change(self, words: Sequence[Word], at: Location, where: ExecutionPoint) -> None:
        """Keep a command that may change files."""
        is_certain, ends_all = where.doubt is None, where.failure is not NOTHING
        made = PathChange(words=tuple(words), folder=where.state.folder, at=at, is_certain=is_certain, ends_all=ends_all)
        if not made.only_looks:
            self.changes.append(made)
            self.replacements.add(made)

    def replaced_script(self, call: StartedProgram, where: ExecutionPoint) -> str | None:
        """Why it may be something else than a script of the project: a step of the build or a mount takes its place."""
        name = call.target.text
        if call.kind not in (CallKind.FILE, CallKind.PROGRAM) or not call.target.known:
            return None
        if "/" not in name and call.kind is CallKind.PROGRAM:
            return self._program_replaced(name, where)
        if where.state.folder is None and not name.startswith("/"):
            return None
        found = self.found(call.target, where)
        if found is None and not name.startswith("/") and name.endswith(".sh"):
            return f"nothing of the project is copied to {name}"
        return self._replaced_here(name, where) if isinstance(found, ShellScript) else found

    def _replaced_here(self, name: str, where: ExecutionPoint) -> str | None:
        standing = self.standing(full_path_at(name, where))
        if standing.kind is PathKind.NOTHING:
            return f"{name} is not in the image any more"
        return standing.why if REMOVED.search(standing.why) else self._replaced(name, where)

    def _replaced(self, name: str, where: ExecutionPoint) -> str | None:
        full = full_path_at(name, where)
        return self.replacements.of(full) or self._replaced_before(full)

    def _program_replaced(self, name: str, where: ExecutionPoint) -> str | None:
        """The same of a program that is called by its name, where what takes its place does nothing, or is not known."""
        for path in _in_path(name, where):
            if self.replacements.may_make_idle or IDLE.search(self._replaced_before(full_path_at(path, where)) or ""):
                why = self._replaced(path, where)
                if why is not None and IDLE.search(why):
                    return why
            if isinstance(self._paths.text(path), ShellScript):
                return None
        return None

    def found(self, target: Word, where: ExecutionPoint, *, by_name: bool = False) -> ShellScript | str | None:
        """The script of the project that a word names, why it is unknown, or None; ``by_name``: also by PATH."""
        if not target.known:
            return f"which script {target.text} is, is only known at run time"
        if by_name and "/" not in target.text:
            for path in _in_path(target.text, where):
                found = self._paths.text(path)
                # Who wrote a program that is called by its name alone does not matter: programs are not looked into.
                if isinstance(found, ShellScript) or (found and target.text.endswith(".sh")):
                    return found
            return None
        if not target.text.startswith("/") and where.state.folder is None:
            return f"the folder from which {target.text} is called is only known at run time"
        return self._paths.text(full_path_at(target.text, where))


def full_path_at(path: str, where: ExecutionPoint) -> str:
    """The path from the root; one that begins elsewhere counts from the folder at this point."""
    return posixpath.normpath(posixpath.join(where.state.folder or "/", path))


def _in_path(name: str, where: ExecutionPoint) -> Iterator[str]:
    """Where a shell looks for a program."""
    return (f"{folder}/{name}" for folder in (where.state.value("PATH") or PATH).split(":"))


def not_copied(to: str) -> str:
    """Why a script is unknown that no COPY brings."""
    return f"no file of the project is copied to {to} in the image"
