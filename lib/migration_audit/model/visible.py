"""Text that somebody else chose, with everything spelled out that cannot be seen, or that a terminal would obey."""

from __future__ import annotations

import json
import re
import unicodedata

_SHORT = {"\n": r"\n", "\t": r"\t", "\r": r"\r"}
# Control, format (bidi overrides, zero-width), surrogate, line and paragraph separators: invisible, or worse.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_STRING = re.compile(r"[^\x20-\x7e\n]")


def is_invisible(char: str) -> bool:
    """Whether the character cannot be seen, or does something to a terminal or to its neighbours."""
    return unicodedata.category(char) in _INVISIBLE


def one_line(text: str) -> str:
    r"""The text with everything invisible spelled out, for a name or a sentence.

    >>> print(one_line("a\nb\u202ec"), one_line("naïve"))
    a\nb\u202ec naïve
    """
    return text if text.isprintable() else "".join(map(_spelled, text))


def many_lines(text: str) -> str:
    r"""Like ``one_line``, but line ends stay line ends and tabs become four blanks: for SQL and source code."""
    flat = text.replace("\r\n", "\n").replace("\t", "    ")
    return "\n".join(one_line(line) for line in flat.split("\n"))


def for_terminal(text: str) -> str:
    r"""Like ``one_line``, but line ends and tabs stay what they are: for what a program prints.

    >>> for_terminal("a\tb\n\x1b[2J\r") == "a\tb\n\\x1b[2J\\r"
    True
    """
    return "\n".join("\t".join(map(one_line, line.split("\t"))) for line in text.split("\n"))


def for_json(text: str) -> str:
    r"""The same JSON, with everything invisible in its strings as JSON spells it.

    >>> print(for_json('["a\u202eb", "naïve"]'))
    ["a\u202eb", "naïve"]
    """
    return _STRING.sub(lambda found: json.dumps(found[0])[1:-1] if is_invisible(found[0]) else found[0], text)


def _spelled(char: str) -> str:
    if not is_invisible(char):
        return char
    return _SHORT.get(char) or (f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}")
