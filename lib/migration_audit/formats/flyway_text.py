"""Flyway's own reading of a file: its placeholders, where it ends a statement, what it runs outside of a transaction.

Flyway splits a file by a tokenizer of its own (``Parser`` and ``PostgreSQLParser``), which knows less of PostgreSQL than
PostgreSQL does: ``e'…'`` with a small e has no escapes for it. Where it cuts, it cuts; the loader refuses a cut through what
PostgreSQL reads as one statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
   (?P<dollar>\$[^$]*\$?)
 | (?P<string>'(?>[^']*+(?:''[^']*+)*+)'?)
 | (?P<open>\() | (?P<close>\))
 | (?P<quoted>"(?>[^"]*+(?:""[^"]*+)*+)"?(?:\.(?:"(?>[^"]*+(?:""[^"]*+)*+)"?|[\w$]*+)){0,2})
 | (?P<comment>--[^\n\r]*+)
 | (?P<block>/\*)
 | (?P<number>\d++)
 | (?P<escaped>[BEX]'(?>[^'\\]*+(?:(?:''|\\(?:.|\Z))[^'\\]*+)*+)'?)
 | (?P<unicode>U&'(?>[^']*+(?:''[^']*+)*+)'?)
 | (?P<delimiter>;)
 | (?P<word>[^\W\d][\w$]*+(?:\.(?:"(?>[^"]*+(?:""[^"]*+)*+)"?|[\w$]*+)){0,2})
 | (?P<space>\s++)
 | (?P<symbol>.)
""",
    re.VERBOSE | re.DOTALL,
)
_KEYWORD = re.compile(r"[^\W\d]+")
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_COPY = re.compile(r"COPY( .*)? FROM STDIN")
_COPY_END = re.compile(r"^[ \t\r\f\v]*\\\.[ \t\r\f\v]*$", re.MULTILINE)
_OUTSIDE = re.compile(
    r"(?:CREATE|DROP) (?:DATABASE|TABLESPACE|SUBSCRIPTION)|ALTER SYSTEM|(?:CREATE|DROP)(?: UNIQUE)? INDEX CONCURRENTLY"
    r"|REINDEX(?: VERBOSE)? (?:SCHEMA|DATABASE|SYSTEM)|VACUUM|DISCARD ALL"
)
"""What Flyway knows that PostgreSQL refuses in a transaction (12 and later: ALTER TYPE … ADD VALUE may be in one)."""
_MOST_WORDS = 10
"""Flyway looks no further into a statement to find out what it is."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One statement as Flyway ends it."""

    start: int
    """Offset of its first token, in characters."""
    end: int
    """Offset behind its semicolon, or the length of the text."""
    in_transaction: bool
    """False for what Flyway runs outside of a transaction."""


def cut_statements(text: str) -> Iterator[Cut]:
    """The statements of ``text``, placeholders replaced, as Flyway cuts them; comments alone do not count."""
    at = 0
    while (statement := _Statement(text, at).read()) is not None:
        yield statement.cut
        at = statement.after


class _Statement:
    """One statement while its tokens are read."""

    def __init__(self, text: str, at: int) -> None:
        self._text = text
        self.after = at
        """Where the next one begins: behind the data of a COPY."""
        self._start: int | None = None
        self._depth = 0
        self._blocks: list[str] = []
        self._previous = ""
        self._words: list[str] = []
        self._count = 0
        self._is_copy = False
        self._in_transaction: bool | None = None
        self._end = at

    @property
    def cut(self) -> Cut:
        return Cut(self._start or 0, self._end, self._in_transaction is not False)

    def read(self) -> _Statement | None:
        while (match := _TOKEN.match(self._text, self.after)) is not None:
            group = match.lastgroup or "symbol"
            self.after = self._token_end(group, match)
            if group in {"space", "comment", "block"}:
                continue
            if group == "delimiter" and self._start is None:
                continue
            if group == "delimiter" and self._depth == 0 and not self._blocks:
                self._end = self.after
                if self._is_copy:
                    self.after = _behind_copy_data(self._text, self.after)
                return self
            if self._start is None and group not in {"open", "close"}:
                self._start = match.start()
            self._take(group, match[0])
        self._end = len(self._text)
        return None if self._start is None else self

    def _token_end(self, group: str, match: re.Match[str]) -> int:
        if group == "block":
            return _comment_end(self._text, match.end())
        if group == "dollar":
            # A tag over several lines is never found again: Flyway looks for it in one line.
            close = -1 if "\n" in match[0] else self._text.find(match[0], match.end())
            return len(self._text) if close < 0 else close + len(match[0])
        return match.end()

    def _take(self, group: str, token: str) -> None:
        if group in {"open", "close"}:
            self._depth = self._depth + 1 if group == "open" else max(0, self._depth - 1)
            return
        word = token.upper() if group == "word" and _KEYWORD.fullmatch(token) else ""
        if word and self._depth == 0:
            self._count += 1
            self._follow_blocks(word)
            self._classify(word)
        self._previous = word

    def _follow_blocks(self, word: str) -> None:
        is_body = (self._previous, word) == ("BEGIN", "ATOMIC")
        if is_body or (word == "CASE" and self._blocks[-1:] == ["ATOMIC"]):
            self._blocks.append(word)
        elif word == "END" and self._blocks:
            self._blocks.pop()

    def _classify(self, word: str) -> None:
        if self._count > _MOST_WORDS:
            return
        self._words.append(word)
        so_far = " ".join(self._words)
        self._is_copy |= _COPY.fullmatch(so_far) is not None
        if self._in_transaction is None and _OUTSIDE.fullmatch(so_far):
            self._in_transaction = False


def _comment_end(text: str, at: int) -> int:
    depth = 1
    while depth:
        edge = _COMMENT_EDGE.search(text, at)
        if edge is None:
            return len(text)
        depth += 1 if edge[0] == "/*" else -1
        at = edge.end()
    return at


def _behind_copy_data(text: str, at: int) -> int:
    start = text.find("\n", at) + 1 or len(text)
    end = _COPY_END.search(text, start)
    return len(text) if end is None else min(end.end() + 1, len(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholders:
    """How a placeholder is written, and what replaces it."""

    values: Mapping[str, str]
    """By name, in small letters."""
    prefix: str = "${"
    suffix: str = "}"


def replace_placeholders(text: str, placeholders: Placeholders, missing: Callable[[str, int], str]) -> str:
    """``text`` with values in the place of placeholders, wherever they are: in comments and strings too.

    ``missing`` is called with the name and the offset of one without a value; what it returns is taken. As in Flyway, the
    character after a ``$`` that begins no placeholder is passed over unread: ``$${x}`` holds none.
    """
    prefix = placeholders.prefix
    found: list[str] = []
    at = 0
    while (start := text.find(prefix[0], at)) >= 0:
        found.append(text[at:start])
        at, taken = start, start + 1
        while taken - at < len(prefix) and taken <= len(text) and text[at:taken] == prefix[: taken - at]:
            taken += 1
        taken = min(taken, len(text))
        if text[at:taken] != prefix:
            found.append(text[at:taken])
            at = taken
            continue
        close = text.find(placeholders.suffix, taken)
        name = text[taken:close] if close >= 0 else text[taken:]
        value = placeholders.values.get(name.lower())
        found.append(missing(name, at) if value is None else value)
        at = close + len(placeholders.suffix) if close >= 0 else len(text)
    return "".join([*found, text[at:]])
