"""``init`` and ``lab``: what a person does before and outside of the audit, with own copies of the notebooks."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from migration_audit.audit.demo import DEMO, demo_project
from migration_audit.audit.facts.files import write_atomically
from migration_audit.audit.grants import as_sql, grants_for
from migration_audit.cli.output import say, write_sql
from migration_audit.detect import draft_of, list_folder
from migration_audit.model.errors import AuditError, ConfigError, UsageError
from migration_audit.model.strict_json import parse_json
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
from migration_audit.runner.rendering import packaged_notebooks
from migration_audit.workbook.replay import source_digest

_NEXT = "→ name the two sources and the environments in it, then: migration-audit run"


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
        _copy_notebooks(copies, todo="name a directory that can be written")
        lines.append(f"wrote {copies}")
    return lines if there is not None else [*lines, _NEXT]


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
    lines = [f"wrote {path}", *(f"  {one}" for one in draft.taken), head, *(f"  - {one}" for one in left)]
    if draft.unused:
        lines += ["found, but not used:", *(f"  - {one}" for one in draft.unused)]
    return lines


def print_grants(config: Path | None, *, role: str) -> None:
    """Print the smallest rights of ``role`` for an audit.toml, or the nearest one. Raises UsageError, ConfigError."""
    project = load_project(project_file(config) if config else find_project(Path()))
    write_sql(as_sql(grants_for(project, role=role)))


def open_lab(*, environment: str | None, config: Path | None) -> NoReturn:
    """Become JupyterLab on the user's notebooks; Ctrl-C and the exit code are its own from then on.

    These are ``notebooks/`` next to audit.toml, else copies in a folder of the user's own for this project.

    Without ``config`` it is the nearest audit.toml, or else the bundled example, which a line on stderr says.
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
    folder = own if own.is_dir() else _lab_folder(project, is_demo=named == DEMO)
    if folder != own:
        todo = "set XDG_DATA_HOME to a folder that can be written, or copy the notebooks: migration-audit init --notebooks"
        for line in _copy_notebooks(folder, todo=todo):
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


def _copy_notebooks(folder: Path, *, todo: str) -> list[str]:
    """Copy the notebooks that the folder lacks, outputs cleared; a line for each that is there and differs, and stays.

    Raises UsageError where the folder cannot be written.
    """
    lines = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(packaged_notebooks().glob("*.ipynb")):
            copy = folder / path.name
            if not copy.exists() and not copy.is_symlink():
                write_atomically(copy, cleared(path))
            elif not _is_same(copy, path):
                what = "was changed, or copied by another version: it stays as it is; remove it to get the current one"
                lines.append(f"{copy} {what}")
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror or error}", where=str(folder), todo=todo) from error
    return lines


def _lab_folder(project: Project, *, is_demo: bool) -> Path:
    """The folder of the user's own copies for this project: below XDG_DATA_HOME, else ``~/.local/share``."""
    base = os.environ.get("XDG_DATA_HOME", "")
    data = Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "share"
    place = hashlib.sha256(str(project.path.absolute()).encode()).hexdigest()[:8]
    name = "".join(c if c.isalnum() or c in "_.-" else "-" for c in project.name).lstrip(".")
    return data / "migration-audit" / ("demo" if is_demo else f"{name}-{place}")


def cleared(path: Path) -> bytes:
    """The notebook without outputs and execution counts."""
    notebook: dict[str, Any] = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"execution_count": None, "outputs": []}
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def _is_same(copy: Path, packaged: Path) -> bool:
    """Whether both have the same cells, whatever their outputs; a file that is not a notebook is not the same."""
    try:
        found = source_digest(parse_json(copy.read_bytes(), where=copy.name))
    except (AuditError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return found == source_digest(json.loads(packaged.read_text("utf-8")))
