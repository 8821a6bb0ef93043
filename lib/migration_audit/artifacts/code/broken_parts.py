"""The parts of a source file that its grammar does not understand, as whole statements and lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from migration_audit.artifacts.code.languages import SourceLanguage
from migration_audit.artifacts.code.literals import line_of
from migration_audit.artifacts.text import word_set
from migration_audit.model.code import Opaque
from migration_audit.model.location import Location

_HOLDS_STATEMENTS: Final = word_set(
    "block class_body compound_statement do_group document module program source_file statement_block statement_list "
    "switch_body"
)
"""Nodes whose children are statements or members: an error in one child says nothing about the others."""


def broken_parts(root: Node, source: bytes, path: str, language: SourceLanguage) -> tuple[Opaque, ...]:
    """Each part with an error in it, from the first line of its statement to the last.

    Behind an error a text of several lines belongs to it as well: a quote too many turns code into text, and text into code.
    """
    if not root.has_error:
        return ()
    lines = source.decode("utf-8", errors="replace").split("\n")
    made: list[tuple[int, int, int]] = []
    for first, last, at in sorted(_spans(root, language)):
        if made and first <= made[-1][1]:
            made[-1] = (made[-1][0], max(last, made[-1][1]), made[-1][2])
        else:
            made.append((first, last, at))
    reason = f"is not understood as {language.name} here"
    return tuple(
        Opaque(reason=reason, text="\n".join(lines[first - 1 : last]), at=Location(path, at), is_all=root.is_error)
        for first, last, at in made
    )


def _spans(root: Node, language: SourceLanguage) -> Iterator[tuple[int, int, int]]:
    """First line, last line, and the line of the error."""
    errors = list(_errors(root))
    for error in errors:
        whole = _statement(error)
        yield line_of(whole), whole.end_point[0] + 1, line_of(error)
    begin = min((error.start_byte for error in errors), default=0)
    for text in _texts(root, language):
        if text.start_byte >= begin and text.end_point[0] > text.start_point[0]:
            yield line_of(text), text.end_point[0] + 1, line_of(text)


def _errors(root: Node) -> Iterator[Node]:
    todo = [root]
    while todo:
        node = todo.pop()
        if node.is_error or node.is_missing:
            yield node
        else:
            todo += [child for child in node.children if child.has_error or child.is_missing]


def _statement(node: Node) -> Node:
    """The statement that holds the node."""
    while node.parent is not None and node.parent.type not in _HOLDS_STATEMENTS:
        node = node.parent
    return node


def _texts(root: Node, language: SourceLanguage) -> Iterator[Node]:
    todo = [root]
    while todo:
        node = todo.pop()
        if node.type in language.strings:
            yield node
        else:
            todo += node.children
