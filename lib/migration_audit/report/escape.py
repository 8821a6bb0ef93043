"""The one place where text that somebody else chose becomes safe to show.

Names, definitions and messages come from databases and notebooks. Whoever may create a table may call it
``<script>…``, hide half of it behind a right-to-left override, or put a terminal escape sequence into it.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

from markupsafe import Markup
from markupsafe import escape as _escape

_SHORT = {"\n": r"\n", "\t": r"\t", "\r": r"\r"}
# Control, format (bidi overrides, zero-width), surrogate, line and paragraph separators: invisible, or worse.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_MARKDOWN = re.compile(r"[&<>\"'|*_`\[\]~\\@#$!:]")
_NOT_IN_CODE_SPAN = re.compile(r"[`|\\\n<]|^\s|\s$|^$")
_LONG_WORD = re.compile(r"(\S{41,})")
_PIECE = re.compile(r"[^/]{1,40}/?|/")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


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


def without_ansi(text: str) -> str:
    """The text without terminal colours: tracebacks carry them."""
    return _ANSI.sub("", text)


def html(text: str) -> Markup:
    """Text that was made visible already, as HTML; what runs right to left is kept from turning its neighbours.

    Words too long for a column get places where they may be broken: after a slash, else anywhere.
    """
    escaped = Markup("").join(_breakable(piece) for piece in _LONG_WORD.split(text))
    if text.isascii() or not any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in text):
        return escaped
    return Markup("<bdi>{}</bdi>").format(escaped)


def markdown(text: str) -> str:
    """Text that was made visible already, so that GitHub's Markdown shows it as it is, also within a table."""
    return _MARKDOWN.sub(lambda m: f"&#{ord(m.group())};", text).replace("\n", "<br>")


def markdown_code(text: str) -> str:
    """The same in a code span; in ``<code>`` where a code span within a table could not hold the text."""
    if _NOT_IN_CODE_SPAN.search(text):
        return f"<code>{markdown(text)}</code>" if text else ""
    return f"`{text}`"


def slug(text: str) -> str:
    """The text as an anchor: letters, digits, ``_ . -`` and nothing else.

    >>> slug("COV003:index:public.positions_device_ts")
    'COV003-index-public.positions_device_ts'
    """
    kept = (c if c.isalnum() or c in "_.-" else "-" for c in text)
    return "".join(c for key, group in groupby(kept) for c in ("-" if key == "-" else group)).strip("-")


def width(text: str) -> int:
    """How many terminal columns the text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _breakable(piece: str) -> Markup:
    return Markup("<wbr>").join(_PIECE.findall(piece)) if _LONG_WORD.fullmatch(piece) else _escape(piece)


def _spelled(char: str) -> str:
    if unicodedata.category(char) not in _INVISIBLE:
        return char
    return _SHORT.get(char) or (f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}")
