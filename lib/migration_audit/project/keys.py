"""What a single key of audit.toml accepts, and the words in which an error says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, Protocol

from migration_audit.project.names import split_qualified

PREFIX: Final = re.compile(r"([A-Za-z][\w-]+):")
"""The name of a repository in front of a path. One letter alone is none: it would be a drive."""


class Leads(Enum):
    """Whether the values of a key are paths or globs, and where these begin."""

    NOWHERE = auto()
    FROM_HERE = auto()
    """At the folder of audit.toml."""
    FROM_ROOT = auto()
    """At the ``root`` of the same source."""


class KeyTable(Protocol):
    """A table of keys: its own, its sub-tables and its arrays of tables, each by name."""

    @property
    def keys(self) -> Mapping[str, Key]:
        """Its own keys."""

    @property
    def tables(self) -> Mapping[str, KeyTable]:
        """Its sub-tables."""

    @property
    def arrays(self) -> Mapping[str, KeyTable]:
        """Its arrays of tables."""

    @property
    def any_table(self) -> KeyTable | None:
        """What each sub-table of a name that the user chooses is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key: a test of its value, and what the test expects in words."""

    expected: str
    accepts: Callable[[Any], bool]
    takes: type = str
    """The type of value that it may accept, so that an error can tell a wrong type from a wrong value."""
    required: bool = False
    choices: tuple[str, ...] = ()
    """The texts that it accepts, where they can be listed."""
    leads: Leads = Leads.NOWHERE


def text(expected: str, *, required: bool = False, leads: Leads = Leads.NOWHERE) -> Key:
    """One line of text that is not blank."""
    return Key(expected=expected, accepts=_is_line, required=required, leads=leads)


def long_text(expected: str, *, required: bool = False) -> Key:
    """Text of any number of lines that is not blank."""
    return Key(expected=expected, accepts=_is_text, required=required)


def pattern(regex: str, expected: str) -> Key:
    """Text that the whole regular expression matches."""
    compiled = re.compile(regex)
    return Key(expected=expected, accepts=lambda value: isinstance(value, str) and bool(compiled.fullmatch(value)))


def qualified(expected: str, *, required: bool = False) -> Key:
    """``schema.name``."""
    return Key(
        expected=expected,
        accepts=lambda value: isinstance(value, str) and split_qualified(value) is not None,
        required=required,
    )


def choice(*allowed: str, or_else: tuple[str, str] | None = None) -> Key:
    """One of a few words, or else a text of another form: an example of it, and the regular expression for it."""
    example, regex = or_else or ("", r"(?!)")
    return Key(
        expected=f"one of {', '.join(filter(None, [*allowed, example]))}",
        accepts=lambda value: value in allowed or (isinstance(value, str) and bool(re.fullmatch(regex, value))),
        choices=allowed,
    )


def choices(*allowed: str) -> Key:
    """A list of some of a few words, none of them twice."""
    return Key(
        expected=f"a list with one or more of {', '.join(allowed)}",
        takes=list,
        accepts=lambda value: _is_list(value) and all(v in allowed for v in value) and len(set(value)) == len(value),
        choices=allowed,
    )


def path(expected: str, *, required: bool = False) -> Key:
    """A path relative to audit.toml, or ``NAME:path`` of a repository."""
    return text(f"{expected}, or NAME:path of a repository", required=required, leads=Leads.FROM_HERE)


def globs(expected: str, *, required: bool = False, leads: Leads = Leads.FROM_HERE) -> Key:
    """A list of globs, each relative or ``NAME:glob`` of a repository."""
    return texts(
        expected, item=lambda glob: not PREFIX.sub("", glob, count=1).startswith("/"), required=required, leads=leads
    )


def texts(
    expected: str,
    *,
    item: Callable[[str], bool] = bool,
    required: bool = False,
    leads: Leads = Leads.NOWHERE,
) -> Key:
    """A list of texts, at least one."""
    return Key(
        expected=expected,
        takes=list,
        accepts=lambda value: _is_list(value) and all(_is_line(v) and item(v) for v in value),
        required=required,
        leads=leads,
    )


def words(expected: str) -> Key:
    """A table of names and texts."""
    return Key(
        expected=expected,
        takes=dict,
        accepts=lambda value: (
            isinstance(value, dict) and bool(value) and all(_is_line(v) for v in (*value, *value.values()))
        ),
    )


def variables(expected: str) -> Key:
    """A table of names, as psql has them for its variables, and texts, which may be empty."""
    return Key(
        expected=expected,
        takes=dict,
        accepts=lambda value: (
            isinstance(value, dict)
            and all(_VARIABLE.fullmatch(name) for name in value)
            and all(isinstance(text, str) and "\0" not in text for text in value.values())
        ),
    )


def integer(*, minimum: int, expected: str) -> Key:
    """A whole number; true and false are none."""
    return Key(expected=expected, takes=int, accepts=lambda value: _is_integer(value) and minimum <= value < 2**31)


def flag(expected: str = "true or false", *, allowed: tuple[bool, ...] = (True, False)) -> Key:
    """True or false, or only one of them."""
    return Key(expected=expected, takes=bool, accepts=lambda value: isinstance(value, bool) and value in allowed)


def duration(expected: str) -> Key:
    """An interval as PostgreSQL writes it, or the whole number of an integer dimension."""
    return Key(
        expected=expected,
        accepts=lambda value: (
            value > 0 if _is_integer(value) else isinstance(value, str) and bool(_INTERVAL.fullmatch(value))
        ),
    )


_UNIT: Final = r"(?:microsecond|millisecond|second|minute|hour|day|week|month|mon|year)s?"
_INTERVAL: Final = re.compile(
    rf"(?:0*[1-9]\d* {_UNIT})(?: \d+ {_UNIT})*(?: \d\d:\d\d:\d\d(?:\.\d+)?)?|\d\d:\d\d:\d\d(?:\.\d+)?"
)
_VARIABLE: Final = re.compile(r"[A-Za-z0-9_\x80-\U0010ffff]+")


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and "\0" not in value
