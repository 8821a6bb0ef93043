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


def first_lines(lines: Sequence[str], *, most: int, rest: str = "… and {:,} more") -> list[str]:
    """The first ``most`` lines, and one with the number of those left out.

    >>> first_lines(["a", "b", "c"], most=1), first_lines(["a"], most=1)
    (['a', '… and 2 more'], ['a'])
    """
    return [*lines[:most], *([rest.format(len(lines) - most)] if len(lines) > most else [])]


def with_rest(first: str, count: int) -> str:
    """The first of ``count`` things, and how many others there are.

    >>> with_rest("a is missing", 3), with_rest("a is missing", 1)
    ('a is missing (and 2 more)', 'a is missing')
    """
    return f"{first} (and {count - 1:,} more)" if count > 1 else first


def plural(kind: str, number: int) -> str:
    """The kind's name for this number of objects.

    >>> plural("index", 2), plural("policy", 2), plural("column", 1)
    ('indexes', 'policies', 'column')
    """
    if number == 1:
        return kind
    if kind.endswith("y"):
        return f"{kind[:-1]}ies"
    return f"{kind}es" if kind.endswith(("x", "s")) else f"{kind}s"
