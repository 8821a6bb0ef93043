"""Which extensions a server must have before the SQL of a source can run on it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import postgast

from migration_audit.formats.lexer import TokenKind, tokens, unquoted
from migration_audit.model.command import AnySource, CommandSource
from migration_audit.model.identifiers import bare
from migration_audit.model.sql import StatementKind

_TIMESCALE_NAMES = {"create_hypertable", "tsdb", "timescaledb"}
_ROUTINE_OR_DO = re.compile(r"(?:do|create\s+(?:or\s+replace\s+)?(?:function|procedure))\b", re.IGNORECASE)
_DO = re.compile(r"do\b", re.IGNORECASE)
_CONSTANT = re.compile(r"\s*'((?:[^']|'')*)'\s*\Z")


def needed_extensions(source: AnySource) -> frozenset[str]:
    """The names in CREATE EXTENSION, also in DO blocks, and ``timescaledb`` where its functions or options are used.

    SQL that a DO block puts together at run time cannot be known beforehand: the server then reports what it lacks. Of a
    command, only what its files name.
    """
    if isinstance(source, CommandSource):
        return source.extensions
    names: set[str] = set()
    for statement in source.statements:
        if statement.kind is StatementKind.SQL:
            names.update(_needed_by(statement.text))
    return frozenset(names)


def _needed_by(text: str) -> Iterator[str]:
    folded = text.casefold()
    if "extension" not in folded and not any(name in folded for name in _TIMESCALE_NAMES):
        return
    yield from _named_in(text)
    if not _ROUTINE_OR_DO.match(text):
        return
    is_do = bool(_DO.match(text))
    for inner in _inner_sql(text):
        for name in _named_in(inner):
            if is_do or name == "timescaledb":
                yield name


def _named_in(text: str) -> Iterator[str]:
    """The extensions that one stretch of SQL names outside of its quotes and comments."""
    data = text.encode()
    spelled = [
        (token.kind, data[token.start : token.end].decode())
        for token in tokens(data)
        if token.kind in (TokenKind.WORD, TokenKind.QUOTED, TokenKind.OPEN, TokenKind.OTHER)
    ]
    for index, (kind, word) in enumerate(spelled):
        if kind is not TokenKind.WORD:
            continue
        following = [w.lower() for _, w in spelled[index + 1 : index + 5]]
        if word.lower() == "create" and following[:1] == ["extension"]:
            place = index + 5 if following[1:4] == ["if", "not", "exists"] else index + 2
            if place < len(spelled):
                yield bare(spelled[place][1])
        elif word.lower() in _TIMESCALE_NAMES and _is_used(word.lower(), following):
            yield "timescaledb"


def _is_used(word: str, following: list[str]) -> bool:
    return following[:1] == ["("] if word == "create_hypertable" else bool(following) and following[0].startswith(".")


def _inner_sql(text: str) -> Iterator[str]:
    """The SQL in the body of a DO block or routine; the body as a whole where it is not PL/pgSQL."""
    try:
        found = list(_queries(postgast.parse_plpgsql(text)))
    except (postgast.PgQueryError, json.JSONDecodeError, RecursionError):
        found = []
    if found:
        for query in found:
            constant = _CONSTANT.match(query)
            yield constant[1].replace("''", "'") if constant else query
        return
    data = text.encode()
    for token in tokens(data):
        if token.kind is TokenKind.STRING:
            yield unquoted(data[token.start : token.end].decode())


def _queries(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "query" and isinstance(value, str):
                yield value
            else:
                yield from _queries(value)
    elif isinstance(node, list):
        for item in node:
            yield from _queries(item)
