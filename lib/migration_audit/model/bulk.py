"""Work that makes hundreds of thousands of objects."""

from __future__ import annotations

import ctypes
import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache


class _Open:
    """The blocks that are open, in all threads."""

    lock = threading.Lock()
    number = 0
    was_enabled = False
    """Whether the search was on before the first of them."""


@contextmanager
def many_objects() -> Iterator[None]:
    """Without Python's search for reference cycles, which visits all objects again and again while new ones are made.

    For code that makes no cycles: what it lets go is freed all the same. Blocks may overlap in several threads. At the end
    of the last, what the C library keeps of freed memory goes back to the system: results of queries are as large as the
    objects.
    """
    with _Open.lock:
        if not _Open.number:
            _Open.was_enabled = gc.isenabled()
            gc.disable()
        _Open.number += 1
    try:
        yield
    finally:
        with _Open.lock:
            _Open.number -= 1
            is_last = not _Open.number and _Open.was_enabled
            if is_last:
                gc.enable()
        if is_last:
            _malloc_trim()(0)


@cache
def _malloc_trim() -> Callable[[int], object]:
    """glibc's malloc_trim(3); other C libraries have none and need none."""
    return getattr(ctypes.CDLL(None), "malloc_trim", lambda _: None)
