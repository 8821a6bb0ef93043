"""Work that makes hundreds of thousands of objects."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache


@contextmanager
def many_objects() -> Iterator[None]:
    """Without Python's search for reference cycles, which visits all objects again and again while new ones are made.

    For code that makes no cycles: what it lets go is freed all the same. Blocks may overlap in several threads. At the end
    of the outermost, what the C library keeps of freed memory goes back to the system: results of queries are as large as
    the objects.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
            _malloc_trim()(0)


@cache
def _malloc_trim() -> Callable[[int], object]:
    """glibc's malloc_trim(3); other C libraries have none and need none."""
    return getattr(ctypes.CDLL(None), "malloc_trim", lambda _: None)
