"""Work that makes hundreds of thousands of objects."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def many_objects() -> Iterator[None]:
    """Without Python's search for reference cycles, which visits all objects again and again while new ones are made.

    For code that makes no cycles: what it lets go is freed all the same. Blocks may overlap in several threads.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
