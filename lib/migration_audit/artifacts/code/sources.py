"""The source files that a rule of audit.toml names, read and parsed, or the reason why one could not be read.

Import aliases come from ``paths`` of tsconfig.json and ``imports`` of package.json.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Final

from tree_sitter import Node

from migration_audit.artifacts.code.ddl import head_comment, read_sql
from migration_audit.artifacts.code.imports import Aliases, Resolver
from migration_audit.artifacts.code.languages import JSON, language_of
from migration_audit.artifacts.code.pipelines import is_pipeline, read_pipeline
from migration_audit.artifacts.code.scripts import MANIFESTS, pairs, read_scripts, text_in
from migration_audit.artifacts.code.syntax import read_source
from migration_audit.artifacts.files import find_files, is_one_of
from migration_audit.artifacts.text import check_artifact_inside, folders_above, read_text
from migration_audit.model.code import CodeFile, CodeScope, FixtureFacts, Unread
from migration_audit.model.errors import ArtifactError, AuditError
from migration_audit.model.location import Location
from migration_audit.project import AuditRule
from migration_audit.project.boundary import boundary_of

_CONFIGS: Final = ("tsconfig.json", "jsconfig.json", "tsconfig.base.json")
_DEEPEST: Final = 8
Reading = tuple[CodeFile | None, Unread | None]


def _read_aliases(root: Path, folder: str) -> Aliases:
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


class SourceTree:
    """The source files below the folder of audit.toml; each is read once, however many rules look at it."""

    def __init__(self, root: Path) -> None:
        """Nothing is read yet."""
        self.root = root
        self._read: dict[str, Reading] = {}
        self._aliases: dict[str, Aliases] = {}

    def scope(self, globs: Sequence[str], excluded: Sequence[str] = ()) -> CodeScope:
        """The files that ``globs`` name and ``excluded`` does not. A file of no known language is in ``unread``."""
        found = find_files(self.root, globs, excluded)
        readings = [self.read(path) for path in self._with_followed(found.paths, excluded)]
        missing = [Unread(path=glob, reason="matches no file or folder", line=None) for glob in found.missing]
        return CodeScope(
            files=tuple(file for file, _ in readings if file is not None),
            unread=(*missing, *(unread for _, unread in readings if unread is not None)),
            empty=found.empty,
        )

    def _with_followed(self, paths: Sequence[str], excluded: Sequence[str]) -> list[str]:
        made = list(paths)
        boundary = boundary_of(self.root, *(self.root / path for path in paths))
        for path in made:  # it grows
            if (target := boundary.target_outside(self.root / path)) is not None and path not in paths:
                reason = f"leads to {target}, which is outside of {boundary} and is not read"
                self._read[path] = None, Unread(path=path, reason=reason)
            file, _ = self.read(path)
            made += [each for each in (file.follows if file else ()) if each not in made and not is_one_of(each, excluded)]
        return made

    def read(self, path: str) -> Reading:
        """What one file holds, and what of it could not be understood."""
        if path not in self._read:
            self._read[path] = self._reading(path)
        return self._read[path]

    def _reading(self, path: str, *, is_included: bool = False) -> Reading:
        try:
            check_artifact_inside(self.root / path, self.root)
            if (self.root / path).is_dir():  # its files would be here otherwise
                return None, Unread(path=path, reason="is a folder whose files cannot be listed: check its permissions")
            return self._understood(path, is_included=is_included)
        except AuditError as error:
            return None, Unread(path=path, reason=error.what)

    def _understood(self, path: str, *, is_included: bool = False) -> Reading:
        language, in_pipeline = language_of(path), is_included or is_pipeline(path)
        is_manifest = posixpath.basename(path) in MANIFESTS
        is_sql = path.lower().endswith((".sql", ".psql", ".ddl"))
        if language is None and not is_manifest and not is_sql and not in_pipeline:
            return None, Unread(path=path, reason="is in a language that the audit does not read")
        text = read_text(self.root / path, self.root)
        if is_sql:
            return read_sql(text, path)
        if in_pipeline:
            return read_pipeline(text, path, self._resolver, lambda name: self._called_file(path, name))
        scripts, unread = read_scripts(text, path) if is_manifest else (None, None)
        if language is None or unread is not None:
            return scripts, unread
        code = read_source(text.encode(), path, language, self._resolver)
        return (replace(code, scripts=scripts.scripts) if scripts else code), None

    def _called_file(self, path: str, name: str) -> str | None:
        """The action or pipeline that another one names from the root of the repository: some folder above it."""
        plain = posixpath.normpath(name.removeprefix("./").strip("/") or ".")
        tails = (plain, f"{plain}/action.yml", f"{plain}/action.yaml")
        paths = [posixpath.normpath(posixpath.join(folder, tail)) for folder in folders_above(path) for tail in tails]
        boundary = boundary_of(self.root, self.root / path)
        known = (each for each in paths if boundary.target_outside(self.root / each) is None)
        there = next((each for each in known if (self.root / each).is_file()), None)
        if there is not None and there not in self._read:
            self._read[there] = (None, None)  # they may lead back to each other
            self._read[there] = self._reading(there, is_included=True)
        return there

    @cached_property
    def _resolver(self) -> Resolver:
        return Resolver(aliases=self._aliases_of)

    def _aliases_of(self, path: str) -> Aliases:
        folder = posixpath.dirname(path)
        if folder not in self._aliases:
            self._aliases[folder] = _read_aliases(self.root, folder)
        return self._aliases[folder]


def read_fixture(tree: SourceTree, rule: AuditRule) -> FixtureFacts:
    """What the tree says of the fixture of one rule; what could not be read is in ``unread``."""
    (path,) = rule.what
    scope = tree.scope(rule.loaded_by, rule.excluded)
    exists = (tree.root / path).is_file()
    unread = [*scope.unread, *_may_load(scope, path)]
    head = ""
    if exists:
        try:
            head = head_comment(read_text(tree.root / path, tree.root))
        except AuditError as error:
            unread.append(Unread(path=path, reason=error.what))
    return FixtureFacts(
        path=path,
        exists=exists,
        head=head,
        expected_head=rule.head,
        loads=tuple(sorted({at for file in scope.files for at in _loads(file, path, tree.root)})),
        loaded_by=rule.loaded_by,
        looked_at=len(scope.files),
        unread=tuple(unread),
        where=str(rule.at),
    )


def _may_load(scope: CodeScope, fixture: str) -> Iterator[Unread]:
    """Parts of tests that could not be read and name the fixture."""
    for part in (part for file in scope.files for part in file.opaque):
        if posixpath.basename(fixture) in part.text:
            yield Unread(path=part.at.path, reason=f"{part.reason}, and mentions the fixture", line=part.at.line)


def _loads(file: CodeFile, fixture: str, root: Path) -> Iterator[Location]:
    """Texts of a program that name the fixture: by its path from here or from any folder above, or by its name alone."""
    for literal in file.literals:
        text = literal.text.strip()
        if posixpath.basename(text) != posixpath.basename(fixture) or re.search(r"\s", text):
            continue
        if text == posixpath.basename(fixture) or _names(text, file.path, fixture, root):
            yield literal.at


def _names(text: str, path: str, fixture: str, root: Path) -> bool:
    start = posixpath.dirname(path)
    if text.startswith("."):
        here = posixpath.normpath(posixpath.join(start, text))
        # `./test/fixtures/x.sql` is read from where the tests are started: any folder above.
        if here == fixture or (root / here).is_file():
            return here == fixture
    parts = tuple(part for part in text.split("/") if part not in {"", ".", ".."} and "…" not in part)
    return parts == tuple(fixture.split("/"))[-len(parts) :]
