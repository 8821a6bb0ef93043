"""The SQL fixture of the integration tests: its head, and the tests that load it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from migration_audit.artifacts.code.sources import SourceTree
from migration_audit.artifacts.code.sql_files import head_comment
from migration_audit.artifacts.text import read_text
from migration_audit.model.code import CodeFile, CodeScope, FixtureFacts, Unread
from migration_audit.model.errors import AuditError
from migration_audit.model.location import Location
from migration_audit.project import AuditRule


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
