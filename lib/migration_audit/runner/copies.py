"""Copies of the packaged notebooks that belong to a user: without outputs, which would be those of the bundled example."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from migration_audit.audit.facts.files import write_atomically
from migration_audit.model.errors import AuditError, UsageError
from migration_audit.model.strict_json import parse_json
from migration_audit.project import Project
from migration_audit.runner.rendering import packaged_notebooks
from migration_audit.workbook.replay import source_digest


def copy_notebooks(folder: Path) -> None:
    """Make the folder with a copy of every notebook, outputs cleared. Raises UsageError where it cannot be written."""
    try:
        folder.mkdir(parents=True)
        for path in sorted(packaged_notebooks().glob("*.ipynb")):
            (folder / path.name).write_bytes(cleared(path))
    except OSError as error:
        todo = "name a directory that can be written"
        raise UsageError(f"cannot be written: {error.strerror or error}", where=str(folder), todo=todo) from error


def complete_copies(folder: Path) -> list[str]:
    """Copy the notebooks that the folder lacks; one that is there stays as it is. What there is to say of them, in lines.

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
                lines.append(
                    f"{copy} was changed, or copied by another version: it stays as it is; remove it to get the current one"
                )
    except OSError as error:
        todo = "set XDG_DATA_HOME to a folder that can be written, or copy the notebooks: migration-audit init --notebooks"
        raise UsageError(f"cannot be written: {error.strerror or error}", where=str(folder), todo=todo) from error
    return lines


def lab_folder(project: Project, *, is_demo: bool) -> Path:
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
