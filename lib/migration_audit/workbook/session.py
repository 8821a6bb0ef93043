"""``open_audit``, and what this kernel looks at: one project, the sides of it that were read, and when."""

from __future__ import annotations

import ast
import atexit
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from migration_audit.audit.case import Case
from migration_audit.audit.demo import DEMO, demo_databases, demo_project, lacks_databases
from migration_audit.audit.run_in_parallel import on_stderr
from migration_audit.model.errors import AuditError, UsageError
from migration_audit.model.finding import Phase
from migration_audit.project import Environment, Project, find_project, load_project, project_file
from migration_audit.workbook.catalogs import ReadCatalog, did_you_mean, names_of, read_side
from migration_audit.workbook.replay import replayed

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
            _build_demo(project, name)


_closing = ExitStack()
"""The databases of the bundled example, gone at the end of the process."""
atexit.register(_closing.close)

_current: list[Session] = []


def _build_demo(project: Project, name: str) -> None:
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
        _current.append(Session(_nearest_project()))
    return _current[0]


def _nearest_project() -> Project | None:
    """The project of MIGRATION_AUDIT_CONFIG, else the nearest one, which is printed; None without. Raises ConfigError."""
    named = os.environ.get("MIGRATION_AUDIT_CONFIG", "")
    if project := _named(named):
        return project
    try:
        path = find_project(Path())
    except UsageError:
        return None
    on_stderr(f"no audit was opened: using the nearest configuration, {os.path.relpath(path)}")
    return load_project(path)


_last: list[Audit] = []
"""The audit that was opened last in this process: the next notebook of a run takes over what is the same."""

_INJECTED: Final = "# Parameters"
"""The first line of the cell that papermill adds: ``comment`` of ``papermill.parameterize.parameterize_notebook``."""


class _NotAsked:
    """Stands for a notebook that is about no environment."""


_NOT_ASKED: Final = _NotAsked()


def open_audit(
    *, config: str = "", environment: str | _NotAsked = _NOT_ASKED, phase: str = "preflight", run_folder: str = ""
) -> Case:
    """The audit of one environment; nothing is read yet.

    ``config`` is the path of an audit.toml (or of a folder: the nearest one to it), or ``demo`` for the bundled example,
    whose database is then built on the embedded server unless its variable is set. Empty means the path in
    MIGRATION_AUDIT_CONFIG, else the nearest audit.toml in the working directory or above. ``environment`` is a name of it;
    empty means the one in MIGRATION_AUDIT_ENVIRONMENT, else the only one. A notebook that leaves it out is about none.
    ``run_folder`` is where notebooks of one run keep facts for each other; empty for a notebook on its own. What was taken
    without being named is written to stderr.

    Raises UsageError where there is no audit.toml, for an unknown environment or phase, where no environment is named and
    there are several, and for a parameter that papermill gave to the notebook and that it does not have; ConfigError for
    an invalid audit.toml, ServerError where the demo finds no server.
    """
    if (case := replayed.get()) is not None:
        return case.without_environment() if isinstance(environment, _NotAsked) else case
    from migration_audit.audit.audit import Audit  # noqa: PLC0415  a replay gathers nothing

    _check_injected(_executed_cells())
    _check_text(config=config, environment=environment, phase=phase, run_folder=run_folder)
    if phase not in tuple(Phase):
        raise UsageError(f"unknown phase {phase}", todo=f"the phases are {', '.join(Phase)}")
    project = _project(config)
    chosen = None if isinstance(environment, _NotAsked) else _environment(project, environment)
    if chosen is not None and lacks_databases(project, [chosen.name]):
        _build_demo(project, chosen.name)
    folder = Path(run_folder) if run_folder else None
    audit = Audit(project, environment=chosen, phase=Phase(phase), folder=folder, progress=on_stderr)
    last = _last[0] if _last else None
    _last[:] = [audit.continued_from(last)] if folder else []
    begin(audit)
    return audit


def _named(name: str) -> Project | None:
    """The demo, or the project of an audit.toml; None where nothing is named."""
    if name == DEMO:
        return demo_project()
    return load_project(project_file(Path(name))) if name else None


def _project(config: str) -> Project:
    named = config or os.environ.get("MIGRATION_AUDIT_CONFIG", "")
    if project := _named(named):
        return project
    try:
        path = find_project(Path())
    except UsageError as error:
        todo = f'{error.todo}; the bundled example is opened by its name, config = "{DEMO}"'
        raise UsageError(error.what, where=str(Path.cwd()), todo=todo) from None
    project = load_project(path)
    on_stderr(f"no config was named: using the nearest one, {os.path.relpath(path)}")
    return project


def _environment(project: Project, named: str) -> Environment:
    name = named or os.environ.get("MIGRATION_AUDIT_ENVIRONMENT", "")
    if name:
        return project.environment(name)
    if len(project.environments) > 1:
        known = ", ".join(one.name for one in project.environments)
        raise UsageError(
            f"no environment was named, but there are several: {known}",
            where=project.path.name,
            todo='name one: environment = "…", `papermill -p environment …`, or MIGRATION_AUDIT_ENVIRONMENT',
        )
    (only,) = project.environments
    on_stderr(f"no environment was named: using the only one in {project.path.name}, {only.name}")
    return only


def _check_text(**given: object) -> None:
    for name, value in given.items():
        if not isinstance(value, str | _NotAsked):
            todo = f"put it in quotes; with papermill: -r {name} {value}"
            raise UsageError(f"the parameter {name} is {value!r}, not a string", todo=todo)


def _check_injected(cells: Sequence[str]) -> None:
    """Raise UsageError for a parameter that papermill gave to the notebook and that it does not have.

    papermill itself warns, and executes the notebook as if it had not been given.
    """
    unknown, known = unknown_parameters(cells)
    if not unknown:
        return
    has = f"it has: {', '.join(known)}" if known else "tag its first cell `parameters`"
    raise UsageError(f"this notebook has no parameter {', '.join(unknown)}", todo=did_you_mean(unknown, known) + has)


def unknown_parameters(cells: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names that a cell of papermill's sets and no cell before it, and the names that such a cell may set.

    ``cells`` are the sources of the cells executed so far.
    """
    known: list[str] = []
    for cell in cells:
        names = list(_assigned(cell))
        if cell.split("\n", 1)[0].rstrip() == _INJECTED and (unknown := [name for name in names if name not in known]):
            return tuple(unknown), tuple(known)
        known += [name for name in names if name not in known]
    return (), tuple(known)


def _assigned(cell: str) -> Iterator[str]:
    try:
        statements = ast.parse(cell).body
    except SyntaxError:
        return
    for statement in statements:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def _executed_cells() -> Sequence[str]:
    """The cells that this kernel executed from top to bottom; none where a person may execute them in any order.

    An editor names the cell that it asks to execute (``cellId``); papermill, nbclient and nbval do not.
    """
    ipython: Any = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython else None
    kernel: Any = getattr(shell, "kernel", None)
    if kernel is None:
        return ()
    request = kernel.get_parent("shell") or {}
    return () if request.get("metadata", {}).get("cellId") else tuple(shell.user_ns.get("In", ()))
