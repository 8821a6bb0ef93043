"""``check static``: what can be checked of files alone, before a commit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from migration_audit.model.errors import AuditError
from migration_audit.project import find_project, load_project
from migration_audit.project.load import FALLBACK, has_section
from migration_audit.project.notebook_secrets import secrets_in_notebook


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
                found += [f"{secret}\n  → clear the cell's output, or take it out of the source" for secret in secrets]
                codes.append(int(bool(secrets)))
            elif path.name != FALLBACK or has_section(path):
                load_project(path)
        except AuditError as error:
            found.append(str(error))
            codes.append(error.exit_code)
    for line in found:
        click.echo(line, err=True)
    if not found:
        click.echo(f"{len(chosen)} files: nothing found")
    return max(codes)


def _default() -> list[Path]:
    project = find_project(Path())
    hidden = (".venv", "node_modules", ".ipynb_checkpoints", ".git")
    below = sorted(p for p in project.parent.rglob("*.ipynb") if not set(hidden) & set(p.relative_to(project.parent).parts))
    return [project, *below]
