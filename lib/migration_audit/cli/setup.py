"""``init`` and ``lab``: what a person does before and outside of the audit."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from migration_audit.audit.demo import DEMO, demo_project
from migration_audit.audit.grants import as_sql, grants_for
from migration_audit.cli.output import say, write_sql
from migration_audit.detect import draft_of, list_folder
from migration_audit.model.errors import ConfigError, UsageError
from migration_audit.project import (
    FIRST_LINE,
    Project,
    configuration_in,
    find_project,
    load_project,
    project_file,
    write_configuration,
    write_schema,
    write_template,
)
from migration_audit.runner.copies import complete_copies, copy_notebooks, lab_folder


def initialise(directory: Path, *, notebooks: bool, detect: bool = False) -> list[str]:
    """Write audit.toml and its JSON Schema, and with ``notebooks`` copies of the notebooks; a line for each, or left alone.

    With ``notebooks`` an audit.toml that is there stays as it is, and they are copied next to it. With ``detect`` audit.toml
    holds what was recognised in the directory and next to it. Raises UsageError when there is nothing to write without
    overwriting; then nothing is written.
    """
    copies = directory / "notebooks"
    if notebooks and (copies.exists() or copies.is_symlink()):
        raise UsageError("the notebooks folder already exists", where=str(copies), todo="move it, or omit --notebooks")
    there = configuration_in(directory)
    if there is not None and (detect or not notebooks):
        raise UsageError("already exists", where=str(there), todo="edit it, or name another directory")
    if there is not None:
        lines = [f"left unchanged: {there} already exists"]
    else:
        found = _detected(directory) if detect else [f"wrote {write_template(directory)}"]
        lines = [found[0], f"wrote {write_schema(directory)}", *found[1:]]
    if notebooks:
        copy_notebooks(copies)
        lines.append(f"wrote {copies}")
    return lines


def _detected(directory: Path) -> list[str]:
    """Write what was recognised; a line for each thing, and for each that is left to decide."""
    draft = draft_of(list_folder(directory))
    path = write_configuration(directory, FIRST_LINE + draft.text)
    left = list(draft.left)
    try:
        load_project(path)
    except ConfigError as error:  # a name that no file should have
        left.append(f"cannot be loaded yet: {error}")
    head = f"to be decided ({len(left)}):" if left else "nothing left to decide"
    return [f"wrote {path}", *(f"  {one}" for one in draft.taken), head, *(f"  - {one}" for one in left)]


def print_grants(config: Path | None, *, role: str) -> None:
    """Print the smallest rights of ``role`` for an audit.toml, or the nearest one. Raises UsageError, ConfigError."""
    project = load_project(project_file(config) if config else find_project(Path()))
    write_sql(as_sql(grants_for(project, role=role)))


def open_lab(*, environment: str | None, config: Path | None) -> NoReturn:
    """Become JupyterLab on the user's notebooks; Ctrl-C and the exit code are its own from then on.

    These are ``notebooks/`` next to audit.toml, else copies in a folder of the user's own for this project.

    Without ``config`` the nearest audit.toml is taken, and the bundled example, which is then said, where there is none.
    Notebooks take their defaults from MIGRATION_AUDIT_CONFIG and MIGRATION_AUDIT_ENVIRONMENT, so that none has to be edited;
    the environment of the example is its last one. Raises UsageError for an unknown environment, ConfigError for an invalid
    audit.toml.
    """
    project, named = _lab_project(config)
    variables = {**os.environ, "MIGRATION_AUDIT_CONFIG": named}
    if named == DEMO:
        variables.setdefault("MIGRATION_AUDIT_ENVIRONMENT", project.environments[-1].name)
    if environment is not None:
        variables["MIGRATION_AUDIT_ENVIRONMENT"] = project.environment(environment).name
    own = project.directory / "notebooks"
    folder = own if own.is_dir() else lab_folder(project, is_demo=named == DEMO)
    if folder != own:
        for line in complete_copies(folder):
            say(line)
    say(f"notebooks: {folder}")
    root = ["--allow-root"] if os.geteuid() == 0 else []  # Jupyter asks for it, and containers know no one else
    os.execve(sys.executable, [sys.executable, "-P", "-m", "jupyterlab", *root, str(folder)], variables)  # noqa: S606


def _lab_project(config: Path | None) -> tuple[Project, str]:
    """The project, and what the notebooks are to call it."""
    named = str(config or os.environ.get("MIGRATION_AUDIT_CONFIG", ""))
    if named == DEMO:
        return demo_project(), DEMO
    try:
        path = project_file(Path(named))
    except UsageError:
        if named:
            raise
        say("no audit.toml here or in a parent folder: the notebooks open the bundled example")
        return demo_project(), DEMO
    return load_project(path), str(path.absolute())
