"""Values that may be secret: compared while they are in memory, never shown and never kept.

A catalog holds passwords in places that a comparison must look at: options of foreign servers and user mappings, connection
strings of subscriptions. The server hashes such a value together with a salt that one process makes up at random and forgets
when it ends. Two databases that one process reads are told apart by the hash; a saved snapshot holds the name alone, so that
there is nothing in it to try a dictionary on. Compared with a saved snapshot, only the name counts.
"""

from __future__ import annotations

import secrets

MARK = "\x1e"
"""Stands between the text of a redacted value and its hash, where a query gives one."""

NOT_READABLE = "(not readable)"
"""Stands in the place of a value that the reading role may not see, and of a list of which it may see nothing."""

SALT = secrets.token_hex(32)
"""This process's salt. Never written anywhere, never compared."""


class Redacted(str):
    """``password=(redacted)``: equal to the same text, unless both know their value and the values differ."""

    __slots__ = ("_fingerprint",)
    _fingerprint: str

    def __new__(cls, text: str, fingerprint: str) -> Redacted:
        """The text that people see, and the hash that nobody sees."""
        made = super().__new__(cls, text)
        made._fingerprint = fingerprint
        return made

    def __eq__(self, other: object) -> bool:
        """As text; and by fingerprint where the other one has one too."""
        if isinstance(other, Redacted) and self._fingerprint != other._fingerprint:
            return False
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        """What ``__eq__`` denies; str brings its own."""
        return not self == other

    __hash__ = str.__hash__


def unmarked(text: str) -> str:
    """The text as a query gave it, with its hash put out of sight where it has one."""
    shown, mark, fingerprint = text.partition(MARK)
    return Redacted(shown, fingerprint) if mark else text
