"""Programs around a server: what they get of the caller's variables, how long they may run, and who waits for whom."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from migration_audit.model.errors import ServerError
from migration_audit.model.progress import Progress

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


def ask(program: Path, option: str) -> str | None:
    """What a program prints about itself; None where it cannot be run, or prints nothing."""
    try:
        done = subprocess.run([program, option], capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def clean_environment(**more: str) -> dict[str, str]:
    """What a server needs of the caller's environment, and nothing that makes one differ from another.

    Not the rest: SQL that runs there must not read passwords in it.
    """
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"HOME": "/", "LC_ALL": "C"} | more


def watcher_environment() -> dict[str, str]:
    """The same for a process of ours that watches over one; it is as readable for that server as its own."""
    return clean_environment(**{name: os.environ[name] for name in ("TMPDIR",) if name in os.environ})


@contextlib.contextmanager
def locked(path: Path, holder: str, progress: Progress) -> Iterator[None]:
    """Hold the lock file; say once, by naming the holder, that it is waited for."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"waiting for {holder} to end")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
