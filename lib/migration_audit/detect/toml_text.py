"""Lines of TOML, each with a comment that says where it comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Value = str | Sequence[str] | Mapping[str, str]


@dataclass
class TomlWriter:
    """The text of a file while it is written."""

    lines: list[str] = field(default_factory=list)

    def blank(self) -> None:
        """An empty line."""
        self.lines.append("")

    def note(self, text: str) -> None:
        """A comment of its own; what cannot be printed is escaped."""
        self.lines.append(f"# {printable(text)}".rstrip())

    def table(self, name: str, *, off: bool = False) -> None:
        """``[name]``, behind ``#`` where it is only offered."""
        self.lines.append(f"{'#' * off}[{name}]")

    def key(self, name: str, value: Value, source: str = "", *, off: bool = False) -> None:
        """``name = value  # source``, behind ``#`` where it is only offered."""
        comment = f"  # {printable(source)}" if source else ""
        self.lines.append(f"{'#' * off}{name} = {spelled(value)}{comment}")

    def text(self) -> str:
        """All lines, ended."""
        return "\n".join(self.lines) + "\n"


def spelled(value: Value) -> str:
    """A value as TOML writes it.

    >>> spelled('a"b'), spelled(["x", "y"]), spelled({"URL": "{url}"})
    ('"a\\\\"b"', '["x", "y"]', '{ URL = "{url}" }')
    """
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {spelled(text)}" for name, text in value.items()) + " }"
    return "[" + ", ".join(spelled(each) for each in value) + "]"


def printable(text: str) -> str:
    """A text on one line of printable characters.

    >>> printable("a\\nb\\x00")
    'a b\\\\x00'
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in " ".join(text.split()))
