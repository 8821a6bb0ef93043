"""What the checks of documents and acceptance commands ask for: made from the rules of audit.toml."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from migration_audit.artifacts.documents.command_reports import read_command
from migration_audit.artifacts.documents.commands import run_acceptance_command
from migration_audit.artifacts.documents.drops import find_drops
from migration_audit.artifacts.documents.markdown import parse_statement, read_document, read_section
from migration_audit.artifacts.files import find_files
from migration_audit.audit.facts.codec import decode, encode, to_bytes
from migration_audit.audit.facts.files import write_atomically
from migration_audit.audit.facts.types import DocumentFacts
from migration_audit.model.documents import CommandResult, Document, DocumentRule, DropRule, TableDrop
from migration_audit.model.errors import AuditError
from migration_audit.model.strict_json import parse_json
from migration_audit.project import AuditRule, Project, Verb

_ABOUT_DOCUMENTS = frozenset({Verb.SAYS, Verb.SAYS_NOT, Verb.ENTRY})


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
        "commands": _reported(project) if commands is None else tuple(commands),
    }


def run_commands(project: Project, *, progress: Callable[[str], None]) -> tuple[CommandResult, ...]:
    """Run each command that audit.toml names, one after the other, each within its time limit.

    Only when somebody asks for it. ``progress`` is told which. Their environment is this process's without the variables
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
    # A claim is gone from a folder without documents; a sentence is not said there.
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
    for path in found.paths:
        try:
            drops += find_drops(project.directory / path, rule.what, shown_from=project.directory)
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


def _reported(project: Project) -> tuple[CommandResult, ...]:
    return tuple(read_command(rule, project.directory) for rule in _command_rules(project))


def _command_rules(project: Project) -> list[AuditRule]:
    return [rule for rule in project.retirement if rule.verb is Verb.COMMAND]


_FILE = "commands.json"
_RESULTS = tuple[CommandResult, ...]


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
