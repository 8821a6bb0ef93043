"""How a message names many things: the first of them, and the number of the rest."""

from __future__ import annotations

from collections.abc import Sequence

MOST = 10


def some_of(items: Sequence[str], *, most: int = MOST, between: str = ", ") -> str:
    """The first ``most`` items, and how many more there are; no item is dropped without being counted.

    >>> some_of(["a", "b", "c", "d"], most=2)
    'a, b and 2 more'
    >>> some_of(["a is gone", "b is gone", "c is gone"], most=2, between="; ")
    'a is gone; b is gone; and 1 more'
    """
    shown = between.join(items[:most])
    rest = len(items) - most
    if rest <= 0:
        return shown
    return f"{shown}{' ' if between == ', ' else between}and {rest:,} more"
