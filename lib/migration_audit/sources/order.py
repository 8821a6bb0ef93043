"""The order in which files are applied, and what their numbers say."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePath, PurePosixPath

from migration_audit.model.sql import SqlFile

_NUMBER = re.compile(r"[0-9]+")
_DATES = 100_000
"""From here on a prefix is a date or a time (``202401``, ``20240131120000``), between which nothing is missing."""


def number_of(name: str) -> int | None:
    """The number that a file name starts with.

    >>> number_of("0002_positions.sql"), number_of("positions_2.sql")
    (2, None)
    """
    match = _NUMBER.match(name)
    return int(match[0]) if match else None


def apply_order(path: PurePath) -> tuple[tuple[str, ...], bool, int, str]:
    """A sort key: folder by folder, numbered names first and by number, then by name.

    >>> sorted(map(PurePath, ["10_b.sql", "init.sql", "2_a.sql", "0002_b.sql"]), key=apply_order)
    ... # doctest: +NORMALIZE_WHITESPACE
    [PurePosixPath('0002_b.sql'), PurePosixPath('2_a.sql'), PurePosixPath('10_b.sql'), PurePosixPath('init.sql')]
    """
    number = number_of(path.name)
    return path.parent.parts, number is None, number or 0, path.name


def numbering(files: Iterable[SqlFile]) -> tuple[tuple[tuple[int, tuple[str, ...]], ...], tuple[int, ...]]:
    """What is odd about the numbers of ``files``: ``(duplicates, gaps)``.

    ``duplicates`` holds each number that several files of one folder share, with their paths. ``gaps`` holds the numbers
    that are missing between the smallest and the largest of a folder; numbers of 100,000 and more are taken for dates.
    """
    folders: dict[PurePosixPath, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for file in files:
        if file.number is not None:
            paths = folders[PurePosixPath(file.path).parent][file.number]
            if file.path not in paths:
                paths.append(file.path)
    duplicates = sorted(
        (number, tuple(paths)) for numbers in folders.values() for number, paths in numbers.items() if len(paths) > 1
    )
    gaps = {number for numbers in folders.values() for number in _missing(numbers)}
    return tuple(duplicates), tuple(sorted(gaps))


def _missing(numbers: Iterable[int]) -> Iterable[int]:
    """Numbers in steps of ten or a hundred leave room on purpose: there the step is what counts."""
    used = sorted(number for number in set(numbers) if number < _DATES)
    if len(used) < 2:
        return ()
    step = next(step for step in (1000, 100, 10, 1) if all(number % step == 0 for number in used))
    return set(range(used[0], used[-1], step)) - set(used)
