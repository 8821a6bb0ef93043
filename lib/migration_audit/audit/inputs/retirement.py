"""What the checks of the retirement ask for: source files, manifests, paths, and the fixture of the tests."""

from __future__ import annotations

from migration_audit.artifacts.code.fixture import read_fixture
from migration_audit.artifacts.code.sources import SourceTree
from migration_audit.artifacts.manifests.libraries import read_manifests
from migration_audit.artifacts.paths import named_paths, read_path
from migration_audit.audit.facts.types import RetirementFacts
from migration_audit.model.code import CodeScope, FixtureFacts, ManifestScope, PathFact
from migration_audit.model.finding import Unavailable
from migration_audit.model.location import Location
from migration_audit.project import AuditRule, Project, Verb

_CODE = (Verb.CALLS, Verb.MENTIONS, Verb.DDL)


def retirement_inputs(project: Project) -> RetirementFacts:
    """``code``, ``manifests``, ``paths`` and ``fixture_facts``, each for every rule of audit.toml that asks for it.

    What cannot be read is in the facts, with the reason; nothing is raised.
    """
    tree = SourceTree(project.directory)
    code: dict[Location, CodeScope] = {}
    manifests: dict[Location, ManifestScope] = {}
    paths: dict[Location, tuple[PathFact, ...]] = {}
    fixtures: list[FixtureFacts] = []
    for rule in project.retirement:
        if rule.verb in _CODE:
            code[rule.at] = tree.scope(rule.files, rule.excluded)
        elif rule.verb is Verb.PACKAGES:
            manifests[rule.at] = read_manifests(project.directory, rule.files, rule.excluded)
        elif rule.verb in {Verb.ABSENT, Verb.PRESENT}:
            paths[rule.at] = _paths(project, rule)
        elif rule.verb is Verb.FIXTURE:
            fixtures.append(read_fixture(tree, rule))
    nobody_asks = Unavailable(reason='audit.toml has no [[rule]] with check = "RET008"', required=False)
    return {"code": code, "manifests": manifests, "paths": paths, "fixture_facts": tuple(fixtures) or nobody_asks}


def _paths(project: Project, rule: AuditRule) -> tuple[PathFact, ...]:
    since, digest = rule.unchanged_since, rule.sha256
    named = [path for given in rule.what for path in named_paths(project.directory, given)]
    return tuple(read_path(project.directory, path, since=since, sha256=digest) for path in named)
