"""Programs that prepare a server, run to their end or to a limit."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from migration_audit.model.errors import ServerError

LIMIT = 300
"""Seconds that a program may take on the files of this machine."""
DOWNLOAD_LIMIT = 1800
"""The same for one that downloads; how long the network may be silent is the program's own matter (30 s)."""


def run_limited(command: Sequence[str | Path], *, limit: int = LIMIT, **options: Any) -> subprocess.CompletedProcess[Any]:
    """``subprocess.run``; raises ServerError where the program did not end in time, and was killed."""
    try:
        return subprocess.run(command, check=False, timeout=limit, **options)
    except subprocess.TimeoutExpired:
        what = f"did not end within {limit} s, and was killed"
        todo = "check whether the disk is full and the network works, and run it again"
        raise ServerError(what, where=f"`{' '.join(map(str, command[:2]))}`", todo=todo) from None
