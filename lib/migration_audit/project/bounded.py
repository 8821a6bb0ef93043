"""Files whose names a user gives: never more of them than a file of their kind can have."""

from __future__ import annotations

import errno
from pathlib import Path


def read_bounded(path: Path, *, most: int) -> bytes:
    """The whole file; raises OSError for one that cannot be read or, as EFBIG, has more than ``most`` bytes.

    A device without an end is read up to there: neither its size nor its kind says how much comes.
    """
    with path.open("rb") as file:
        content = bytearray()
        while piece := file.read(1 << 20):
            content += piece
            if len(content) > most:
                raise OSError(errno.EFBIG, f"it exceeds {most:,} bytes", str(path))
    return bytes(content)
