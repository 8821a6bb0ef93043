"""``check static``: what can be checked of files alone, before a commit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click

from migration_audit.model.enumeration import plural
from migration_audit.model.errors import AuditError, NotebookError, UsageError
from migration_audit.model.secret_shapes import secrets_in
from migration_audit.project import find_project, load_project
from migration_audit.project.boundary import read_bounded
from migration_audit.project.listing import paths_below
from migration_audit.project.load import FALLBACK, has_our_table

_MOST_BYTES: Final = 500_000_000


def secrets_in_notebook(path: Path) -> list[str]:
    """Where the notebook holds what looks like a secret, as ``file:cell N: what``; the secret itself is not repeated.

    Cells are counted from 1. Sources, outputs of every MIME type, tracebacks, attachments and metadata are searched. Raises
    NotebookError for a file that is not a notebook, UsageError when it cannot be read.
    """
    try:
        notebook = json.loads(read_bounded(path, most=_MOST_BYTES))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path), todo="name a file that can be read") from None
    except ValueError as error:
        raise NotebookError(f"is not a notebook: {error}", where=str(path), todo="save it with JupyterLab again") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise NotebookError("is not a notebook of format 4", where=str(path), todo="save it with JupyterLab 3 or later")
    parts = [(f"cell {number}", cell) for number, cell in enumerate(notebook["cells"], start=1)]
    parts.append(("metadata", notebook.get("metadata")))
    return [f"{path}:{place}: {what}" for place, part in parts for what in _found(part)]


def _found(part: Any) -> Iterator[str]:
    return secrets_in("\n".join(_texts(part)))


def _texts(value: Any) -> Iterator[str]:
    """Every text in the value; a list of lines, as notebooks keep them, is one text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            yield "".join(value)
        else:
            for item in value:
                yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)


def check_static(files: Sequence[Path]) -> int:
    """Check audit.toml and notebooks; 0 when nothing was found, 1 for a secret, 2 or 3 for a file that is not valid.

    Prints one line for each thing that was found.

    Without files: the nearest audit.toml and every notebook below its folder. No server is asked.
    """
    chosen = list(files) or _default()
    found: list[str] = []
    codes = [0]
    for path in chosen:
        try:
            if path.suffix == ".ipynb":
                secrets = secrets_in_notebook(path)
                found += [f"{secret}\n  → clear the cell's output, or remove it from the source" for secret in secrets]
                codes.append(int(bool(secrets)))
            elif path.name != FALLBACK or has_our_table(path):
                load_project(path)
        except AuditError as error:
            found.append(str(error))
            codes.append(error.exit_code)
    for line in found:
        click.echo(line, err=True)
    if not found:
        click.echo(
            f"nothing found in {len(chosen)} {plural('file', len(chosen))}: no error in audit.toml, no secret in a notebook"
        )
    return max(codes)


def _default() -> list[Path]:
    project = find_project(Path())
    hidden = (".venv", "node_modules", ".ipynb_checkpoints", ".git")
    below = [path for path in paths_below(project.parent, without=hidden) if path.suffix == ".ipynb"]
    return [project, *below]
