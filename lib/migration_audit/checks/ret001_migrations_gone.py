"""RET001: the migrations are removed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.absent_paths import still_there
from migration_audit.model.code import PathFacts
from migration_audit.model.finding import Check, CheckOutput, Phase, Unavailable
from migration_audit.model.severity import Severity

if TYPE_CHECKING:
    from migration_audit.project import Project


def run(paths: PathFacts, project: Project) -> Iterator[CheckOutput]:
    """Check that the runner's migrations are no longer in the tree.

    Without a rule nothing says which files they are, and the verdict after the deletion is incomplete.

    Why: if another runner is set up, it applies any migration that is left over, on a schema that has changed since.
    Fix: delete the folder. A folder that has to remain must be empty (except for placeholders such as .gitkeep) and
    git-ignored.
    Source: the rules of audit.toml; task 3.5 of the first user, for example, allowed an empty, git-ignored folder.
    """
    if project.legacy.is_applied and not project.rules_for("RET001"):
        yield Unavailable(
            reason='audit.toml has no [[rule]] with check = "RET001", so nothing says which migrations must be removed: '
            "add one with absent = [the folder of the migrations]"
        )
        return
    yield from still_there("RET001", project, paths)


CHECK = Check(
    id="RET001",
    title="The migrations are removed",
    severity=Severity.BLOCKER,
    phases=(Phase.RETIRED,),
    run=run,
    work_list=True,
)
