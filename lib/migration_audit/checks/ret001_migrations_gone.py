"""RET001: the migrations are gone."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.gone import still_there
from migration_audit.model.code import PathFacts
from migration_audit.model.drift import Severity
from migration_audit.model.finding import Check, Phase, Said
from migration_audit.project import Project


def run(paths: PathFacts, project: Project) -> Iterator[Said]:
    """Look whether the runner's migrations are still in the tree.

    Why: a migration that is left over will be applied by whoever wires a runner up again, on a schema that has moved on.
    Fix: delete the folder. One that has to stay is empty (placeholders such as .gitkeep aside) and git-ignored.
    Source: seed, "src/db/migrations/ directory is gone (or empty + gitignored)".
    """
    yield from still_there("RET001", project, paths)


CHECK = Check(
    id="RET001",
    title="The migrations are gone",
    severity=Severity.BLOCKER,
    phases=(Phase.RETIRED,),
    run=run,
    work_list=True,
)
