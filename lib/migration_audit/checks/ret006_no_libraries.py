"""RET006: no library of a migration runner."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migration_audit.checks.code_scopes import Keys, looked_at, no_rule, ruled, unseen
from migration_audit.model.code import ManifestFacts
from migration_audit.model.drift import Severity
from migration_audit.model.finding import Check, Finding, Phase, Said
from migration_audit.project import Project


def run(manifests: ManifestFacts, project: Project) -> Iterator[Said]:
    """Look for the runner's libraries in manifests and lock files, under their aliases too.

    Why: a library that is left in the lock file is installed into the image, with its command-line program.
    Fix: remove it from the manifest and write the lock file anew. What only the lock file has, another library needs: the
    lock file names it.
    Source: seed, "if pg-migrate or any migration-runner library was a Phase-1-only dep, remove it".
    """
    keys = Keys("RET006")
    scopes = [*ruled("RET006", project, manifests)]
    if not scopes:
        yield no_rule("RET006")
        return
    for rule, scope in scopes:
        yield from unseen(scope, rule)
        unwanted = {_folded(name): name for name in rule.what}
        for one in scope.dependencies:
            if _folded(one.name) in unwanted:
                version = f" {one.version}" if one.version else ""
                yield Finding(
                    key=keys.key(one.at.path, f"{unwanted[_folded(one.name)]}:{one.section}"),
                    summary=f"{one.at.path} has {one.name}{version} in {one.section}",
                    expected=f"no {one.name}",
                    actual=f"{one.name}{version}",
                    where=str(one.at),
                )
    yield looked_at([scope for _, scope in scopes])


def _folded(name: str) -> str:
    """One spelling for names that a registry takes for one: PyPI's rule, which harms no other registry."""
    return re.sub(r"[-_.]+", "-", name).lower()


CHECK = Check(
    id="RET006",
    title="No library of a migration runner is declared or locked",
    severity=Severity.BLOCKER,
    phases=(Phase.RETIRED,),
    run=run,
    work_list=True,
)
