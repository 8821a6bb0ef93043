"""What this kernel looks at: one project, the sides of it that were read, and when."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from migration_audit.audit.demo import DEMO, demo_databases, demo_project, lacks_databases
from migration_audit.audit.progress import on_stderr
from migration_audit.model.errors import AuditError, UsageError
from migration_audit.model.finding import Phase
from migration_audit.project import Environment, Project, find_project, load_project, project_file
from migration_audit.workbook.catalogs import ReadCatalog, names_of, read_side

if TYPE_CHECKING:
    from migration_audit.audit.audit import Audit


class Session:
    """The sides of one project, each read on first use."""

    def __init__(self, project: Project | None, audit: Audit | None = None) -> None:
        """Nothing is read yet. Without a project only files, folders and named connections are sides."""
        self.project = project
        self.audit = audit
        self.read: dict[str, ReadCatalog] = {}
        self.failed: dict[str, str] = {}
        """Sides that could not be read, each with the reason."""
        self.before: dict[str, datetime] = {}
        """When each side had been read before it was read again."""
        self._audits: dict[str, Audit] = {}

    @property
    def _project(self) -> Project:
        if self.project is None:
            raise UsageError(
                "no audit.toml here or in a parent folder", todo="`migration-audit init` writes one to start from"
            )
        return self.project

    @property
    def names(self) -> tuple[str, ...]:
        """The sides of the project, and those others that were asked for."""
        return tuple(dict.fromkeys((*names_of(self.project), *self.read, *self.failed)))

    def side(self, name: str) -> ReadCatalog:
        """The side of this name, read now or before; raises AuditError where it cannot be read."""
        if name == "live" and self.project is not None:
            name = self.environment(name).name
        if name not in self.read:
            self.failed.pop(name, None)
            self._ensure_demo(name)
            try:
                self.read[name] = read_side(name, self.project, progress=on_stderr)
            except AuditError as error:
                if not isinstance(error, UsageError):
                    self.failed[name] = str(error)
                raise
        return self.read[name]

    def refresh(self, names: Iterable[str]) -> None:
        """Read these sides again; with none, those that were read or could not be. What cannot be read is kept as failed.

        Raises UsageError for a name that means nothing.
        """
        named = [self.environment(name).name if name == "live" else name for name in names]
        wanted = named or [*self.read, *self.failed]
        for name in wanted:
            before = self.read.pop(name, None)
            if before is not None:
                self.before[name] = before.read_at
        for audit in filter(None, (self.audit, *self._audits.values())):
            audit.forget()
        for name in wanted:
            try:
                self.side(name)
            except UsageError:
                raise
            except AuditError:
                continue  # it is in ``failed``, and the others can be read

    def environment(self, name: str) -> Environment:
        """The environment of this name, ``live`` for the one that was opened. Raises UsageError."""
        project = self._project
        opened = self.audit.environment if self.audit is not None else None
        if name == "live" and opened is None:
            known = ", ".join(each.name for each in project.environments)
            raise UsageError("no environment was opened", where=project.path.name, todo=f"name one: {known}")
        chosen = opened if name == "live" and opened is not None else project.environment(name)
        self._ensure_demo(chosen.name)
        return chosen

    def audit_of(self, name: str) -> Audit:
        """The audit of this environment; what is the same for all is gathered once. Raises UsageError."""
        from migration_audit.audit.audit import Audit  # noqa: PLC0415

        chosen = self.environment(name)
        if self.audit is not None and self.audit.environment == chosen:
            return self.audit
        if chosen.name not in self._audits:
            phase = self.audit.phase if self.audit else Phase.PREFLIGHT
            made = Audit(self._project, environment=chosen, phase=phase, folder=None, progress=on_stderr)
            self._audits[chosen.name] = made
        others = [each for each in (self.audit, *self._audits.values()) if each is not None]
        return self._audits[chosen.name].with_shared_of(others)

    def _ensure_demo(self, name: str) -> None:
        project = self.project
        if project is not None and name in {e.name for e in project.environments} and lacks_databases(project, [name]):
            build_demo(project, name)


_closing = ExitStack()
"""The databases of the bundled example, gone at the end of the process."""
atexit.register(_closing.close)

_current: list[Session] = []


def build_demo(project: Project, name: str) -> None:
    """Build one database of the bundled example, and set the variable that leads to it. Raises ServerError."""
    os.environ.update(_closing.enter_context(demo_databases(project, names=[name], progress=on_stderr)))


def begin(audit: Audit) -> None:
    """Look at this audit's project from now on; what was read of the same project stays."""
    if _current and _current[0].project == audit.project:
        _current[0].audit = audit
    else:
        _current[:] = [Session(audit.project, audit)]


def current() -> Session:
    """The session of this kernel; the nearest project, or none, where no audit was opened. Raises ConfigError."""
    if not _current:
        _current.append(Session(nearest_project()))
    return _current[0]


def nearest_project() -> Project | None:
    """The project of MIGRATION_AUDIT_CONFIG, else the nearest one, which is said; None without. Raises ConfigError."""
    named = os.environ.get("MIGRATION_AUDIT_CONFIG", "")
    if named == DEMO:
        return demo_project()
    if named:
        return load_project(project_file(Path(named)))
    try:
        path = find_project(Path())
    except UsageError:
        return None
    on_stderr(f"no audit was opened: using the nearest configuration, {os.path.relpath(path)}")
    return load_project(path)
