"""Lines for people at a terminal: in colour where that is wanted, and wrapped at words to the terminal's width."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from typing import Any, Final

import click

from migration_audit.cli.output import write_painted, write_text
from migration_audit.model.visible import width

HOLDS: Final = {True: "✓", False: "✕", None: "–"}
"""Before a sentence that holds, one that does not, and one that demands nothing."""


class Style(StrEnum):
    """What a run of text is; colours repeat what glyphs and words say."""

    PLAIN = ""
    STRONG = "1"
    FAINT = "2"
    BAD = "31;1"
    WARNING = "33"
    GOOD = "32"
    UNDECIDED = "35;1"
    INFO = "36"


Piece = tuple[str, Style]
_NARROWEST: Final = 30

_chosen: list[str] = []
"""What ``--color`` asked for; empty where it was not given."""


def _choose(_context: click.Context, _option: click.Parameter, value: str | None) -> None:
    if value:
        _chosen[:] = [value]


color_option: Final = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    expose_value=False,
    callback=_choose,
    help="auto: on a terminal unless NO_COLOR is set, and wherever FORCE_COLOR is set.",
)


def _is_coloured() -> bool:
    """Whether stdout gets colours: ``--color``, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal."""
    if _chosen and _chosen[0] != "auto":
        return _chosen[0] == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return os.environ["FORCE_COLOR"] != "0"
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def line_width() -> int | None:
    """The columns of the terminal; None where stdout is not a terminal, and lines stay as long as they are."""
    if not sys.stdout.isatty():
        return None
    return max(_NARROWEST, shutil.get_terminal_size().columns)


def write_error(text: str) -> None:
    """Print an error to stderr, wrapped at words where that is a terminal; what continues a line is indented below it."""
    width = _error_width()
    for line in text.split("\n"):
        lead = " " * (len(line) - len(line.lstrip(" ")) + 2)
        words = [(word, Style.PLAIN) for word in line.split(" ")]
        for number, part in enumerate(wrapped_words(words, width, 0, len(lead))):
            click.echo((lead if number else "") + " ".join(word for word, _ in part), err=True)


def _error_width() -> int | None:
    if not sys.stderr.isatty():
        return None
    known = os.environ.get("COLUMNS", "")
    try:
        return max(_NARROWEST, int(known) if known.isdecimal() else os.get_terminal_size(sys.stderr.fileno()).columns)
    except OSError:  # a stream without a terminal of its own
        return None


def write_paragraph(*pieces: Piece | str, first: str = "", rest: str = "") -> None:
    """Print pieces of text, with blanks between them, on as many lines as the terminal needs.

    The first line starts with ``first``, the others with ``rest``. A word that is too long stays whole.
    """
    words = [(word, style) for text, style in map(_styled, pieces) for word in text.split(" ")]
    for number, line in enumerate(wrapped_words(words, line_width(), len(first), len(rest))):
        _write([((rest if number else first), Style.PLAIN)] if (first or rest) else [], line)


def write_lines(text: str, *, hanging: int = 2) -> None:
    """Print a text as it is; at a terminal each line is wrapped at words, and goes on ``hanging`` columns further right."""
    if line_width() is None:
        write_text(f"{text}\n")
        return
    for line in text.split("\n"):
        lead = line[: len(line) - len(line.lstrip(" "))]
        write_paragraph(line.removeprefix(lead), first=lead, rest=lead + " " * hanging)


def wrapped_words(words: Sequence[Piece], limit: int | None, first: int, rest: int) -> Iterator[list[Piece]]:
    """The words by line, ``first`` and ``rest`` columns of each being taken already."""
    line: list[Piece] = []
    used = first
    for word, style in words:
        needs = width(word) + bool(line)
        if line and limit is not None and used + needs > limit:
            yield line
            line, used, needs = [], rest, width(word)
        line.append((word, style))
        used += needs
    yield line


def _styled(piece: Piece | str) -> Piece:
    return (piece, Style.PLAIN) if isinstance(piece, str) else piece


def _write(indent: Sequence[Piece], line: Sequence[Piece]) -> None:
    runs = [(" ".join(word for word, _ in run), style) for style, run in _runs(line)]
    lead = "".join(text for text, _ in indent)
    plain = lead + " ".join(text for text, _ in runs)
    painted = lead + " ".join(f"\x1b[{style}m{text}\x1b[0m" if style and text else text for text, style in runs)
    write_painted(plain.rstrip(), painted if _is_coloured() else plain.rstrip())


def _runs(line: Sequence[Piece]) -> Iterator[tuple[Style, list[Piece]]]:
    grouped: Any = groupby(line, key=lambda piece: piece[1])
    yield from ((style, list(run)) for style, run in grouped)
