"""SQL as tokens, and the words with which its statements begin; without comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import postgast

from migration_audit.artifacts.text import word_set
from migration_audit.model.identifiers import bare

_T: Final = postgast.pg_query_pb2.Token
_COMMENTS: Final = frozenset({_T.SQL_COMMENT, _T.C_COMMENT})
_STRINGS: Final = frozenset({_T.SCONST, _T.USCONST})
_DOLLAR: Final = re.compile(r"(\$\w*\$)(.*)\1\Z", re.DOTALL)

_VERBS: Final = frozenset({"CREATE", "ALTER", "DROP", "COMMENT", "GRANT", "REVOKE", "REASSIGN", "IMPORT", "REFRESH"})
_MODIFIERS: Final = word_set(
    "OR REPLACE GLOBAL LOCAL TEMP TEMPORARY UNLOGGED UNIQUE MATERIALIZED RECURSIVE TRUSTED PROCEDURAL CONSTRAINT EVENT "
    "FOREIGN DEFAULT DATA TEXT SEARCH ACCESS USER LARGE ON"
)
_KINDS: Final = word_set(
    "TABLE INDEX VIEW SCHEMA EXTENSION FUNCTION PROCEDURE ROUTINE TRIGGER TYPE DOMAIN SEQUENCE ROLE USER GROUP DATABASE "
    "POLICY RULE AGGREGATE CAST COLLATION CONVERSION LANGUAGE OPERATOR PUBLICATION SUBSCRIPTION SERVER STATISTICS "
    "TABLESPACE TRANSFORM METHOD CONFIGURATION DICTIONARY PARSER TEMPLATE WRAPPER MAPPING PRIVILEGES OBJECT OWNED SYSTEM "
    "COLUMN CONSTRAINT"
)
_BETWEEN: Final = frozenset({"IF", "NOT", "EXISTS", "CONCURRENTLY", "ONLY", "FOR", "FAMILY", "CLASS"})
_ANALYZE: Final = frozenset({"ANALYZE", "ANALYSE"})
_STARTS: Final = frozenset({"BEGIN", "THEN", "ELSE", "LOOP"})


@dataclass(frozen=True, slots=True)
class EmbeddedSqlToken:
    """One token, with its place in the text (in characters)."""

    text: str
    start: int
    end: int
    is_string: bool

    @property
    def word(self) -> str:
        """In capitals; empty for a quoted name, which is not a keyword."""
        return "" if self.text.startswith('"') or self.is_string else self.text.upper()

    @property
    def content(self) -> str:
        """What a string or a quoted name holds; else the text itself."""
        if self.is_string and (dollar := _DOLLAR.match(self.text)):
            return dollar[2]
        if self.is_string:
            return self.text[self.text.index("'") + 1 : -1].replace("''", "'")
        return bare(self.text) if self.text.startswith('"') else self.text


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of one statement: its tokens from ``start`` to ``end``."""

    start: int
    end: int
    command: str | None
    """``CREATE UNIQUE INDEX``; None for a statement that is not DDL by its first words."""
    named: str | None
    """What follows: the name of the object; None where the text ends before it."""


def tokens_of(text: str) -> list[EmbeddedSqlToken]:
    """The tokens of a text; what follows an unclosed quote is left out."""
    raw = text.encode(errors="replace")
    try:
        found = postgast.scan(text).tokens
    except postgast.PgQueryError as error:
        stop = (error.cursorpos or 1) - 1
        return tokens_of(text[:stop]) if 0 < stop < len(text) else []
    places = _Places(raw)
    return [
        EmbeddedSqlToken(
            text=raw[t.start : t.end].decode(errors="replace"),
            start=places.character(t.start),
            end=places.character(t.end),
            is_string=t.token in _STRINGS,
        )
        for t in found
        if t.token not in _COMMENTS
    ]


def heads(tokens: list[EmbeddedSqlToken], *, procedural: bool = False) -> Iterator[Head]:
    """The statements that the tokens make; ``procedural``: those in a body of PL/pgSQL, which follow BEGIN and THEN too."""
    start, depth = 0, 0
    for position, token in enumerate([*tokens, None]):
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token else 0
        ends = token is None or (token.text == ";" and depth <= 0)
        if ends or (procedural and token is not None and token.word in _STARTS):
            if start < position:
                yield _head(tokens, start + _explained([each.word for each in tokens[start:position]]), position)
            start = position + 1


def _explained(words: list[str]) -> int:
    """How many words there are before a statement that EXPLAIN ANALYZE executes; 0 where it is not executed."""
    if words[0] != "EXPLAIN" or len(words) < 3:
        return 0
    end = words.index(")") if words[1] == "(" and ")" in words else 0
    options, behind = (words[2:end], end + 1) if end else (words[1:3], 1)
    while not end and words[behind : behind + 1] and words[behind] in {*_ANALYZE, "VERBOSE"}:
        behind += 1
    on = [
        at
        for at, word in enumerate(options)
        if word in _ANALYZE and options[at + 1 : at + 2] not in (["FALSE"], ["OFF"], ["0"])
    ]
    return behind if on and behind < len(words) else 0


def _head(tokens: list[EmbeddedSqlToken], start: int, end: int) -> Head:
    words = [token.word for token in tokens[start:end]]
    command, behind = _command(words)
    while behind < len(words) and words[behind] in _BETWEEN:
        behind += 1
    named = tokens[start + behind].text if command and behind < len(words) else None
    return Head(start, end, command, named)


def _command(words: list[str]) -> tuple[str | None, int]:
    """The command in words, and how many words that is."""
    verb = words[0]
    if verb in {"GRANT", "REVOKE"}:
        return (verb, 1) if {"TO", "FROM", "ON"} & set(words) or len(words) == 1 else (None, 0)
    if verb in {"TRUNCATE", "CLUSTER"}:
        return verb, 2 if words[1:2] == ["TABLE"] else 1
    if words[:2] == ["SECURITY", "LABEL"]:
        return "SECURITY LABEL", 2
    length = _kind_at(words) if verb in _VERBS else 0
    return (" ".join(words[:length]), length) if length else (None, 0)


def _kind_at(words: list[str]) -> int:
    """How many words there are up to the kind of the object; 0 where the words are no kind."""
    for position, word in enumerate(words[1:], start=1):
        following = words[position + 1] if position + 1 < len(words) else ""
        if word in _KINDS and not (word in _MODIFIERS and following in _KINDS):
            return position + 1
        if word not in _MODIFIERS:
            break
    return 0


class _Places:
    """Offsets in bytes as offsets in characters."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._bytes = 0
        self._characters = 0

    def character(self, offset: int) -> int:
        self._characters += len(self._raw[self._bytes : offset].decode(errors="replace"))
        self._bytes = offset
        return self._characters
