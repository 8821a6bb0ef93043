"""RET002: the runner's module is gone."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.gone import still_there
from migration_audit.model.code import PathFacts
from migration_audit.model.drift import Severity
from migration_audit.model.finding import Check, Phase, Said
from migration_audit.project import Project


def run(paths: PathFacts, project: Project) -> Iterator[Said]:
    """Look whether the module that owns the ledger, walks the files and takes the lock is still in the tree.

    Why: as long as it is there, one line calls it again.
    Fix: delete it, and the tests that are about nothing else.
    Source: seed, "Delete src/db/migrate.ts (or whatever the migration-runner module is named)".
    """
    yield from still_there("RET002", project, paths)


CHECK = Check(
    id="RET002",
    title="The runner's module is gone",
    severity=Severity.BLOCKER,
    phases=(Phase.RETIRED,),
    run=run,
    work_list=True,
)
