"""The variables of one psql session: what ``\\set`` gives them, what ``:name`` then means, and which cannot be known.

The rules are psql's (https://www.postgresql.org/docs/current/app-psql.html, "Variables" and "SQL Interpolation"; its
``variables.c`` and ``settings.h`` for the names that it treats specially).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from migration_audit.model.identifiers import in_quotes, literal

NO_VARIABLES: Final[Mapping[str, str]] = MappingProxyType({})

NAME: Final = re.compile(r"[A-Za-z0-9_\x80-\U0010ffff]+")
"""What psql accepts as the name of a variable: digits may come first."""


class RefusedError(Exception):
    """Something of psql that cannot be done exactly; the caller knows the line."""

    def __init__(self, reason: str, todo: str) -> None:
        """``reason`` completes "… is refused:"."""
        super().__init__(reason)
        self.reason = reason
        self.todo = todo


_RESULTS = frozenset({"ERROR", "SQLSTATE", "ROW_COUNT", "LASTOID", "LAST_ERROR_MESSAGE", "LAST_ERROR_SQLSTATE"}) | {
    *("SHELL_ERROR", "SHELL_EXIT_CODE"),
    *("PIPELINE_SYNC_COUNT", "PIPELINE_COMMAND_COUNT", "PIPELINE_RESULT_COUNT"),
}
"""Variables that psql sets again after a statement or a program."""

_CONNECTION = frozenset({"DBNAME", "USER", "HOST", "PORT", "ENCODING", "SERVICE", "SERVICEFILE"})
_VERSIONS = frozenset({"VERSION", "VERSION_NAME", "VERSION_NUM", "SERVER_VERSION_NAME", "SERVER_VERSION_NUM"})
_SWITCHES = frozenset({"AUTOCOMMIT", "ON_ERROR_STOP", "ON_ERROR_ROLLBACK", "QUIET", "SINGLELINE", "SINGLESTEP"}) | {
    *("HIDE_TABLEAM", "HIDE_TOAST_COMPRESSION", "SHOW_ALL_RESULTS"),
}
"""Settings of psql that are on or off; ON_ERROR_ROLLBACK may be ``interactive`` too."""
_SETTINGS = _SWITCHES | {
    *("COMP_KEYWORD_CASE", "ECHO", "ECHO_HIDDEN", "FETCH_COUNT", "HISTCONTROL", "HISTFILE", "HISTSIZE", "IGNOREEOF"),
    *("PROMPT1", "PROMPT2", "PROMPT3", "SHOW_CONTEXT", "VERBOSITY", "WATCH_INTERVAL"),
}
_DEPENDS: Final = {
    **dict.fromkeys(_RESULTS, "psql sets it after each statement"),
    **dict.fromkeys(_CONNECTION, "its value depends on the connection"),
    **dict.fromkeys(_VERSIONS, "its value depends on the version of psql or of the server"),
    **dict.fromkeys(_SETTINGS, "it is a psql setting, which psql's options and psqlrc change"),
}
"""The variables that psql sets on its own, each with the reason why its value is not known here."""

_BEHAVIOUR: Final = {
    "AUTOCOMMIT": (True, "it changes where transactions end"),
    "ON_ERROR_ROLLBACK": (False, "it hides failing statements"),
    "SINGLELINE": (False, "it changes where statements end"),
    "SINGLESTEP": (False, "it asks for confirmation before every statement"),
}
"""Settings that change what reaches the server: the value that leaves all as it is, and what the other one does."""


class Variables:
    """The variables of one session, as its scripts change them in order."""

    def __init__(self, given: Mapping[str, str] = NO_VARIABLES) -> None:
        """Start with ``given``, as ``psql -v NAME=value`` does. Raises RefusedError like ``set``."""
        self._values: dict[str, str] = {}
        self._removed: set[str] = set()
        self.assumed: set[str] = set()
        """Variables whose values ``psql -v`` could change: what set them depends on a variable that nothing sets."""
        for name, value in given.items():
            try:
                self.set(name, value)
            except RefusedError as error:
                raise RefusedError(f"{name} is refused: {error.reason}", error.todo) from None

    def set(self, name: str, value: str) -> None:
        """``\\set name value``. Raises RefusedError for what psql refuses, and for what changes how statements are sent."""
        if not NAME.fullmatch(name):
            raise RefusedError(f'"{name}" is not a valid variable name', "use letters, digits and _")
        if "\0" in value:
            raise RefusedError("the value contains a NUL, where psql truncates it", "remove the NUL")
        if name in _SWITCHES:
            value = value or "on"
            self._check_switch(name, value)
        if name in _SETTINGS and not value:
            self._values.pop(name, None)  # psql puts a default of its own there
            return
        self._removed.discard(name)
        self._values[name] = value

    def unset(self, name: str) -> None:
        """``\\unset name``; a variable that does not exist is not an error."""
        if name in _SWITCHES:
            self._check_switch(name, "off")
        self._values.pop(name, None)
        if name not in _SETTINGS:
            self._removed.add(name)

    def value(self, name: str) -> str | None:
        """The value; None where the variable is not set. Raises RefusedError where only psql itself knows it."""
        if name in _RESULTS or (name not in self._values and name not in self._removed and name in _DEPENDS):
            todo = "write the value out" if name in _RESULTS else f"write the value out, or {how_to_set(name)}"
            raise RefusedError(_DEPENDS[name], todo)
        return self._values.get(name)

    def is_decided(self, name: str) -> bool:
        """Whether the script or audit.toml has set or unset it; what ``psql -v`` says of any other is not known."""
        return name in self._values or name in self._removed

    @staticmethod
    def _check_switch(name: str, value: str) -> None:
        is_on = as_boolean(value)
        if is_on is None and not (name == "ON_ERROR_ROLLBACK" and value.lower() == "interactive"):
            raise RefusedError(f'"{value}" is neither on nor off, so psql rejects it', "write on or off")
        harmless, reason = _BEHAVIOUR.get(name, (is_on, ""))
        if is_on is not None and is_on != harmless:
            raise RefusedError(reason, "remove it, and write what it does as plain SQL")


def how_to_set(name: str) -> str:
    """What to do where a variable has no value: name the key of audit.toml and the option of ``compare``."""
    key = name if name.isascii() else f'"{name}"'
    return (
        f'set the value as for `psql -v`: variables = {{ {key} = "…" }} in [legacy] or [owner] of audit.toml, '
        f"or compare with --variable {name}=…"
    )


def as_boolean(text: str) -> bool | None:
    """What psql takes ``text`` for: true, false, yes, no (or a beginning of these), on, off, 1, 0; None for all else.

    >>> [as_boolean(text) for text in ("TRUE", "y", "of", "0", "o", "")]
    [True, True, False, False, None, None]
    """
    word = text.lower()
    if word and ("true".startswith(word) or "yes".startswith(word)):
        return True
    if word and ("false".startswith(word) or "no".startswith(word)):
        return False
    return {"on": True, "1": True, "of": False, "off": False, "0": False}.get(word)


def as_literal(value: str) -> str:
    r"""``:'name'``: a string constant, with escapes where it holds a backslash.

    >>> print(as_literal("it's"), as_literal("c:\\x"))
    'it''s'  E'c:\\x'
    """
    quoted = literal(value)
    return f" {quoted}" if quoted.startswith("E") else quoted


def as_identifier(value: str) -> str:
    """``:"name"``: always in quotes.

    >>> print(as_identifier('a"b'))
    "a""b"
    """
    return in_quotes(value)
