"""Progress for people: plain lines on stderr, in a terminal as in CI, with the time that has passed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

_started = time.monotonic()


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
