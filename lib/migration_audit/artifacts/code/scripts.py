"""The commands that manifests name: ``scripts`` of package.json, entry points of pyproject.toml."""

from __future__ import annotations

import json
import posixpath
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tree_sitter import Node

from migration_audit.artifacts.code.languages import JSON, line_of
from migration_audit.artifacts.text import word_set
from migration_audit.model.code import CodeFile, ManifestScript, Unread
from migration_audit.model.location import Location
from migration_audit.project.locate import locate

MANIFESTS: Final = word_set(
    "package.json pyproject.toml turbo.json turbo.jsonc nx.json project.json tasks.json deno.json deno.jsonc"
)
_TASKS: Final = frozenset({"tasks", "pipeline", "targets", "targetDefaults", "wireit"})
"""Keys that hold tasks by name, or as a list."""
_RUN_FIRST: Final = frozenset({"dependsOn", "with", "dependencies", "script", "target"})
_COMMANDS: Final = frozenset({"command", "commands", "args"})

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
    name = posixpath.basename(path)
    is_json = name != "pyproject.toml"
    try:
        if name == "package.json":
            json.loads(text)
        top = JSON.parse(text.encode()) if is_json else None
        scripts = tuple(_of_pyproject(text, path)) if top is None else (*_of_package(top, name, path), *_of_tasks(top, path))
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


def _of_package(top: Node, file: str, path: str) -> Iterator[ManifestScript]:
    for key, value in pairs(top) if file == "package.json" else ():
        if key == "scripts" and value.type == "object":
            for name, command in pairs(value):
                if command.type == "string":
                    yield ManifestScript(
                        name=name, words=shell_words_of(text_in(command)), at=Location(path, line_of(command))
                    )
        elif key in {"main", "bin", "module", "exports", "prisma"}:
            for name, target in _targets(key, value):
                yield ManifestScript(name=name, words=(target,), at=Location(path, line_of(value)))


def _of_tasks(top: Node, path: str) -> Iterator[ManifestScript]:
    """Tasks of task runners, with the tasks that run before each of them, and the commands."""
    for key, value in pairs(top):
        named = pairs(value) if value.type == "object" else (("", each) for each in value.named_children)
        for name, task in named if key in _TASKS else ():
            words = (text_in(task),) if task.type == "string" else tuple(_task_words(task))
            yield ManifestScript(name=_task(name), words=words or (_task(name),), at=Location(path, line_of(task)))


def _task_words(node: Node) -> Iterator[str]:
    for key, value in pairs(node) if node.type == "object" else ():
        if key in _RUN_FIRST:
            yield from (word for text in _texts(value) for word in ("npm", "run", _task(text), ";"))
        elif key in _COMMANDS:
            yield from (word for text in _texts(value) for word in (*shell_words_of(text), *(";" * (key != "args"))))
        elif value.type == "object":
            yield from _task_words(value)


def _texts(node: Node) -> Iterator[str]:
    if node.type == "string":
        yield text_in(node)
    for child in (value for _, value in pairs(node)) if node.type == "object" else node.named_children:
        yield from _texts(child)


def _task(name: str) -> str:
    """The task of ``^build``, ``api#build`` and ``api:build`` alike."""
    return name.lstrip("^").rpartition("#")[2]


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
    return str(json.loads(node.text or b'""'))


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
