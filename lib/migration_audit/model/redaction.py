"""Secrets: taken out of text that other programs wrote, or compared in memory and never shown.

A catalog holds passwords in places that a comparison must look at: options of foreign servers and user mappings, connection
strings of subscriptions. The server hashes such a value together with a salt that one process makes up at random and forgets
when it ends. Two databases that one process reads are distinguished by the hash; a saved snapshot holds the name alone, so
that there is nothing in it to try a dictionary on. Compared with a saved snapshot, only the name counts.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

MASK = "***"
_SHORTEST = 4
"""A secret of fewer characters would take half of the text with it."""
_PIECE = re.compile(r"\\?[A-Za-z0-9]{6,}")
"""Programs escape what they print in ways of their own; letters and digits in a row stay what they are, but for those
behind a backslash, which some read as an escape."""

_CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Escape sequences and control characters: a terminal would obey them."""
_SECRET_NAME = re.compile(r"pass|pwd|secret|token|key|credential|auth", re.IGNORECASE)
_OPTION = r"(?<![\w-])--[\w-]{0,40}(?:passw(?:or)?d|passphrase|secret|token|api-?key|access-?key)"
# Output has lines of any length: nothing here may look further than some characters ahead of where it begins.
_PATTERNS = (
    re.compile(r"(?P<before>://[^\s/@:\"'<>]{0,200}:)[^\s\"'<>]{1,500}(?P<after>@)"),
    re.compile(
        r"(?P<before>(?!PWD=/)(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|credentials?)[\w-]{0,40}"
        r"[\"']?\s{0,9}(?:=>|[=:])\s{0,9})(?:\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|[^\s,;\"')}\]]+)(?P<after>)",
        re.IGNORECASE,
    ),
    re.compile(rf"(?P<before>{_OPTION}\s{{1,9}})[^\s\"';|&)-][^\s\"';|&)]{{0,500}}(?P<after>)", re.IGNORECASE),
    re.compile(r"(?P<before>\b(?:bearer|basic)\s{1,9})[\w.~+/=-]{8,}(?P<after>)", re.IGNORECASE),
    re.compile(r"(?P<before>password\s{1,9})e?'(?:[^']|'')*'(?P<after>)", re.IGNORECASE),
    re.compile(
        r"(?P<before>-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----).*?(?P<after>-----END (?:[A-Z]+ )*PRIVATE KEY-----|\Z)",
        re.DOTALL,
    ),
    re.compile(r"(?P<before>)\b(?:AKIA|ASIA)[A-Z0-9]{16}\b(?P<after>)"),
    re.compile(r"(?P<before>)\b(?:gh[pousr]|github_pat|glpat|npm|sk|xox[abprs])[_-][\w-]{16,}(?P<after>)"),
    re.compile(r"(?P<before>)\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*(?P<after>)"),
)


@dataclass(frozen=True, slots=True)
class Redaction:
    """Texts that must not be shown."""

    secrets: tuple[str, ...]
    """The longest first: one may be a part of another."""

    @classmethod
    def of(cls, *secrets: str, named: Mapping[str, str]) -> Redaction:
        """These secrets, and those values of ``named`` whose names say that they are one."""
        found = {*secrets, *(value for name, value in named.items() if _SECRET_NAME.search(name))}
        found = {form for each in found if len(each) >= _SHORTEST for form in (each, *_pieces(each))}
        return cls(tuple(sorted(found, key=lambda secret: (-len(secret), secret))))

    def of_text(self, text: str) -> str:
        """``text`` without the secrets, without what looks like one, and without what a terminal would obey.

        >>> Redaction.of("s3cret", named={}).of_text("at s3cret: password=other, http://a:b@c")
        'at ***: password=***, http://a:***@c'
        """
        text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\g<before>{MASK}\g<after>", text)
        return text

    def masked(self, text: str) -> str:
        """``text`` with a star in place of each character of what ``of_text`` takes out; lengths and lines stay.

        >>> Redaction(("s3cret",)).masked("at s3cret: password=other")
        'at ******: password=*****'
        """
        for secret in self.secrets:
            text = text.replace(secret, MASK[0] * len(secret))
        for pattern in _PATTERNS:
            text = pattern.sub(_stars, text)
        return text

    def masked_words(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """The words of a command, each masked; one behind an option for a secret as a whole.

        >>> Redaction(()).masked_words(("run", "--api-token", "abc"))
        ('run', '--api-token', '***')
        """
        hidden = [MASK[0] * len(word) if _takes_secret(before) else None for before, word in pairwise(("", *words))]
        return tuple(stars or self.masked(word) for stars, word in zip(hidden, words, strict=True))


def is_secret_name(name: str) -> bool:
    """Whether the name of a variable says that its value is a secret."""
    return bool(_SECRET_NAME.search(name))


def _takes_secret(word: str) -> bool:
    """Whether the next word of a command is a secret: ``--token``."""
    return bool(re.fullmatch(_OPTION, word, re.IGNORECASE))


def _stars(found: re.Match[str]) -> str:
    before, after = found["before"], found["after"]
    hidden = found.group()[len(before) : len(found.group()) - len(after)]
    return before + re.sub(r"[^\n]", MASK[0], hidden) + after


def _pieces(secret: str) -> Iterator[str]:
    for piece in _PIECE.findall(secret):
        yield piece.lstrip("\\")
        if piece.startswith("\\"):
            yield piece[2:]


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
        """The text that people see, and the hash that is not shown."""
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
