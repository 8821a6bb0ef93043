"""The commands that manifests name: ``scripts`` of package.json, entry points of pyproject.toml."""

from __future__ import annotations

import json
import posixpath
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tree_sitter import Node

from migration_audit.artifacts.code.languages import JSON
from migration_audit.artifacts.code.literals import fold_expression, line_of
from migration_audit.model.code import CodeFile, ManifestScript, Unread
from migration_audit.model.location import Location
from migration_audit.project.locate import locate

MANIFESTS: Final = ("package.json", "pyproject.toml")

_ENTRY_POINTS: Final = (
    ("project", "scripts"),
    ("project", "gui-scripts"),
    ("tool", "poetry", "scripts"),
    ("tool", "pdm", "scripts"),
    ("tool", "poe", "tasks"),
    ("tool", "hatch", "envs", "default", "scripts"),
    ("tool", "taskipy", "tasks"),
)


def read_scripts(text: str, path: str) -> tuple[CodeFile, Unread | None]:
    """The scripts of a manifest, each with its words."""
    is_json = posixpath.basename(path) == "package.json"
    try:
        scripts = tuple(_of_package(text, path) if is_json else _of_pyproject(text, path))
    except (ValueError, RecursionError) as error:  # tomllib and json raise kinds of it
        language = "JSON" if is_json else "TOML"
        return CodeFile(path=path, language=language), Unread(path=path, reason=f"is not valid {language}: {error}")
    return CodeFile(path=path, language="JSON" if is_json else "TOML", scripts=scripts), None


def shell_words_of(command: str) -> tuple[str, ...]:
    """The words of a shell command, operators among them; of one that no shell would take, what blanks part."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return tuple(lexer)
    except ValueError:
        return tuple(command.split())


def _of_package(text: str, path: str) -> Iterator[ManifestScript]:
    json.loads(text)
    for key, value in pairs(JSON.parse(text.encode())):
        if key == "scripts" and value.type == "object":
            for name, command in pairs(value):
                if command.type == "string":
                    yield ManifestScript(
                        name=name, words=shell_words_of(text_in(command)), at=Location(path, line_of(command))
                    )
        elif key in {"main", "bin", "module", "exports", "prisma"}:
            for name, target in _targets(key, value):
                yield ManifestScript(name=name, words=(target,), at=Location(path, line_of(value)))


def _targets(name: str, value: Node) -> Iterator[tuple[str, str]]:
    if value.type == "string":
        yield name, text_in(value)
    elif value.type == "object":
        for key, inner in pairs(value):
            yield from _targets(f"{name} {key}", inner)


def pairs(node: Node) -> Iterator[tuple[str, Node]]:
    """Keys and values of an object of JSON; of a document, those of its object."""
    whole = node.named_children[0] if node.type == "document" and node.named_child_count else node
    for pair in whole.named_children:
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        if key is not None and value is not None:
            yield text_in(key), value


def text_in(node: Node) -> str:
    """What a string of JSON says."""
    folded = fold_expression(node, JSON, {})
    return "".join(chunk.text for chunk in folded.chunks) if folded else ""


def _of_pyproject(text: str, path: str) -> Iterator[ManifestScript]:
    tables, lines = tomllib.loads(text), locate(text)
    for keys in _ENTRY_POINTS:
        table: Any = tables
        for key in keys:
            table = table.get(key, {}) if isinstance(table, Mapping) else {}
        for name, value in table.items() if isinstance(table, Mapping) else ():
            for command in _commands(value):
                yield ManifestScript(
                    name=name, words=shell_words_of(command), at=Location(path, lines.get((*keys, name), 1))
                )


def _commands(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (inner for item in value.values() for inner in _commands(item))
    elif isinstance(value, list):
        yield from (inner for item in value for inner in _commands(item))
