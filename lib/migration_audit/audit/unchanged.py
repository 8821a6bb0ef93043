"""Whether what an audit read is still there when it ends, as it was read: evidence names one state, and not two."""

from __future__ import annotations

from collections.abc import Mapping

from migration_audit.artifacts.git.command import line_of_git
from migration_audit.artifacts.git.repository import sha256_of
from migration_audit.audit.repositories import tops_of
from migration_audit.audit.saved import SavedCase
from migration_audit.model.finding import Unavailable
from migration_audit.project import Project


def commits_of(project: Project) -> dict[str, str | None]:
    """The commit of each repository that audit.toml declares, and of its own, by name; None outside git."""
    return {
        name: line_of_git(top, "rev-parse", "--verify", "--quiet", "HEAD") if top else None
        for name, top in tops_of(project, ()).items()
    }


def changed_while_read(case: SavedCase, commits: Mapping[str, str | None]) -> list[str]:
    """What is not as it was when the audit began: audit.toml, files that were read, and commits, in words.

    ``commits`` are those of the beginning.
    """
    project, found = case.project, []
    if not project.path.is_file() or project.path.read_bytes() != project.content:
        found.append(project.path.name)
    if case.settings.read_bytes() != project.content:
        found.append(f"{project.path.name} (as the notebooks read it)")
    sources = case.shared["sources"]
    files = [] if isinstance(sources, Unavailable) else [file for source in sources for file in source.files]
    for path, sha256 in dict([*files, *case.shared["artifacts"]]).items():
        if sha256_of(project.directory / path) != sha256:
            found.append(path)
    now = commits_of(project)
    return found + [f"the commit of {name}" for name, commit in commits.items() if now.get(name) != commit]
