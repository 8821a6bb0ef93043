"""Which legacy statements are in the owner's files too, letter by letter or but for white space and comments."""

from __future__ import annotations

from collections import defaultdict

from migration_audit.formats.lexer import TokenKind, tokens
from migration_audit.model.location import Location
from migration_audit.model.sql import Similarity, SqlSource, Statement, StatementKind, StatementMatch, short_statement


def match_statements(legacy: SqlSource, owner: SqlSource) -> tuple[StatementMatch, ...]:
    """Each legacy statement in order, ``IDENTICAL``, ``NORMALISED`` or else ``ABSENT``: only the text is looked at.

    A statement that occurs several times is matched with the owner's in the same order, the last one as often as it takes.
    Statements that begin or end a transaction are left out.
    """
    same_bytes, same_tokens = _Places(), _Places()
    for statement in _stated(owner):
        same_bytes.add(_bytes(statement), statement.at)
        same_tokens.add(_spelling(statement), statement.at)
    found = []
    for statement in _stated(legacy):
        similarity, at = Similarity.IDENTICAL, same_bytes.next(_bytes(statement))
        if at is None:
            similarity, at = Similarity.NORMALISED, same_tokens.next(_spelling(statement))
        if at is None:
            similarity = Similarity.ABSENT
        found.append(
            StatementMatch(legacy=statement.at, text=short_statement(statement.text), similarity=similarity, owner=at)
        )
    return tuple(found)


def _stated(source: SqlSource) -> list[Statement]:
    return [statement for statement in source.statements if statement.kind is not StatementKind.TRANSACTION]


def _bytes(statement: Statement) -> tuple[str, ...]:
    return statement.text, statement.data


def _spelling(statement: Statement) -> tuple[str, ...]:
    """The tokens without comments; outside of quotes the case of a word means nothing."""
    data = statement.text.encode()
    words = []
    for token in tokens(data):
        word = data[token.start : token.end].decode()
        words.append(word.lower() if token.kind is TokenKind.WORD else word)
    return *words, statement.data


class _Places:
    """Where each text is, each place given once, and then the last one again."""

    def __init__(self) -> None:
        self._at: defaultdict[tuple[str, ...], list[Location]] = defaultdict(list)

    def add(self, text: tuple[str, ...], at: Location) -> None:
        self._at[text].append(at)

    def next(self, text: tuple[str, ...]) -> Location | None:
        places = self._at.get(text)
        if not places:
            return None
        return places.pop(0) if len(places) > 1 else places[0]
