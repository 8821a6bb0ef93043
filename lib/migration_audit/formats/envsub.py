r"""Variables in SQL text as goose's ``ENVSUB ON`` replaces them: ``$NAME``, ``${NAME}``, ``${NAME:-default}`` and their kin.

The grammar is that of https://github.com/mfridman/interpolate (parser.go, interpolate.go): ``$$`` and ``\$`` are a dollar
sign, ``$(`` stays, and a name begins with a letter.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

Lookup = Callable[[str], str | None]
"""A variable's value; None where it is not set."""


class SubstitutionError(ValueError):
    """The text is none that can be read; its message says why."""


def substitute(text: str, lookup: Lookup) -> str:
    """``text`` with the values of its variables; raises SubstitutionError.

    >>> substitute("create role ${name:-app}; -- $$5", {}.get)
    'create role app; -- $5'
    """
    return _Reader(text, lookup).read("")


class _Reader:
    def __init__(self, text: str, lookup: Lookup) -> None:
        self._text = text
        self._lookup = lookup
        self._at = 0

    def read(self, stop: str) -> str:
        """Everything up to a character of ``stop``, or to the end."""
        parts: list[str] = []
        while self._peek() and self._peek() not in stop:
            two = self._text[self._at : self._at + 2]
            if two in {"\\\\", "$("}:
                self._at += 2
                parts.append(two)
            elif two in {"\\$", "$$"}:
                self._at += 2
                parts.append("$")
            elif two[0] == "$" and len(two) == 2:
                self._at += 1
                parts.append(self._variable())
            else:
                self._at += 1
                parts.append(two[0] + self._until(lambda c: c in "$\\" + stop))
        return "".join(parts)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _until(self, ends: Callable[[str], bool]) -> str:
        start = self._at
        while self._at < len(self._text) and not ends(self._text[self._at]):
            self._at += 1
        return self._text[start : self._at]

    def _variable(self) -> str:
        if self._peek() != "{":
            return self._lookup(self._name()) or ""
        self._at += 1
        name = self._name()
        operator = self._peek()
        self._at += 1
        if operator == "}":
            return self._lookup(name) or ""
        if operator == ":" and self._peek() == "-":
            self._at += 1
            operator = ":-"
        value = self._braced(name, operator)
        if self._peek() != "}":
            raise SubstitutionError(f"the brace of ${{{name} is not closed")
        self._at += 1
        return value

    def _name(self) -> str:
        if not self._peek().isalpha():
            raise SubstitutionError(f"a variable's name must begin with a letter, not with {self._peek() or 'nothing'}")
        return self._until(lambda c: not (c.isalpha() or c == "_" or unicodedata.category(c).startswith("N")))

    def _braced(self, name: str, operator: str) -> str:
        value = self._lookup(name)
        if operator == ":":
            return self._slice(value or "")
        if operator not in {":-", "-", "?"}:
            raise SubstitutionError(f"${{{name} is followed by {operator or 'nothing'}, and not by }}, :-, -, : or ?")
        other = self.read("}")
        if operator == ":-":
            return value or other
        if value is not None:
            return value
        if operator == "?":
            raise SubstitutionError(f"${name}: {other or 'not set'}")
        return other

    def _slice(self, value: str) -> str:
        """``:offset`` or ``:offset:length`` behind the name, in bytes; negative numbers count from the end."""
        data = value.encode()
        start = self._number(":}")
        start = min(max(start + len(data) if start < 0 else start, 0), len(data))
        if self._peek() == "}":
            return data[start:].decode(errors="replace")
        self._at += 1
        length = self._number("}")
        end = length + start if length >= 0 else max(length + len(data), start)
        return data[start : min(end, len(data))].decode(errors="replace")

    def _number(self, stop: str) -> int:
        digits = self._until(lambda c: c in stop).strip()
        try:
            return int(digits)
        except ValueError:
            raise SubstitutionError(f"{digits or 'nothing'} is not a number") from None
