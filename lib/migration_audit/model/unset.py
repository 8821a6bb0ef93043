"""Texts in which a variable has no value: the place of each is marked, so that only what depends on it is unknown."""

from __future__ import annotations

import re
from typing import Final

_BEGIN: Final = "\ue0f0"
_END: Final = "\ue0f1"
"""Characters for private use: no file of a project holds them by accident, and a shell reads them as letters."""
_MARK: Final = re.compile(f"{_BEGIN}([^{_END}]*){_END}")


def mark(name: str) -> str:
    """What is in a text in the place of a variable without a value."""
    return f"{_BEGIN}{name}{_END}"


def is_open(text: str) -> bool:
    """Whether the text depends on a variable without a value."""
    return _BEGIN in text or _END in text


def names_in(text: str) -> tuple[str, ...]:
    """The variables without a value, each once."""
    return tuple(dict.fromkeys(_MARK.findall(text)))


def readable(text: str) -> str:
    """The text with each such variable as files spell it: ``${NAME}``."""
    return _MARK.sub(r"${\1}", text).replace(_BEGIN, "").replace(_END, "")


def as_empty(text: str) -> str:
    """The text as programs see it that take a variable without a value for nothing."""
    return _MARK.sub("", text)
