"""Names of rules, in which ``*`` and ``?`` stand for any characters of one name: ``goose.*``, ``run_*``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase


def fits_one(name: str, patterns: Iterable[str]) -> bool:
    """Whether the whole name fits one of the patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def ends_in_one(path: Sequence[str], patterns: Iterable[str]) -> bool:
    """Whether these names end in those of a pattern, part by part.

    >>> ends_in_one(("db", "goose", "Up"), ["goose.*"]), ends_in_one(("Up",), ["goose.*"])
    (True, False)
    """
    return any(_ends_in(path, pattern.split(".")) for pattern in patterns)


def _ends_in(path: Sequence[str], parts: Sequence[str]) -> bool:
    tail = path[-len(parts) :]
    return len(tail) == len(parts) and all(map(fnmatchcase, tail, parts))


def word_pattern(pattern: str) -> re.Pattern[str]:
    """Finds the name as a whole word in a text, in any case; a wildcard next to a blank is the character itself.

    >>> word_pattern("migrations_*").findall("from migrations_applied, emigrations_x")
    ['migrations_applied']
    """
    parts = re.split(r"((?<=[\w$])[*?]+|[*?]+(?=[\w$]))", pattern)
    spelt = "".join(_any(part) if n % 2 else re.escape(part) for n, part in enumerate(parts))
    return re.compile(rf"(?<![\w$]){spelt}(?![\w$])", re.IGNORECASE)


def _any(wildcards: str) -> str:
    return "".join(r"[\w$]*" if one == "*" else r"[\w$]" for one in wildcards)
