"""A file that ``psql -f`` runs, with the files that it includes: what reaches the server of them, in order."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import SourceError
from migration_audit.model.location import Location
from migration_audit.model.sql import NotApplied, Statement
from migration_audit.sources.commands import PsqlCommand
from migration_audit.sources.interpreter import Interpreter
from migration_audit.sources.reader import read_script
from migration_audit.sources.reading import check_text, read_bytes
from migration_audit.sources.statements import build_statements
from migration_audit.sources.trees import SourceFolder
from migration_audit.sources.variables import RefusedError, Variables


def read_by_psql(
    path: Path, text: bytes, place: SourceFolder, variables: Mapping[str, str], *, runs_in: Path | None
) -> PsqlRun:
    """What ``psql -f path`` sends, in a session of its own that starts with ``variables``, as ``psql -v`` does.

    ``text`` is what the file holds; files that it includes have to be within the boundary of ``place``; ``runs_in`` is the
    folder that psql runs in, where that is known.

    A variable that one file sets is not set in the next file that is run; an included file shares the variables of the file
    that includes it. Raises SourceError.
    """
    try:
        run = PsqlRun(place, Variables(variables), runs_in)
    except RefusedError as error:
        raise SourceError(f"the psql variable {error.reason}", where="variables of audit.toml", todo=error.todo) from None
    run.statements = run.read(path, text)
    return run


@dataclass(slots=True)
class PsqlRun:
    """One session of psql, and what it sends."""

    _place: SourceFolder
    _variables: Variables
    _runs_in: Path | None
    statements: list[Statement] = field(default_factory=list)
    not_applied: list[NotApplied] = field(default_factory=list)
    """What ``\\if`` skips."""
    included: list[Path] = field(default_factory=list)
    """The files that it includes, in the order in which they are read."""
    notes: list[str] = field(default_factory=list)
    """What it includes, and what was assumed."""
    _contents: list[bytes] = field(default_factory=list)
    _open: list[Path] = field(default_factory=list)

    @property
    def sha256(self) -> str:
        """Over the bytes of the file and of those that it includes, in the order in which they are read."""
        return hashlib.sha256(b"".join(self._contents)).hexdigest()

    def read(self, path: Path, text: bytes, *, depends: bool = False) -> list[Statement]:
        """The statements in order, those of included files where psql runs them."""
        shown = self._place.shown(path)
        self._contents.append(text)
        included: list[tuple[int, list[Statement]]] = []
        names: list[str] = []

        def include(name: str, is_relative: bool, command: PsqlCommand, at: Location) -> None:
            target = self._target(name, is_relative, path, at)
            name = self._place.shown(target)
            if target.resolve() in self._open:
                raise SourceError(f"{name} includes itself", where=str(at), todo="remove the cycle")
            self.included.append(target)
            names.append(name)
            included.append(
                (command.at, self.read(target, read_bytes(target, name, self._place.boundary), depends=psql.depends))
            )

        self._open.append(path.resolve())
        psql = Interpreter(shown, self._variables, include, depends=depends)
        script = read_script(check_text(text, shown), psql)
        self._open.pop()
        self.notes += [*psql.notes, *([f"{shown} includes {some_of(names)}"] if names else [])]
        for part in script.skipped:
            self.not_applied.append(NotApplied(path=shown, line=part.line, reason=part.reason, by_rule=not part.is_assumed))
        found: list[Statement] = []
        for start, statement in build_statements(script, shown):
            while included and included[0][0] < start:
                found += included.pop(0)[1]
            found.append(statement)
        return [*found, *(statement for _, inner in included for statement in inner)]

    def _target(self, name: str, is_relative: bool, path: Path, at: Location) -> Path:
        """``\\ir`` is relative to the including file; ``\\i`` from the folder psql runs in, which may not be known."""
        guesses = [self._runs_in] if self._runs_in is not None else [self._place.shown_from, Path.cwd(), path.parent]
        folders = [path.parent] if is_relative else guesses
        boundary = self._place.boundary
        outside = {folder / name: boundary.target_outside(folder / name) for folder in folders}
        found = {path.resolve(): path for path, target in outside.items() if target is None and path.is_file()}
        if len(found) > 1:
            what = f"{name!r} may be any of {', '.join(sorted(map(str, found)))}"
            raise SourceError(what, where=str(at), todo=r"use \ir, which is relative to the including file")
        # A guess that begins outside says nothing of the file that leads there.
        inside = [folder / name for folder in folders if boundary.target_outside(folder) is None]
        if not found and (target := next(filter(None, map(outside.get, inside)), None)) is not None:
            what = f"the included file {name!r} leads to {target}, which is outside of {boundary} and is not read"
            raise SourceError(what, where=str(at), todo="copy it into the repository, or leave the command out")
        if not found:
            what = f"the included file {name!r} does not exist"
            raise SourceError(what, where=str(at), todo=r"check the path; \ir is relative to the including file")
        return next(iter(found.values()))
