"""Progress of an audit, for whoever waits."""

from __future__ import annotations

import sys


def on_stderr(line: str) -> None:
    """A line where the program's own messages go: an installation, or what was taken without being named."""
    sys.stderr.write(f"· {line}\n")
    sys.stderr.flush()
