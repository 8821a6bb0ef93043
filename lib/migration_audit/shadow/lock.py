"""One process at a time: a lock that the operating system releases when its holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from migration_audit.shadow.interface import Progress


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
