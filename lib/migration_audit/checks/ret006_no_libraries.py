"""RET006: no library of a migration runner."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from migration_audit.checks.code_scopes import FindingKeys, fits_one, search
from migration_audit.checks.phases import retired_check
from migration_audit.model.code import ManifestFacts, ManifestScope
from migration_audit.model.finding import CheckOutput, Finding, Severity

if TYPE_CHECKING:
    from migration_audit.project import AuditRule, Project


def run(manifests: ManifestFacts, project: Project) -> Iterator[CheckOutput]:
    """Look for the runner's libraries in manifests and lock files, under their aliases too.

    In a name of the rule * and ? match any characters: @acme/migrate-*.

    Why: a library that is left in the lock file is installed into the image, with its command-line program.
    Fix: remove it from the manifest and regenerate the lock file. If only the lock file contains it, another library needs
    it: the lock file names that library.
    Source: the rules of audit.toml, which name the libraries.
    """
    keys = FindingKeys("RET006")

    def found(rule: AuditRule, scope: ManifestScope) -> Iterator[CheckOutput]:
        for one in scope.dependencies:
            unwanted = _unwanted(one.name, rule)
            if unwanted is not None:
                version = f" {one.version}" if one.version else ""
                yield Finding(
                    key=keys.key(one.at.path, f"{unwanted}:{one.section}"),
                    summary=f"{one.at.path} has {one.name}{version} in {one.section}",
                    expected=f"no {one.name}",
                    actual=f"{one.name}{version}",
                    where=str(one.at),
                )

    yield from search("RET006", project, manifests, found)


def _unwanted(name: str, rule: AuditRule) -> str | None:
    """The rule's name for this library: its own name where that of the rule has a wildcard."""
    pattern = next((each for each in rule.what if fits_one(_folded(name), [_folded(each)])), None)
    return name if pattern is not None and ("*" in pattern or "?" in pattern) else pattern


def _folded(name: str) -> str:
    """One spelling for names that a registry takes for one: PyPI's rule, which harms no other registry."""
    return re.sub(r"[-_.]+", "-", name).lower()


CHECK = retired_check("RET006", "No migration runner's library is declared or locked", Severity.BLOCKER, run)
