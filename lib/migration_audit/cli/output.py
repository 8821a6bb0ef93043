"""Where text leaves the program: whole or not at all, and never as something that a terminal would obey.

Names, messages and definitions come from databases, servers, notebooks and file names. Both streams show escapes for
what is invisible in them, regardless of who writes: a command, the command line's framework, a traceback, a warning.
"""

from __future__ import annotations

import io
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from migration_audit.model.visible import for_json, for_terminal

_WORKFLOW_COMMAND = re.compile(r"^([^\S\n]*)::|(#)#\[", re.MULTILINE)
"""A line that a step of GitHub Actions obeys, wherever it comes from."""
_started = time.monotonic()


class VisibleStream:
    """A text stream that writes for people; everything but writing is the other stream's.

    It has no ``buffer``: click would write there, past it, where the terminal's encoding is ASCII.
    """

    def __init__(self, stream: Any) -> None:
        """Write to ``stream``."""
        self._stream = stream

    def write(self, text: str) -> int:
        """The text, made visible; raises TypeError for bytes."""
        self._stream.write(_shown(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Each of them."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        """What the other stream has."""
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self._stream, name)


def _shown(text: str) -> str:
    shown = for_terminal(text)
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return shown
    return _WORKFLOW_COMMAND.sub(lambda found: r"#\x23[" if found[2] else rf"{found[1]}:\x3a", shown)


def write_text(text: str) -> None:
    r"""Text for people; what their terminal cannot show is written as \\u…. Raises OSError unless all is written."""
    _write_bytes(_shown(text).encode(sys.stdout.encoding or "utf-8", errors="backslashreplace"))


def write_painted(plain: str, painted: str) -> None:
    """A line with colours of ours; one that has something invisible in it is written as ``plain``, made visible."""
    shown = _shown(plain)
    stream = getattr(sys.stdout, "_stream", sys.stdout)
    stream.write(f"{painted if shown == plain else shown}\n")


def write_sql(text: str) -> None:
    """SQL that runs, whatever the terminal can show: names in it stay what they are. Raises AuditError, OSError."""
    from migration_audit.model.visible import visible_sql  # noqa: PLC0415  the parser is slow to import

    _write_bytes(visible_sql(text).encode())


def write_json(text: str) -> None:
    """JSON of the same meaning, whatever the terminal can show; raises OSError unless all is written."""
    _write_bytes(for_json(text).encode(errors="backslashreplace"))


def write_command(line: str) -> None:
    """A workflow command for GitHub Actions, which escapes for itself."""
    _write_bytes(f"{line}\n".encode(errors="backslashreplace"))


def _write_bytes(content: bytes) -> None:
    """Exactly these bytes, whatever the terminal's encoding; raises OSError unless all are written."""
    stream = getattr(sys.stdout, "_stream", sys.stdout)
    stream.flush()
    rest = memoryview(content)
    while rest:  # under PYTHONUNBUFFERED there is no buffer that would go on after a part
        rest = rest[stream.buffer.write(rest) :]
    stream.buffer.flush()


def prepare_streams() -> None:
    r"""Make both streams take anything: a terminal that has no ✓ shows \\u2713, and a closed one shows nothing."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, VisibleStream):
            continue
        if stream is None:  # closed by the shell, as in `>&-`
            stream = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, VisibleStream(stream))


def say(line: str) -> None:
    """One line about what is being done or waited for, with seconds since the program started."""
    sys.stderr.write(f"[{time.monotonic() - _started:5.1f} s] {line}\n")
    sys.stderr.flush()


def say_at_terminal(line: str) -> None:
    """The same, where stderr is a terminal; a log or a script gets nothing."""
    if sys.stderr.isatty():
        say(line)


def say_lines(block: str, progress: Callable[[str], None]) -> None:
    """A block of text, line by line."""
    for line in block.splitlines():
        progress(line)


def in_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """A line for each row, in which each column is as wide as its widest cell.

    >>> in_columns([["", "dev"], ["signed", "✓"]])
    ['        dev', 'signed  ✓']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
