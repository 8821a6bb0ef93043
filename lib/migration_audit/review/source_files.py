"""The files of a source, each with its digest: what the evidence has of it, asked of a tree again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from migration_audit import sources
from migration_audit.project import Project, Source
from migration_audit.project.boundary import boundary_of
from migration_audit.project.locate import shown_path


def digests_of_files(project: Project, source: Source) -> Mapping[str, str]:
    """Path, relative to audit.toml, and SHA-256 of each file of a source; empty when no pattern matches any.

    Raises SourceError for what cannot be read.
    """
    if source.command is not None or source.snapshot is not None:
        boundary = boundary_of(project.directory, source.root)
        paths = [path for path in _other_files(source) if boundary.target_outside(path) is None]
        return {shown_path(p, project.directory): hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}
    globs = [glob for glob in source.sql if sources.sql_files(source.root, [glob])]
    if not globs:
        return {}
    found = sources.load_globs(
        source.name,
        source.root,
        globs,
        shown_from=project.directory,
        form=source.format,
        placeholders=source.placeholders,
        variables=source.variables,
    )
    return {file.path: file.sha256 for file in found.files}


def _other_files(source: Source) -> list[Path]:
    """What a source that is no SQL is made of: what its command reads, or its snapshot."""
    if source.command is not None:
        return sources.command_files(source.root, source.command.files)
    return [source.snapshot] if source.snapshot is not None and source.snapshot.is_file() else []
