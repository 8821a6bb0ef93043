"""``open_audit``: which project, which environment, and that every parameter given to a notebook is one that it has."""

from __future__ import annotations

import ast
import difflib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from migration_audit.audit.case import Case
from migration_audit.audit.demo import DEMO, demo_project, lacks_databases
from migration_audit.audit.progress import on_stderr
from migration_audit.model.errors import UsageError
from migration_audit.model.finding import Phase
from migration_audit.project import Environment, Project, find_project, load_project, project_file
from migration_audit.workbook import session
from migration_audit.workbook.replay import replayed

if TYPE_CHECKING:
    from migration_audit.audit.audit import Audit

_last: list[Audit] = []
"""The audit that was opened last in this process: the next notebook of a run takes over what is the same."""

_INJECTED: Final = "# Parameters"
"""The first line of the cell that papermill adds: ``comment`` of ``papermill.parameterize.parameterize_notebook``."""


class _NotAsked:
    """Stands for a notebook that is about no environment."""


NOT_ASKED: Final = _NotAsked()


def open_audit(
    *, config: str = "", environment: str | _NotAsked = NOT_ASKED, phase: str = "preflight", run_folder: str = ""
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

    _check_injected(executed_cells())
    _check_text(config=config, environment=environment, phase=phase, run_folder=run_folder)
    if phase not in tuple(Phase):
        raise UsageError(f"unknown phase {phase}", todo=f"the phases are {', '.join(Phase)}")
    project = _project(config)
    chosen = None if isinstance(environment, _NotAsked) else _environment(project, environment)
    if chosen is not None and lacks_databases(project, [chosen.name]):
        session.build_demo(project, chosen.name)
    folder = Path(run_folder) if run_folder else None
    audit = Audit(project, environment=chosen, phase=Phase(phase), folder=folder, progress=on_stderr)
    last = _last[0] if _last else None
    _last[:] = [audit.continued_from(last)] if folder else []
    session.begin(audit)
    return audit


def _project(config: str) -> Project:
    named = config or os.environ.get("MIGRATION_AUDIT_CONFIG", "")
    if named == DEMO:
        return demo_project()
    if named:
        return load_project(project_file(Path(named)))
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

    papermill itself warns, and executes the notebook as if nothing had been said.
    """
    unknown, known = unknown_parameters(cells)
    if not unknown:
        return
    close = [match for name in unknown for match in difflib.get_close_matches(name, known, n=1)]
    hint = f"did you mean {', '.join(close)}? " if close else ""
    has = f"it has: {', '.join(known)}" if known else "tag its first cell `parameters`"
    raise UsageError(f"this notebook has no parameter {', '.join(unknown)}", todo=f"{hint}{has}")


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


def executed_cells() -> Sequence[str]:
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
