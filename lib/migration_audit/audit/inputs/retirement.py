"""What the checks of the retirement ask for: source files, manifests, paths, and the fixture of the tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from migration_audit.artifacts.code.sources import SourceTree, read_fixture
from migration_audit.artifacts.documents.commands import read_command, run_acceptance_command
from migration_audit.artifacts.documents.drops import find_drops
from migration_audit.artifacts.documents.markdown import parse_statement, read_document, read_section
from migration_audit.artifacts.files import find_files
from migration_audit.artifacts.manifests.libraries import read_manifests
from migration_audit.artifacts.paths import named_paths, read_path
from migration_audit.audit.facts.codec import decode, encode, to_bytes
from migration_audit.audit.facts.files import write_atomically
from migration_audit.audit.facts.types import DocumentFacts, RetirementFacts
from migration_audit.model.code import CodeScope, FixtureFacts, ManifestScope, PathFact
from migration_audit.model.documents import CommandResult, Document, DocumentRule, DropRule, TableDrop
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Unavailable
from migration_audit.model.location import Location
from migration_audit.model.strict_json import parse_json
from migration_audit.project import AuditRule, Project, Verb

_CODE = (Verb.CALLS, Verb.MENTIONS, Verb.DDL)
_ABOUT_DOCUMENTS = frozenset({Verb.SAYS, Verb.SAYS_NOT, Verb.ENTRY})
_FILE = "commands.json"
_RESULTS = tuple[CommandResult, ...]


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


def documents_inputs(project: Project, *, commands: Sequence[CommandResult] | None = None) -> DocumentFacts:
    """``document_rules``, ``drop_rules`` and ``commands``, each a tuple in the order of audit.toml.

    ``commands`` are the results of ``run_commands``; None reads the reports of CI. Raises nothing: what cannot be read
    is in the facts.
    """
    documents: dict[str, Document | str] = {}
    return {
        "document_rules": tuple(
            _document_rule(project, rule, documents) for rule in project.retirement if rule.verb in _ABOUT_DOCUMENTS
        ),
        "drop_rules": tuple(_drop_rule(project, rule) for rule in project.retirement if rule.verb is Verb.DROPS),
        "commands": tuple(
            (read_command(rule, project.directory) for rule in _command_rules(project)) if commands is None else commands
        ),
    }


def run_commands(project: Project, *, progress: Callable[[str], None]) -> tuple[CommandResult, ...]:
    """Run each command that audit.toml names, one after the other, each within its time limit.

    Only on request. ``progress`` is called with each. Their environment is this process's without the variables
    that hold connections of the project's environments: an acceptance test must not reach a live database by them. Raises
    nothing.
    """
    secret = {environment.dsn_env for environment in project.environments}
    environ = {name: value for name, value in os.environ.items() if name not in secret}
    results = []
    for rule in _command_rules(project):
        progress(f"running {rule.what[0]} in {rule.directory or '.'} (at most {rule.time_limit} s)")
        results.append(run_acceptance_command(rule, project.directory, environ=environ))
    return tuple(results)


def _document_rule(project: Project, rule: AuditRule, known: dict[str, Document | str]) -> DocumentRule:
    found = find_files(project.directory, rule.files, rule.excluded)
    for path in found.paths:
        if path not in known:
            known[path] = _document(project, path)
    read = [known[path] for path in found.paths]
    # In a folder without documents a forbidden claim is absent, and a required sentence is missing.
    missing = found.missing if rule.verb is Verb.SAYS_NOT else (*found.missing, *found.empty)
    return DocumentRule(
        check=rule.check,
        verb=rule.verb.value,
        at=rule.at,
        sought=tuple(parse_statement(text) for text in rule.what),
        documents=tuple(each for each in read if isinstance(each, Document)),
        missing=missing,
        unreadable=tuple(each for each in read if isinstance(each, str)),
        if_there=rule.if_there,
        section=read_section(rule.section) if rule.section else None,
        about=tuple(parse_statement(text) for text in rule.about),
    )


def _document(project: Project, path: str) -> Document | str:
    try:
        return read_document(project.directory / path, shown_from=project.directory)
    except AuditError as error:
        return str(error)


def _drop_rule(project: Project, rule: AuditRule) -> DropRule:
    found = find_files(project.directory, rule.files, rule.excluded)
    drops: list[TableDrop] = []
    unreadable: list[str] = []
    within = _goes_with(project, rule.what)
    for path in found.paths:
        try:
            drops += find_drops(project.directory / path, rule.what, shown_from=project.directory, within=within)
        except AuditError as error:
            unreadable.append(str(error))
    return DropRule(
        check=rule.check,
        at=rule.at,
        tables=rule.what,
        drops=tuple(drops),
        missing=found.missing,
        unreadable=tuple(unreadable),
        files=len(found.paths),
    )


def _goes_with(project: Project, tables: Sequence[str]) -> dict[str, str]:
    """The schema and the role of the legacy ledger with its table, where it is one of these."""
    schema, _, table = project.legacy.ledger.table.rpartition(".") if project.legacy.ledger is not None else ("", "", "")
    named = next((name for name in tables if table and name.rpartition(".")[2].lower() == table.lower()), None)
    if named is None:
        return {}
    owners = [project.legacy.role] if project.legacy.role else []
    return dict.fromkeys((*([schema] if schema not in ("", "public") else []), *owners), named)


def _command_rules(project: Project) -> list[AuditRule]:
    return [rule for rule in project.retirement if rule.verb is Verb.COMMAND]


def save_commands(folder: Path, results: Sequence[CommandResult]) -> None:
    """Write the results; raises AuditError."""
    write_atomically(folder / _FILE, to_bytes(encode(tuple(results), _RESULTS)))


def load_commands(folder: Path) -> tuple[CommandResult, ...] | None:
    """What ``save_commands`` wrote, or None when this run executed none."""
    path = folder / _FILE
    if not path.is_file():
        return None
    found: tuple[CommandResult, ...] = decode(parse_json(path.read_bytes(), where=str(path)), _RESULTS, where=str(path))
    return found
