"""Find audit.toml, read it, and give back a validated Project or an error with every problem at its line."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from migration_audit.model.errors import ConfigError, UsageError
from migration_audit.project.boundary import read_bounded
from migration_audit.project.describe import TablePlace, build_settings
from migration_audit.project.locate import KeyPath, absolute, locate, nearest
from migration_audit.project.repositories import expanded
from migration_audit.project.secrecy import TODO, lines_with_credentials
from migration_audit.project.settings import SCHEMA, Project
from migration_audit.project.validate import validate

FILE_NAME: Final = "audit.toml"
FALLBACK: Final = "pyproject.toml"
_IN_PYPROJECT: Final = ("tool", "migration-audit")
_LEAK: Final = "contains a URL with a password, which must not be in this file"
_MOST_BYTES: Final = 10_000_000
_POSITION: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")


def find_project(start: Path) -> Path:
    """The nearest audit.toml in ``start`` or above it, else the nearest pyproject.toml with ``[tool.migration-audit]``.

    Raises UsageError when there is neither.
    """
    here = absolute(start)
    folders = (here, *here.parents)
    for folder in folders:
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    for folder in folders:
        if has_our_table(folder / FALLBACK):
            return folder / FALLBACK
    raise UsageError(
        f"no {FILE_NAME} here or in a parent folder",
        where=str(start),
        todo="`migration-audit init` writes one to start from",
    )


def configuration_in(folder: Path) -> Path | None:
    """The folder's own audit.toml, else its pyproject.toml if that has ``[tool.migration-audit]``; None without either."""
    path = folder / FILE_NAME
    if path.exists() or path.is_symlink():
        return path
    return folder / FALLBACK if has_our_table(folder / FALLBACK) else None


def project_file(named: Path) -> Path:
    """The file that the user named, whether or not it exists, or the nearest one to the folder that the user named.

    Raises UsageError when there is none in the folder or above it.
    """
    return find_project(named) if named.is_dir() else named


def load_project(path: Path) -> Project:
    """The project that ``path`` (audit.toml, or a pyproject.toml with ``[tool.migration-audit]``) describes.

    Raises ConfigError with all problems at once, each with its line; values of the file are not repeated in it.
    Variables that are not set, folders that do not exist and patterns that match nothing are found later, where they
    are used.
    """
    shown = _shown(path)
    return project_of(_read(path, shown), path=path, shown=shown)


def project_of(content: bytes, *, path: Path, shown: str) -> Project:
    """The project that the file at ``path`` described when it held ``content``; messages call it ``shown``.

    Raises ConfigError like ``load_project``.
    """
    return replace(_project(_decoded(content, shown), path, shown), content=content)


def audited_digest(content: bytes, *, file_name: str = FILE_NAME) -> str:
    """SHA-256 (hex) over what the content of an audit.toml (or pyproject.toml) says about the audit itself.

    Who signs, where reports go, comments and order do not count: a change of these makes no audit stale. Raises ValueError
    for what is not TOML.
    """
    canonical = json.dumps(
        audited_tables(content, file_name=file_name), sort_keys=True, ensure_ascii=True, default=str, separators=(",", ":")
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def audited_tables(content: bytes, *, file_name: str) -> dict[str, Any]:
    """What the content of an audit.toml (or pyproject.toml) says about the audit itself; raises ValueError for no TOML."""
    tables = tomllib.loads(content.decode("utf-8-sig"))
    if file_name == FALLBACK:
        tables = _section(tables, file_name)
    return {name: value for name, value in tables.items() if name not in {"policy", "report"}}


def _project(text: str, path: Path, shown: str) -> Project:
    prefix: KeyPath = _IN_PYPROJECT if path.name == FALLBACK else ()
    leaks = [] if prefix else [(line, _LEAK, TODO) for line in lines_with_credentials(text)]
    try:
        tables, lines = _parse(text, shown)
    except ConfigError as error:
        raise (_error(shown, leaks) if leaks else error) from None
    if prefix:
        tables = _section(tables, shown)
        lines = {at[len(prefix) :]: line for at, line in lines.items() if at[: len(prefix)] == prefix}
    head = "".join(f"{part}." for part in prefix)
    found = [(nearest(lines, p.path), f"{head}{p.key} {p.what}", p.todo) for p in validate(tables)]
    reported = {line for line, _, todo in found if todo == TODO}
    found += [leak for leak in leaks if leak[0] not in reported]
    if found:
        raise _error(shown, found)
    whole, here = expanded(tables, SCHEMA), absolute(path)
    return build_settings(
        Project, whole, TablePlace(root=whole, directory=here.parent, shown=path.name, lines=lines), path=here
    )


def _error(shown: str, found: Iterable[tuple[int, str, str]]) -> ConfigError:
    """One error whose text is that of each problem in turn, in the order of their lines."""
    each = [ConfigError(what, where=f"{shown}:{line}", todo=todo) for line, what, todo in sorted(set(found))]
    if len(each) == 1:
        return each[0]
    first = each[0]
    whole = "\n".join(str(error) for error in each)
    return ConfigError(whole.removeprefix(f"{first.where}: "), where=first.where)


def _shown(path: Path) -> str:
    """The path as an editor started here would find it."""
    whole = absolute(path)
    return str(whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole)


def _read(path: Path, shown: str) -> bytes:
    try:
        return read_bounded(path, most=_MOST_BYTES)
    except FileNotFoundError:
        raise UsageError("the file does not exist", where=shown, todo="`migration-audit init` writes one") from None
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=shown, todo="name a file that can be read") from error


def _decoded(content: bytes, shown: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8 here", where=f"{shown}:{line}", todo="save the file as UTF-8") from None


def _parse(text: str, shown: str) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    """The tables of the text, and where each key is in it."""
    try:
        return tomllib.loads(text), locate(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        position = _POSITION.search(message)
        line, column = (position[1], position[2]) if position and position[1] else (max(1, len(text.splitlines())), None)
        at = f"column {column}" if column else "the end of the file"
        what = f"is not valid TOML at {at}: {_POSITION.sub('', message)}"
        raise ConfigError(what, where=f"{shown}:{line}", todo="see https://toml.io for the format") from None
    except RecursionError:
        raise ConfigError("is nested too deeply", where=f"{shown}:1", todo="see https://toml.io") from None


def _section(tables: dict[str, Any], shown: str) -> dict[str, Any]:
    section: Any = tables
    for name in _IN_PYPROJECT:
        section = section.get(name) if isinstance(section, dict) else None
    if isinstance(section, dict):
        return section
    raise ConfigError(
        "has no table [tool.migration-audit]", where=f"{shown}:1", todo=f"add it, or write an {FILE_NAME} next to it"
    )


def has_our_table(path: Path) -> bool:
    """Whether a pyproject.toml has our table; one that cannot be read counts as one without it."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    tool = tables.get("tool")
    return isinstance(tool, dict) and "migration-audit" in tool
