"""``[repository.NAME]``: other repositories, and the paths ``NAME:path`` that lead into them.

Everything after this module knows only paths relative to audit.toml, such as ``../processor/src``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from migration_audit import formats
from migration_audit.model.location import Location
from migration_audit.project import keys
from migration_audit.project.describe import Shape, TableSpec, computed, setting, table_in
from migration_audit.project.keys import PREFIX, REVISION, Leads
from migration_audit.project.locate import Found, KeyPath, absolute

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]+")
_RESERVED: Final = frozenset(
    {*formats.NAMES, "audit", "env", "service", "file", "local", "postgres", "postgresql", "git", "ssh", "http", "https"}
)
_SOURCES: Final = ("legacy", "owner")
_HOME: Final = ("report.out", "policy.allowed_signers", "policy.revoked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """Where a repository is, and at which revision the gate reads it."""

    name: str = computed(lambda _, place: place.path[-1])
    path: str = setting(
        keys.text(
            "the repository's folder, relative to this file and without wildcards, such as ../processor",
            r"(?![/~])(?!.*[*?\[\]{}\\:])",
        ),
        "Relative to this file.",
        example='"../processor"',
        convert=posixpath.normpath,
        required=True,
    )
    """With ``/`` and without needless parts: ``../processor``."""
    directory: Path = computed(lambda table, place: absolute(place.directory / table["path"]))
    """The same from the root."""
    policy_from: str | None = setting(
        keys.pattern(REVISION, "a git revision, such as origin/main"),
        "The protected branch at which the gate reads this repository, where a change of another one is to be merged. "
        "Left out: its working tree.",
        example='"origin/main"',
    )
    at: Location = field(compare=False)


def repository_name(folder: str) -> str:
    """A name that a repository may have, as near to the name of its folder as it can be.

    >>> repository_name("Service One"), repository_name("flyway"), repository_name("7")
    ('service-one', 'flyway-repository', 'repository-7')
    """
    name = re.sub(r"[^a-z0-9_-]+", "-", folder.lower()).strip("-_")
    if name in _RESERVED:
        return f"{name}-repository"
    return name if _NAME.fullmatch(name) else f"repository-{name}".rstrip("-")


def repository_problems(tables: Mapping[str, Any], spec: TableSpec) -> Iterator[Found]:
    """What is wrong with the repositories and with each ``NAME:path`` of valid tables."""
    known = table_in(tables, "repository")
    yield from _names(known)
    for path, value in _paths(tables, spec):
        yield from _prefix(path, value, known)
    for name in _HOME:
        table, key = name.split(".")
        written = table_in(tables, table).get(key)
        if isinstance(written, str) and _split(written)[0] in known:
            todo = "write a path relative to this file, without the name of a repository"
            yield (table, key), "is in another repository; reports and policy are in the repository of audit.toml", todo
    for side in _SOURCES:
        yield from _source(side, table_in(tables, side))


def expanded(tables: Mapping[str, Any], spec: TableSpec) -> dict[str, Any]:
    """Valid tables in which each ``NAME:path`` is a path relative to audit.toml; a source's patterns are below its root."""
    repositories = {name: posixpath.normpath(table["path"]) for name, table in tables.get("repository", {}).items()}

    def expand(path: str) -> str:
        name, inside = _split(path)
        return path if name is None else posixpath.normpath(posixpath.join(repositories[name], inside or "."))

    found: dict[str, Any] = _mapped(tables, spec, expand)
    for side in _SOURCES:
        for key in ("sql", "files"):
            entries = [_split(entry) for entry in found[side].get(key, ())]
            names = {name for name, _ in entries if name is not None}
            if names:
                found[side] |= {key: [inside for _, inside in entries], "root": repositories[names.pop()]}
    return found


def _split(path: str) -> tuple[str | None, str]:
    """The name in front of a path, and the path."""
    match = PREFIX.match(path)
    return (match[1], path[match.end() :]) if match else (None, path)


def _names(known: Mapping[str, Any]) -> Iterator[Found]:
    seen: dict[str, str] = {}
    for name, table in known.items():
        if not _NAME.fullmatch(name):
            todo = "expected two or more lower-case letters, digits, - and _, the first of them a letter"
            yield ("repository", name), "is not a valid name for a repository", todo
        elif name in _RESERVED:
            yield ("repository", name), "is reserved as a path prefix", "give the repository another name"
        path = table.get("path") if isinstance(table, dict) else None
        if isinstance(path, str):
            first = seen.setdefault(posixpath.normpath(path), name)
            if first != name:
                yield ("repository", name, "path"), f"is also the path of {first}", "name each repository once"


def _prefix(path: KeyPath, value: str, known: Mapping[str, Any]) -> Iterator[Found]:
    name, inside = _split(value)
    if name is None:
        within = [each for each in known if re.search(rf"[{{,!|(]{re.escape(each)}:", value)]
        if within:
            yield path, f"names the repository {within[0]} inside a pattern", "write the name in front of the whole pattern"
        return
    if name not in known:
        todo = f"the repositories are {', '.join(known)}" if known else f"add [repository.{name}] with its path"
        yield path, f"names a repository {name} that is not declared", f"{todo}; a file of that name is ./{name}:…"
    elif inside.startswith(("/", "~")) or ".." in inside.split("/"):
        yield path, f"leads out of the repository {name}", f"expected a path inside it, such as {name}:src"


def _source(side: str, table: Mapping[str, Any]) -> Iterator[Found]:
    for key in ("sql", "files"):
        entries = table.get(key)
        texts = [entry for entry in entries if isinstance(entry, str)] if isinstance(entries, list) else []
        names = [_split(entry)[0] for entry in texts]
        if len(set(names)) > 1:
            each = ", ".join(dict.fromkeys(name or "no repository" for name in names))
            position = next(number for number, name in enumerate(names) if name != names[0])
            what = f"is in a different repository than the first one: {each}"
            yield (side, key, position), what, "all patterns of one source must be in one repository: its path is the root"
        elif names and names[0] is not None and "root" in table:
            todo = f'remove the name here and write root = "{names[0]}:…", or remove root'
            yield (side, key, 0), "names a repository, but root is also set", todo


def _paths(value: Any, spec: TableSpec, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Every text of a key that takes paths."""
    for name, item in value.items() if isinstance(value, dict) else ():
        here = (*path, name)
        inner = spec.tables.get(name) or spec.any_table
        if name in spec.keys and spec.keys[name].leads is not Leads.NOWHERE:
            for position, text in enumerate(item if isinstance(item, list) else [item]):
                if isinstance(text, str):
                    yield (*here, position) if isinstance(item, list) else here, text
        elif inner is not None and inner.shape is Shape.ARRAY:
            for position, part in enumerate(item if isinstance(item, list) else ()):
                yield from _paths(part, inner, (*here, position))
        elif inner is not None:
            yield from _paths(item, inner, here)


def _mapped(table: Mapping[str, Any], spec: TableSpec, change: Callable[[str], str]) -> dict[str, Any]:
    """Valid tables with each path that counts from audit.toml changed."""
    found: dict[str, Any] = {}
    for name, item in table.items():
        if name in spec.keys:
            is_path = spec.keys[name].leads is Leads.FROM_HERE
            texts = [change(t) for t in item] if isinstance(item, list) and is_path else item
            found[name] = change(item) if is_path and isinstance(item, str) else texts
        elif (inner := spec.tables.get(name) or spec.any_table) is not None:
            is_array = inner.shape is Shape.ARRAY
            found[name] = [_mapped(part, inner, change) for part in item] if is_array else _mapped(item, inner, change)
    return found
