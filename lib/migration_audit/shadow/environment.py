"""What programs around a server get of the caller's variables."""

from __future__ import annotations

import os


def clean_environment(**more: str) -> dict[str, str]:
    """What a server needs of the caller's environment, and nothing that makes one differ from another.

    Not the rest: passwords in it are none of the business of the SQL that runs there.
    """
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"HOME": "/", "LC_ALL": "C"} | more


def watcher_environment() -> dict[str, str]:
    """The same for a process of ours that watches over one; it is as readable for that server as its own."""
    return clean_environment(**{name: os.environ[name] for name in ("TMPDIR",) if name in os.environ})
