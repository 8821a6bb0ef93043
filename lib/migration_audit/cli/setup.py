"""``init`` and ``lab``: what a person does before and beside the audit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from migration_audit.model.errors import UsageError
from migration_audit.project import find_project, load_project, write_template
from migration_audit.runner.notebooks import packaged_notebooks


def initialise(directory: Path, *, notebooks: bool) -> list[Path]:
    """Write audit.toml, and with ``notebooks`` copies of the notebooks; the paths written.

    Raises UsageError when one of them is there already; then nothing is written.
    """
    copies = directory / "notebooks"
    if notebooks and copies.exists():
        raise UsageError(
            "there is a notebooks folder already", where=str(copies), todo="move it away, or leave out --notebooks"
        )
    written = [write_template(directory)]
    if notebooks:
        shutil.copytree(packaged_notebooks(), copies, ignore=shutil.ignore_patterns(".*"))
        written.append(copies)
    return written


def open_lab(*, environment: str | None, config: Path | None) -> int:
    """Run JupyterLab on the notebooks until it is closed; its exit code.

    Notebooks take their defaults from MIGRATION_AUDIT_CONFIG and MIGRATION_AUDIT_ENVIRONMENT, so that none has to be edited.
    """
    folder, variables = packaged_notebooks(), dict(os.environ)
    if config is not None:
        path = config if config.is_file() else find_project(config)
        project = load_project(path)
        if environment is not None:
            project.environment(environment)
        own = project.directory / "notebooks"
        folder = own if own.is_dir() else folder
        variables["MIGRATION_AUDIT_CONFIG"] = str(path.resolve())
    if environment is not None:
        variables["MIGRATION_AUDIT_ENVIRONMENT"] = environment
    return subprocess.run([sys.executable, "-m", "jupyterlab", str(folder)], env=variables, check=False).returncode
