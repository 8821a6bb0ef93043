"""What a command gives, whole or not at all: on stdout."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path


def write_text(text: str) -> None:
    r"""Text for people; what their terminal cannot show is written as \\u…. Raises OSError unless all is written."""
    write_bytes(text.encode(sys.stdout.encoding or "utf-8", errors="backslashreplace"))


def write_bytes(content: bytes) -> None:
    """Exactly these bytes, whatever the terminal's encoding; raises OSError unless all are written."""
    sys.stdout.flush()
    rest = memoryview(content)
    while rest:  # under PYTHONUNBUFFERED there is no buffer that would go on after a part
        rest = rest[sys.stdout.buffer.write(rest) :]
    sys.stdout.buffer.flush()


def prepare_streams() -> None:
    r"""Make both streams take anything: a terminal that has no ✓ shows \\u2713, and a closed one shows nothing."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the shell, as in `>&-`
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
