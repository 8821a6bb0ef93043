"""The one place where text from outside becomes safe to show.

Names, definitions and messages come from databases and notebooks. A role that may create a table may call it
``<script>…``, hide half of it behind a right-to-left override, or put a terminal escape sequence into it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import groupby

from markupsafe import Markup
from markupsafe import escape as _escape

from migration_audit.model.visible import many_lines, one_line, width

__all__ = [
    "filled",
    "html",
    "html_with_code",
    "many_lines",
    "markdown",
    "markdown_code",
    "one_line",
    "sentence",
    "slug",
    "width",
    "without_ansi",
]

_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_MARKDOWN = re.compile(r"[&<>\"'|*_`\[\]~\\@#$!:]")
_NOT_IN_CODE_SPAN = re.compile(r"[`|\\\n<]|^\s|\s$|^$")
_LONG_WORD = re.compile(r"(\S{41,})")
_PIECE = re.compile(r"[^/]{1,40}/?|/")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def without_ansi(text: str) -> str:
    """The text without terminal colours: tracebacks carry them."""
    return _ANSI.sub("", text)


def filled(template: str, *values: object) -> Markup:
    """Our HTML with a value in the place of each ``{}``, escaped unless it is HTML: ``Markup.format``, much faster.

    >>> filled("<td>{}</td>", "<b>")
    Markup('<td>&lt;b&gt;</td>')
    """
    before, *pieces = _pieces(template)
    filling = [part for value, piece in zip(values, pieces, strict=True) for part in (_safe(value), piece)]
    return Markup("".join([before, *filling]))  # noqa: S704 (the template is ours)


def _safe(value: object) -> str:
    return value if type(value) is Markup else _escape(value)


@cache
def _pieces(template: str) -> tuple[str, ...]:
    return tuple(template.split("{}"))


def html(text: str) -> Markup:
    """Text that was made visible already, as HTML; right-to-left text cannot reorder what is next to it.

    Words too long for a column get places where they may be broken: after a slash, else anywhere.
    """
    pieces = _LONG_WORD.split(text)
    escaped = _escape(text) if len(pieces) == 1 else Markup("").join(map(_breakable, pieces))
    if text.isascii() or _RIGHT_TO_LEFT.isdisjoint(map(unicodedata.bidirectional, text)):
        return escaped
    return filled("<bdi>{}</bdi>", escaped)


def sentence(text: str) -> str:
    """A message of several lines (what happened, what to do) as one.

    >>> sentence("the server cannot be reached\\n  → start it")
    'the server cannot be reached → start it'
    """
    return " ".join(filter(None, (line.strip() for line in text.splitlines())))


def html_with_code(text: str) -> Markup:
    """The same, with text between backticks as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a backtick that is not a pair's
        return html(text)
    coded = (filled("<code>{}</code>", html(part)) if number % 2 else html(part) for number, part in enumerate(parts))
    return Markup("").join(coded)


def markdown(text: str) -> str:
    """Text that was made visible already, so that GitHub's Markdown shows it as it is, also within a table."""
    return _MARKDOWN.sub(lambda m: f"&#{ord(m.group())};", text).replace("\n", "<br>")


def markdown_code(text: str) -> str:
    """The same in a code span; in ``<code>`` where a code span within a table could not contain the text."""
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


def _breakable(piece: str) -> Markup:
    return Markup("<wbr>").join(_PIECE.findall(piece)) if _LONG_WORD.fullmatch(piece) else _escape(piece)
