"""Everything that is wrong with the tables of an audit.toml, each at its key; no value is ever repeated."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from migration_audit.formats import LEDGERS
from migration_audit.formats.named import PLAIN_LEDGER
from migration_audit.project.boot_spec import boot_problems
from migration_audit.project.keys import Key
from migration_audit.project.locate import KeyPath
from migration_audit.project.policy_spec import policy_problems
from migration_audit.project.repositories import repository_problems
from migration_audit.project.rule_spec import rule_problems
from migration_audit.project.schema import ENVIRONMENT_NAME, RESERVED_ENVIRONMENTS, SCHEMA, TableSpec
from migration_audit.project.secrecy import TODO, TODO_ENV, found_secret
from migration_audit.project.settings_seed import seed_problems
from migration_audit.project.snapshot_spec import snapshot_problems
from migration_audit.project.source_spec import source_problems

_CONNECTION_KEYS: Final = frozenset({"dsn", "url", "uri", "conninfo", "password", "passfile", "host", "user"})
_TYPE_NAMES: Final = {
    bool: "true or false",
    int: "a whole number",
    float: "a decimal number",
    str: "a text",
    list: "a list",
    dict: "a table",
}


_PLAIN_LEDGER: Final = (
    ("table", "the ledger as schema.table, such as public.migrations_applied"),
    ("name_column", "the column with the name of the applied file"),
)


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
    return [
        *_table(tables, SCHEMA, ()),
        *_ledgers(tables),
        *_environments(tables),
        *_hypertables(tables),
        *_probes(tables),
        *_rules(tables),
    ]


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
    elif name in spec.tables:
        yield from _table(value, spec.tables[name], here)
    elif name in spec.arrays:
        yield from _array(value, spec.arrays[name], here)
    elif spec.any_table is not None:
        yield from _table(value, spec.any_table, here)
    else:
        yield _unknown(name, spec.names, here)
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
        todo = f"did you mean {close}?" if close else "write it so"
        yield _found(path, key.expected, value, takes=key.takes, todo=todo)


def _secrets(value: Any, path: KeyPath) -> Iterator[Problem]:
    """Every text in ``value`` that may hold a secret; says what it looks like, never what it is."""
    if isinstance(value, str) and (looks_like := found_secret(value)):
        todo = TODO_ENV if path[1:2] == ("env",) else TODO
        yield Problem(path=path, what=f"looks like {looks_like}, which must not stand in this file", todo=todo)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _secrets(item, (*path, position))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _secrets(item, (*path, name))


def _unknown(name: str, known: tuple[str, ...], path: KeyPath) -> Problem:
    if name.lower() in _CONNECTION_KEYS:
        return Problem(path=path, what="connections are not written down here", todo=TODO)
    close = _close(name, known)
    hint = f"did you mean {close}?" if close else f"known here: {', '.join(known)}"
    return Problem(path=path, what="is not a known key", todo=hint)


def _found(path: KeyPath, expected: str, value: Any, *, takes: type | None = None, todo: str = "write it so") -> Problem:
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


def _environments(tables: Mapping[str, Any]) -> Iterator[Problem]:
    environments = tables.get("environments")
    for name, value in environments.items() if isinstance(environments, dict) else ():
        path: KeyPath = ("environments", name)
        if not ENVIRONMENT_NAME.match(name) or name in RESERVED_ENVIRONMENTS:
            why = "is reserved" if name in RESERVED_ENVIRONMENTS else "is not a name that a folder can have everywhere"
            yield Problem(path=path, what=why, todo="expected lower-case letters, digits, - and _, but not 'signed'")
        if isinstance(value, dict) and ("dsn_env" in value) == ("service" in value):
            what = "has both dsn_env and service" if "service" in value else "has neither dsn_env nor service"
            todo = "expected exactly one: dsn_env (a variable's name) or service (an entry of pg_service.conf)"
            yield Problem(path=path, what=what, todo=todo)


def _ledgers(tables: Mapping[str, Any]) -> Iterator[Problem]:
    """A ledger is that of a runner that we know, or it says where the names of the files are."""
    for side in ("legacy", "owner"):
        source = tables.get(side)
        ledger = source.get("ledger") if isinstance(source, dict) else None
        if not isinstance(source, dict) or not isinstance(ledger, dict):
            continue
        path: KeyPath = (side, "ledger")
        named = ledger.get("format", PLAIN_LEDGER if "name_column" in ledger else source.get("format"))
        if not isinstance(named, str | None):  # told already, as not one of the words
            continue
        given = [name for name in ("name_column", "checksum_column", "name_format") if name in ledger]
        if named in LEDGERS and given:
            what = f"has {given[0]} beside the format {named}, which says what columns there are"
            yield Problem(path=path, what=what, todo="leave one of them out")
        elif named not in LEDGERS:
            for name, expected in _PLAIN_LEDGER:
                if name not in ledger:
                    todo = f"add it below [{side}.ledger], or name the runner: format = one of {', '.join(LEDGERS)}"
                    yield Problem(path=(*path, name), what=f"is missing, expected {expected}", todo=todo)


def _hypertables(tables: Mapping[str, Any]) -> Iterator[Problem]:
    for position, value in _items(tables, "hypertable"):
        if ("chunk_interval" in value) == ("partitions" in value):
            both = "chunk_interval" in value
            yield Problem(
                path=("hypertable", position),
                what=f"has {'both chunk_interval and partitions' if both else 'neither chunk_interval nor partitions'}",
                todo="expected exactly one: a dimension is cut by interval or by hash; write one [[hypertable]] for each",
            )


def _probes(tables: Mapping[str, Any]) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, value in _items(tables, "probe"):
        name = value.get("name")
        if isinstance(name, str) and name in seen:
            yield Problem(
                path=("probe", position, "name"), what="is the name of another probe too", todo="give each its own name"
            )
        elif isinstance(name, str):
            seen.add(name)


def _rules(tables: Mapping[str, Any]) -> Iterator[Problem]:
    of_tables = (source_problems, rule_problems, policy_problems, boot_problems, seed_problems, snapshot_problems)
    of_all = (found for problems in of_tables for found in problems(tables))
    for path, what, todo in (*of_all, *repository_problems(tables, SCHEMA)):
        yield Problem(path=path, what=what, todo=todo)


def _items(tables: Mapping[str, Any], name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    value = tables.get(name)
    for position, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield position, item


def _bare(name: str) -> str:
    """A key as TOML writes it; one that needs quotes may hold anything, so it is not repeated when it looks secret."""
    if name.replace("-", "").replace("_", "").isalnum():
        return name
    return '"…"' if found_secret(name) else f'"{name}"'
