"""Facts as a run may keep them: without what no check judges, and with secrets masked.

A run is committed, attached to tickets and sent around. Files of the project may hold passwords (the environment of a
service, a text in a program, a word of a command), so values that no check reads are left out, and what looks like a secret
in the rest is masked, character by character: every position stays what it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, Final, TypeVar, cast

from migration_audit.audit.facts.types import names_with_file_text
from migration_audit.checks.calls import may_use, runs_command
from migration_audit.checks.code_scopes import word_pattern
from migration_audit.checks.ret004_no_mentions import may_mention
from migration_audit.checks.ret005_no_ddl import MAY_BE_DDL
from migration_audit.model.code import CodeFile, Literal
from migration_audit.model.compose import Service, Stack
from migration_audit.model.directus import DirectusLive, DirectusSnapshot
from migration_audit.model.directus_database import DirectusDatabase
from migration_audit.model.finding import Unavailable
from migration_audit.model.location import Location
from migration_audit.model.redaction import Redaction, is_secret_name
from migration_audit.project import AuditRule, Project

FactsT = TypeVar("FactsT", bound=Mapping[str, object])
_STACKS: Final = ("stack", "dev_stack")
_SHORTEST: Final = 6
_SURELY: Final = 16
"""Characters of a value that is masked wherever it is: from the first number on with a digit in it, from the second on
anyway. ``directus`` as a password would take the names of folders with it."""
_FREE: Final = frozenset(
    {
        *("note", "options", "display_options", "display_template", "translations", "conditions", "validation"),
        *("validation_message", "preview_url", "archive_value", "unarchive_value"),
    }
)
"""What people write into Directus: it may hold anything, keys of services among it. Whether two are equal decides."""


def pruned(project: Project, facts: FactsT) -> FactsT:
    """The facts as they are saved: results are the same from them."""
    found: dict[str, Any] = dict(facts)
    redaction = Redaction(tuple(sorted(set(_known(facts)), key=lambda each: (-len(each), each))))
    for name in found.keys() & frozenset(_STACKS):
        found[name] = _without_values(found[name])
    if isinstance(found.get("code"), Mapping):
        rules = {rule.at: rule for rule in project.retirement}
        found["code"] = {
            at: replace(scope, files=tuple(_file(file, rules.get(at)) for file in scope.files))
            for at, scope in found["code"].items()
        }
    for name in found.keys() & {"directus_snapshot", "directus_live"}:
        found[name] = _without_texts(found[name])
    for name in found.keys() & names_with_file_text():
        only_looks = name not in {*_STACKS, "images", "owner_boot"}
        found[name] = _masked(found[name], Redaction(()) if only_looks else redaction)
    return cast("FactsT", found)


def _known(facts: Mapping[str, object]) -> Iterator[str]:
    """Values of variables whose names say that they are secret."""
    stacks = [stack for name in _STACKS if isinstance(stack := facts.get(name), Stack)]
    for service in (service for stack in stacks for service in stack.services):
        for name, value in (*service.environment, *(service.build.args if service.build else ())):
            if value is not None and is_secret_name(name):
                shortest = _SHORTEST if any(map(str.isdigit, value)) else _SURELY
                yield from [value] if len(value) >= shortest else []


def _without_values(stack: Stack | Unavailable) -> Stack | Unavailable:
    """The stack without the values of variables: their effect was judged when the boot was read."""
    if isinstance(stack, Unavailable):
        return stack
    return replace(stack, services=tuple(map(_service_without_values, stack.services)))


def _service_without_values(service: Service) -> Service:
    build = service.build
    if build is not None:
        build = replace(build, args=tuple((name, None) for name, _ in build.args))
    return replace(service, environment=tuple((name, None) for name, _ in service.environment), build=build)


def _file(file: CodeFile, rule: AuditRule | None) -> CodeFile:
    """The file with those texts alone that the rule is about."""
    if rule is None:
        return replace(file, literals=(), opaque=())
    literals = tuple(kept for literal in file.literals for kept in _parts(literal, rule))
    opaque = tuple(part if _concerns(part.text, rule) else replace(part, text="") for part in file.opaque)
    return replace(file, literals=literals, opaque=opaque)


def _concerns(text: str, rule: AuditRule) -> bool:
    """Whether a part that could not be read may be what the rule is about."""
    return may_use(text, rule) or may_mention(text, rule) or bool(MAY_BE_DDL.search(text))


def _parts(literal: Literal, rule: AuditRule) -> Iterator[Literal]:
    """A command that the rule means as a whole; of any other text the names of the rule, each on its line."""
    if runs_command(literal, rule):
        yield literal
        return
    for name in rule.what:
        for match in word_pattern(name).finditer(literal.text):
            yield Literal(text=match.group(), at=Location(literal.at.path, literal.line_of(match.start())))


def _masked(value: Any, by: Redaction) -> Any:
    """The same value with each text in it masked; places and names of fields stay."""
    if isinstance(value, Enum | Location | Unavailable):
        return value
    if isinstance(value, str):
        return by.masked(value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _masked(getattr(value, each.name), by) for each in fields(value) if each.init})
    return _masked_items(value, by)


def _masked_items(value: Any, by: Redaction) -> Any:
    if isinstance(value, Mapping):
        return {key: _masked(item, by) for key, item in value.items()}
    if isinstance(value, tuple) and all(isinstance(item, str) for item in value):
        return by.masked_words(value)
    return type(value)(_masked(item, by) for item in value) if isinstance(value, tuple | frozenset) else value


def _without_texts(fact: Any) -> Any:
    """The file or the database with each free text as its digest; what both compare is the same as before."""
    if isinstance(fact, DirectusSnapshot):
        sections = ("collections", "fields", "relations")
        body = {name: _entries(part) if name in sections else part for name, part in fact.body.items()}
        return replace(fact, body=body)
    if isinstance(fact, DirectusLive) and fact.database is not None:
        return replace(fact, database=database_without_texts(fact.database))
    return fact


def database_without_texts(found: DirectusDatabase) -> DirectusDatabase:
    """The database with each free text of Directus's rows as its digest."""
    collections, fields, relations = (tuple(map(_row, rows)) for rows in (found.collections, found.fields, found.relations))
    return replace(found, collections=collections, fields=fields, relations=relations)


def _entries(part: Any) -> Any:
    if not isinstance(part, list):
        return part
    return [
        {**entry, "meta": _row(entry["meta"])} if isinstance(entry, dict) and isinstance(entry.get("meta"), dict) else entry
        for entry in part
    ]


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _digested(value) if key in _FREE else value for key, value in row.items()}


def _digested(value: Any) -> Any:
    if isinstance(value, str) and value:
        return "sha256:" + hashlib.sha256(value.encode()).hexdigest()[:24]
    if isinstance(value, list):
        return [_digested(item) for item in value]
    return {key: _digested(item) for key, item in value.items()} if isinstance(value, Mapping) else value
