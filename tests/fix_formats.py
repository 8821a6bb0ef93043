"""Folders for formats, without a disk."""

from __future__ import annotations

from collections.abc import Mapping

from migration_audit.formats import Options, Plan, Tree, find_format


def tree(files: Mapping[str, str | bytes], *, shown: str = "db", is_whole: bool = True) -> Tree:
    """A folder with these files."""
    contents = {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}
    return Tree(shown=shown, paths=tuple(sorted(contents)), read=contents.__getitem__, is_whole=is_whole)


def plan(form: str, *trees: Tree, placeholders: Mapping[str, str] | None = None) -> Plan:
    """What the format of this name makes of the folders."""
    return find_format(form).plan(trees, Options(placeholders=placeholders or {}))


def applied(found: Plan) -> list[tuple[str, str]]:
    """Path and applied text of each step, spaces and line ends folded."""
    return [(file.path, " ".join(file.text.decode().split())) for file in found.files]
