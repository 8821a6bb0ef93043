"""RET002: the runner's module is removed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.absent_paths import still_there
from migration_audit.checks.phases import retired_check
from migration_audit.model.code import PathFacts
from migration_audit.model.finding import CheckOutput, Severity

if TYPE_CHECKING:
    from migration_audit.project import Project


def run(paths: PathFacts, project: Project) -> Iterator[CheckOutput]:
    """Check that the module that owns the ledger, reads the files and takes the lock is no longer in the tree.

    Why: while it exists, one line is enough to call it again.
    Fix: delete it, and the tests that cover nothing else.
    Source: the rules of audit.toml, which name the module.
    """
    yield from still_there("RET002", project, paths)


CHECK = retired_check("RET002", "The runner's module is removed", Severity.BLOCKER, run)
