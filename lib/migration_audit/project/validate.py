"""Everything that is wrong with the tables of an audit.toml, each at its key; no value is ever repeated."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from migration_audit.project.boot import boot_problems, snapshot_problems
from migration_audit.project.describe import Shape, TableSpec, repeated
from migration_audit.project.environment import environment_problems
from migration_audit.project.keys import Key
from migration_audit.project.locate import KeyPath
from migration_audit.project.policy import policy_problems
from migration_audit.project.probe import hypertable_problems
from migration_audit.project.repositories import repository_problems
from migration_audit.project.rule import rule_problems
from migration_audit.project.scope import seed_problems
from migration_audit.project.secrecy import TODO, TODO_ENV, found_secret
from migration_audit.project.settings import SCHEMA
from migration_audit.project.source import source_problems

_CONNECTION_KEYS: Final = frozenset({"dsn", "url", "uri", "conninfo", "password", "passfile", "host", "user"})
_TYPE_NAMES: Final = {
    bool: "true or false",
    int: "a whole number",
    float: "a decimal number",
    str: "a text",
    list: "a list",
    dict: "a table",
}

_OF_TABLES: Final = (
    source_problems,
    environment_problems,
    hypertable_problems,
    rule_problems,
    policy_problems,
    boot_problems,
    seed_problems,
    snapshot_problems,
)
"""What each table says about several of its keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: at which key, what was expected there, and what to do."""

    path: KeyPath
    what: str
    todo: str

    @property
    def key(self) -> str:
        """The key in full; items of an array are counted from 1: ``probe[2].sql``."""
        parts = ""
        for part in self.path:
            parts += f"[{part + 1}]" if isinstance(part, int) else f".{_bare(part)}"
        return parts.lstrip(".")


def validate(tables: Mapping[str, Any]) -> list[Problem]:
    """All problems of a parsed audit.toml; empty for a valid one."""
    of_all = [found for problems in _OF_TABLES for found in problems(tables)]
    of_all += repeated(tables, "probe", what="probe")
    found = [
        Problem(path=path, what=what, todo=todo) for path, what, todo in (*of_all, *repository_problems(tables, SCHEMA))
    ]
    return [*_table(tables, SCHEMA, ()), *found]


def _table(value: Any, spec: TableSpec, path: KeyPath) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield _found(path, spec.expected, value)
        yield from _secrets(value, path)
        return
    for name, item in value.items():
        yield from _entry(item, name, spec, path)
    if spec.any_table is not None and not value:
        yield Problem(path=path, what=f"is empty, expected {spec.expected}", todo="add one")
    where = f"below [{'.'.join(p for p in path if isinstance(p, str))}]" if path else "to this file"
    wanted: dict[str, Key | TableSpec] = {**spec.keys, **spec.tables}
    for name, part in wanted.items():
        if part.required and name not in value:
            yield Problem(path=(*path, name), what=f"is missing, expected {part.expected}", todo=f"add it {where}")


def _entry(value: Any, name: str, spec: TableSpec, path: KeyPath) -> Iterator[Problem]:
    here = (*path, name)
    if name in spec.keys:
        yield from _key(value, spec.keys[name], here)
    elif (below := spec.tables.get(name, spec.any_table)) is not None:
        yield from (_array if below.shape is Shape.ARRAY else _table)(value, below, here)
    else:
        yield _unknown(name, (*spec.keys, *spec.tables), here)
        yield from _secrets(value, here)


def _array(value: Any, spec: TableSpec, path: KeyPath) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield _found(path, f"an array of tables: [[{'.'.join(map(str, path))}]]", value)
        yield from _secrets(value, path)
        return
    for position, item in enumerate(value):
        yield from _table(item, spec, (*path, position))


def _key(value: Any, key: Key, path: KeyPath) -> Iterator[Problem]:
    secrets = list(_secrets(value, path))
    if secrets:
        yield from secrets
    elif not key.accepts(value):
        close = _close(value, key.choices)
        todo = f"did you mean {close}?" if close else "write what is expected"
        yield _found(path, key.expected, value, takes=key.takes, todo=todo)


def _secrets(value: Any, path: KeyPath) -> Iterator[Problem]:
    """Every text in ``value`` that may hold a secret; says what it looks like, never what it is."""
    if isinstance(value, str) and (looks_like := found_secret(value)):
        todo = TODO_ENV if path[1:2] == ("env",) else TODO
        yield Problem(path=path, what=f"looks like {looks_like}, which must not be in this file", todo=todo)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _secrets(item, (*path, position))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _secrets(item, (*path, name))


def _unknown(name: str, known: tuple[str, ...], path: KeyPath) -> Problem:
    if name.lower() in _CONNECTION_KEYS:
        return Problem(path=path, what="connections are not stored in this file", todo=TODO)
    close = _close(name, known)
    hint = f"did you mean {close}?" if close else f"known here: {', '.join(known)}"
    return Problem(path=path, what="is not a known key", todo=hint)


def _found(
    path: KeyPath, expected: str, value: Any, *, takes: type | None = None, todo: str = "write what is expected"
) -> Problem:
    found = _TYPE_NAMES.get(type(value), "a date or time")
    if isinstance(value, str) and not value.strip():
        found = "an empty text"
    elif type(value) is takes:
        found = f"another{found.removeprefix('a')}"
    return Problem(path=path, what=f"is wrong: expected {expected}; found {found}", todo=todo)


def _close(value: Any, known: Iterable[str]) -> str | None:
    """The known word that each wrong word is nearest to; None where none is near."""
    words = value if isinstance(value, list) else [value]
    for word in words:
        if isinstance(word, str) and (close := difflib.get_close_matches(word.lower(), list(known), n=1)):
            return close[0]
    return None


def _bare(name: str) -> str:
    """A key as TOML writes it; one that needs quotes may hold anything, so it is not repeated when it looks secret."""
    if name.replace("-", "").replace("_", "").isalnum():
        return name
    return '"…"' if found_secret(name) else f'"{name}"'
