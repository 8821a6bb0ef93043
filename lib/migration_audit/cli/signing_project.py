"""The project whose runs are signed, verified and gated."""

from __future__ import annotations

from pathlib import Path

from migration_audit.audit.demo import DEMO, demo_project
from migration_audit.project import Project, load_project, project_file


def signing_project(config: Path | None) -> Project:
    """The project of the audit.toml that was named, of the nearest one, or of the demo. Raises AuditError."""
    if str(config) == DEMO:
        return demo_project()
    return load_project(project_file(config or Path()))
