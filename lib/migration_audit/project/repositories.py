"""``[repository.NAME]``: other repositories, and the paths ``NAME:path`` that lead into them.

Everything after this module knows only paths relative to audit.toml, such as ``../processor/src``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from migration_audit import formats
from migration_audit.model.location import Location
from migration_audit.project.keys import PREFIX, Key, KeyTable, Leads, pattern
from migration_audit.project.locate import KeyPath, absolute
from migration_audit.project.settings_repository import Repository

Found = tuple[KeyPath, str, str]
"""Path of the key, what is wrong, what to do."""

REVISION: Final = r"[A-Za-z0-9_@][\w./@{}^~-]*"
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]+")
_RESERVED: Final = frozenset(
    {*formats.NAMES, "audit", "env", "service", "file", "local", "postgres", "postgresql", "git", "ssh", "http", "https"}
)
_SOURCES: Final = ("legacy", "owner")
_HOME: Final = ("report.out", "policy.allowed_signers", "policy.revoked")


def _is_repository_path(value: Any) -> bool:
    return (
        isinstance(value, str)
        and bool(value.strip())
        and value.isprintable()
        and not value.startswith(("/", "~"))
        and not re.search(r"[*?\[\]{}\\:]", value)
    )


REPOSITORY_KEYS: Final[Mapping[str, Key]] = {
    "path": Key(
        expected="the repository's folder, relative to this file and without wildcards, such as ../processor",
        accepts=_is_repository_path,
        required=True,
    ),
    "policy_from": pattern(REVISION, "a git revision, such as origin/main"),
}


def repository_name(folder: str) -> str:
    """A name that a repository may have, as near to the name of its folder as it can be.

    >>> repository_name("Service One"), repository_name("flyway"), repository_name("7")
    ('service-one', 'flyway-repository', 'repository-7')
    """
    name = re.sub(r"[^a-z0-9_-]+", "-", folder.lower()).strip("-_")
    if name in _RESERVED:
        return f"{name}-repository"
    return name if _NAME.fullmatch(name) else f"repository-{name}".rstrip("-")


def build_repository(name: str, table: Mapping[str, Any], directory: Path, at: Location) -> Repository:
    """The settings of a valid ``[repository.NAME]``; ``directory`` is that of audit.toml."""
    path = posixpath.normpath(table["path"])
    return Repository(
        name=name, path=path, directory=absolute(directory / path), policy_from=table.get("policy_from"), at=at
    )


def repository_problems(tables: Mapping[str, Any], spec: KeyTable) -> Iterator[Found]:
    """What is wrong with the repositories and with each ``NAME:path`` of valid tables."""
    declared = tables.get("repository")
    known: Mapping[str, Any] = declared if isinstance(declared, dict) else {}
    yield from _names(known)
    for path, value in _paths(tables, spec):
        yield from _prefix(path, value, known)
    for name in _HOME:
        table, key = name.split(".")
        written = tables[table].get(key) if isinstance(tables.get(table), dict) else None
        if isinstance(written, str) and _split(written)[0] in known:
            todo = "write a path beside this file, without the name of a repository"
            yield (table, key), "is in another repository; reports and policy are beside audit.toml", todo
    for side in _SOURCES:
        if isinstance(tables.get(side), dict):
            yield from _source(side, tables[side])


def expanded(tables: Mapping[str, Any], spec: KeyTable) -> dict[str, Any]:
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
            yield ("repository", name), "is not a name that can stand in front of a path", todo
        elif name in _RESERVED:
            yield ("repository", name), "has a meaning of its own in front of a path", "give the repository another name"
        path = table.get("path") if isinstance(table, dict) else None
        if isinstance(path, str):
            first = seen.setdefault(posixpath.normpath(path), name)
            if first != name:
                yield ("repository", name, "path"), f"is the path of {first} too", "name each repository once"


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
            what = f"is of another repository than the first one: {each}"
            yield (side, key, position), what, "all patterns of one source are of one repository: its path is the root"
        elif names and names[0] is not None and "root" in table:
            todo = f'leave out the name here and write root = "{names[0]}:…", or leave out root'
            yield (side, key, 0), "names a repository, and root is given too", todo


def _paths(value: Any, spec: KeyTable, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Every text of a key that takes paths."""
    for name, item in value.items() if isinstance(value, dict) else ():
        here = (*path, name)
        if name in spec.keys and spec.keys[name].leads is not Leads.NOWHERE:
            for position, text in enumerate(item if isinstance(item, list) else [item]):
                if isinstance(text, str):
                    yield (*here, position) if isinstance(item, list) else here, text
        elif (inner := spec.tables.get(name) or spec.any_table) is not None:
            yield from _paths(item, inner, here)
        elif name in spec.arrays:
            for position, part in enumerate(item if isinstance(item, list) else ()):
                yield from _paths(part, spec.arrays[name], (*here, position))


def _mapped(table: Mapping[str, Any], spec: KeyTable, change: Callable[[str], str]) -> dict[str, Any]:
    """Valid tables with each path that counts from audit.toml changed."""
    found: dict[str, Any] = {}
    for name, item in table.items():
        if name in spec.keys:
            is_path = spec.keys[name].leads is Leads.FROM_HERE
            texts = [change(t) for t in item] if isinstance(item, list) and is_path else item
            found[name] = change(item) if is_path and isinstance(item, str) else texts
        elif name in spec.arrays:
            found[name] = [_mapped(part, spec.arrays[name], change) for part in item]
        else:
            found[name] = _mapped(item, spec.tables.get(name) or spec.any_table, change)  # type: ignore[arg-type]
    return found
