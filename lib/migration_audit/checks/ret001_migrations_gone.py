"""RET001: the migrations are removed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.absent_paths import still_there
from migration_audit.checks.phases import retired_check
from migration_audit.model.code import PathFacts
from migration_audit.model.finding import CheckOutput, Finding, Severity, Unavailable
from migration_audit.model.preflight import SourceFacts

if TYPE_CHECKING:
    from migration_audit.project import Project


def run(paths: PathFacts, sources: tuple[SourceFacts, ...], project: Project) -> Iterator[CheckOutput]:
    """Check that the runner's migrations are no longer in the tree: what the rules name, and every file of [legacy].

    Without a rule the verdict after the deletion is incomplete: nothing names what the runner needs in addition to its
    migrations. A file that the owner applies under the same path may stay, but not a link to it. The files of a command that
    a pattern or a folder matches are migrations; those named next to it, such as package.json, belong to the program.

    Why: if another runner is set up, it applies any migration that is left over, on a schema that has changed since.
    Fix: delete the folder. A folder that has to remain must be empty (except for placeholders such as .gitkeep) and
    git-ignored.
    Source: the rules of audit.toml; task 3.5 of the first user, for example, allowed an empty, git-ignored folder.
    """
    is_named = bool(project.rules_for("RET001"))
    if project.legacy.is_applied and not is_named:
        yield Unavailable(
            reason='audit.toml has no [[rule]] with check = "RET001", so nothing says which migrations must be removed: '
            "add one with absent = [the folder of the migrations]"
        )
    found = [*still_there("RET001", project, paths)] if is_named or not project.legacy.is_applied else []
    yield from found
    reported = [one.key.removeprefix("RET001:") for one in found if isinstance(one, Finding)]
    for path in _legacy_files(sources, project):
        if not any(path == each or path.startswith(f"{each}/") for each in reported):
            yield Finding(
                key=f"RET001:{path}",
                summary=f"{path} still exists: it is a migration of [legacy], and no rule names it",
                expected="removed, as every file of [legacy]",
                actual="a file",
                where=f"{path}:1",
            )


def _legacy_files(sources: tuple[SourceFacts, ...], project: Project) -> Iterator[str]:
    """What is left of the migrations where [legacy] says that they are, without what the owner applies as well."""
    stay = {path for source in sources if source.role == "owner" for path, _ in source.files}
    for source in sources if project.legacy.is_applied else ():
        if source.role == "legacy":
            left = [path for path, _ in source.files]
            yield from (path for path in left if path not in stay | _files_of_program(left, project))


def _files_of_program(files: list[str], project: Project) -> set[str]:
    """The files of a command that ``files`` of audit.toml names one by one, in addition to patterns or folders."""
    command, root = project.legacy.command, project.legacy.root.as_posix()
    globs = command.files if command is not None else ()
    named = {_joined(root, name) for name in globs}
    found = {path for path in files if _joined(project.directory.as_posix(), path) in named}
    return found if len(found) < len(globs) else set()


def _joined(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path))


CHECK = retired_check("RET001", "The migrations are removed", Severity.BLOCKER, run)
