"""Other names for the modules of a project: ``paths`` of tsconfig.json, ``imports`` of package.json."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tree_sitter import Node

from migration_audit.artifacts.code.imports import Aliases
from migration_audit.artifacts.code.languages import JSON
from migration_audit.artifacts.code.scripts import pairs, text_in
from migration_audit.artifacts.text import folders_above, read_text
from migration_audit.model.errors import ArtifactError
from migration_audit.project.boundary import boundary_of

_CONFIGS: Final = ("tsconfig.json", "jsconfig.json", "tsconfig.base.json")
_DEEPEST: Final = 8


def read_aliases(root: Path, folder: str) -> Aliases:
    """The aliases that hold in ``folder``: of the nearest configuration in it or above it, up to ``root``.

    What cannot be read adds no alias: an import is then known by the last parts of its name alone.
    """
    found: list[tuple[str, str]] = []
    for above in (folder, *folders_above(folder)):
        for name in _CONFIGS:
            if (root / above / name).is_file():
                found += _of_config(root, posixpath.join(above, name))
        if (root / above / "package.json").is_file():
            found += _of_package(root, posixpath.join(above, "package.json"))
    return tuple(dict.fromkeys(found))


def _of_config(root: Path, path: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    top = dict(pairs(_parse(root, path)))
    folder = posixpath.dirname(path)
    boundary = boundary_of(root, root / path)
    if "extends" in top and depth < _DEEPEST:
        bases = top["extends"].named_children if top["extends"].type == "array" else [top["extends"]]
        for base in (text_in(node) for node in bases if node.type == "string"):
            target = posixpath.normpath(posixpath.join(folder, base if base.endswith(".json") else f"{base}.json"))
            is_ours = boundary.target_outside(root / target) is None
            if base.startswith(".") and is_ours and (root / target).is_file():
                yield from _of_config(root, target, depth + 1)
    options = dict(pairs(top["compilerOptions"])) if "compilerOptions" in top else {}
    base_url = text_in(options["baseUrl"]) if "baseUrl" in options else None
    start = posixpath.normpath(posixpath.join(folder, base_url or "."))
    for alias, targets in pairs(options["paths"]) if "paths" in options else ():
        for node in targets.named_children:
            yield alias, posixpath.normpath(posixpath.join(start, text_in(node)))
    if base_url is not None:
        yield "*", posixpath.normpath(posixpath.join(start, "*"))


def _of_package(root: Path, path: str) -> Iterator[tuple[str, str]]:
    top = dict(pairs(_parse(root, path)))
    for written, value in pairs(top["imports"]) if "imports" in top else ():
        for target in _strings(value):
            yield written, posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def _strings(node: Node) -> Iterator[str]:
    if node.type == "string":
        yield text_in(node)
    elif node.type == "object":
        yield from (text for _, value in pairs(node) for text in _strings(value))


def _parse(root: Path, path: str) -> Node:
    try:
        return JSON.parse(read_text(root / path, root).encode())
    except ArtifactError:
        return JSON.parse(b"{}")
