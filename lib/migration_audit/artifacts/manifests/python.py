"""pyproject.toml, requirements files, and the lock files of Python's tools."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from migration_audit.artifacts.code.languages import JSON, line_of
from migration_audit.artifacts.code.scripts import pairs
from migration_audit.model.code import LibraryDependency
from migration_audit.model.location import Location
from migration_audit.project.locate import KeyPath, locate, nearest

_NAME: Final = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*([^;#]*)")
_EGG: Final = re.compile(r"[#&]egg=([\w.-]+)")


def pyproject(text: str, path: str) -> Iterator[LibraryDependency]:
    """Every library of PEP 621, PEP 735, Poetry, PDM, Hatch and uv tables."""
    tables, lines = tomllib.loads(text), locate(text)
    for keys, value in _walk(tables, ()):
        section = ".".join(str(key) for key in keys if not isinstance(key, int))
        if isinstance(value, str) and _is_list_of_requirements(keys):
            yield from _requirement(value, section, Location(path, nearest(lines, keys)))
        elif _is_poetry_table(keys) and keys[-1] != "python":
            version = value if isinstance(value, str) else ""
            name = str(keys[-1])
            yield LibraryDependency(
                name=name, section=".".join(map(str, keys[:-1])), version=version, at=Location(path, nearest(lines, keys))
            )


def requirements(text: str, path: str) -> Iterator[LibraryDependency]:
    """Every library that a requirements file names; options and files that it includes aside."""
    for number, line in enumerate(text.splitlines(), start=1):
        plain = re.sub(r"(?:^|\s)#.*", "", line).strip()
        if not plain:
            continue
        at = Location(path, number)
        if egg := _EGG.search(line):
            yield LibraryDependency(name=egg[1], section="requirements", at=at)
        elif not plain.startswith("-") and "://" not in plain.partition("@")[0]:
            yield from _requirement(plain, "requirements", at)


def toml_lock(text: str, path: str) -> Iterator[LibraryDependency]:
    """Every package of poetry.lock, uv.lock, pdm.lock and pylock.toml."""
    tables, lines = tomllib.loads(text), locate(text)
    found = [key for key in ("package", "packages") if isinstance(tables.get(key), list)]
    if not found:
        if tables.get("lock-version") or tables.get("version") or tables.get("metadata"):
            return
        raise ValueError("it contains no [[package]]")
    for key in found:
        for position, package in enumerate(tables[key]):
            at = Location(path, nearest(lines, (key, position, "name")))
            yield LibraryDependency(
                name=str(package.get("name", "")), section="packages", version=str(package.get("version", "")), at=at
            )


def pipfile(text: str, path: str) -> Iterator[LibraryDependency]:
    """Every library of a Pipfile."""
    tables, lines = tomllib.loads(text), locate(text)
    for section, table in tables.items():
        if section not in {"source", "requires", "scripts", "pipenv"} and isinstance(table, Mapping):
            for name, value in table.items():
                at = Location(path, nearest(lines, (section, name)))
                yield LibraryDependency(name=name, section=section, version=value if isinstance(value, str) else "", at=at)


def pipfile_lock(text: str, path: str) -> Iterator[LibraryDependency]:
    """Every package of a Pipfile.lock."""
    json.loads(text)
    for section, table in pairs(JSON.parse(text.encode())):
        if section != "_meta":
            for name, value in pairs(table):
                yield LibraryDependency(name=name, section=section, at=Location(path, line_of(value)))


def _requirement(text: str, section: str, at: Location) -> Iterator[LibraryDependency]:
    if match := _NAME.match(text):
        yield LibraryDependency(name=match[1], section=section, version=match[2].strip(), at=at)


def _walk(value: Any, keys: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    yield keys, value
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _walk(inner, (*keys, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _walk(inner, (*keys, position))


def _is_list_of_requirements(keys: KeyPath) -> bool:
    names = tuple(key for key in keys if isinstance(key, str))
    if not keys or not isinstance(keys[-1], int):
        return False
    return (
        names in {("project", "dependencies"), ("build-system", "requires"), ("tool", "uv", "dev-dependencies")}
        or names[:2] == ("project", "optional-dependencies")
        or names[:1] == ("dependency-groups",)
        or names[:3] == ("tool", "pdm", "dev-dependencies")
        or (names[:3] == ("tool", "hatch", "envs") and names[-1] in {"dependencies", "extra-dependencies"})
    )


def _is_poetry_table(keys: KeyPath) -> bool:
    return len(keys) >= 4 and keys[:2] == ("tool", "poetry") and keys[-2] in {"dependencies", "dev-dependencies"}
