"""The files directly in a folder that a runner reads, in their order, and what SQL lies there or deeper and is not read.

Names are ordered by the number at their front, or as ``localeCompare`` sorts them. Its rule is Unicode's collation: letters
first, accents only where the letters are the same, lower case before upper case only where the accents are the same too.
https://www.unicode.org/reports/tr10/, https://cldr.unicode.org/
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from posixpath import basename, split

from migration_audit.formats.interface import MigrationFolder
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import NotApplied

_PACKED = "gz|bz2|xz|zst|zip|tmpl|template|tpl|j2|jinja2?|erb|in|mustache|hbs|liquid|txt"
_SQL_TOO = re.compile(rf".+\.(?:pgsql|psql|plpgsql|plsql|ddl|sql\.(?:{_PACKED}))", re.IGNORECASE)
_PROGRAM = re.compile(
    r"[Vv]?[0-9](?!.*\.sql\.)(?!.*(?:_test\.go|\.(?:test|spec)\.[cm]?[jt]s)$).*\.(?:sh|bash|py|[cm]?[jt]s|go|rb|php|java|kt|cs|exs?)"
)
_NUMBER = re.compile(r"[0-9]+")
_DATES = 100_000
"""From here on a prefix is a date or a time (``202401``, ``20240131120000``), between which nothing is missing."""
_PUNCTUATION = "_-,;:!?.'\"()[]{}@*/\\&#%"
_ORDER = f" {_PUNCTUATION}`^+<=>|~$0abcdefghijklmnopqrstuvwxyz"
"""ASCII in the order of the collation, upper-case letters aside; everything else comes behind it."""
_WEIGHTS = {character: weight for weight, character in enumerate(_ORDER)}
Key = tuple[tuple[tuple[int, int], ...], tuple[str, ...], tuple[bool, ...]]
"""Letters, accents, case; the second number of a letter is the value of a number."""


def other_sql(path: str) -> str | None:
    """Why a file that is SQL by another name than ``.sql`` is not read; None for ``.sql`` files and for all others.

    >>> other_sql("a/b.sql.gz"), other_sql("b.sql"), other_sql("b.sql.bak"), other_sql("2_b_test.go")
    ('its name does not end in .sql', None, None, None)
    >>> other_sql("3_speed_test.py")
    'it is a program with a number like a migration, and not SQL'
    """
    name = basename(path)
    if _PROGRAM.fullmatch(name):
        return "it is a program with a number like a migration, and not SQL"
    return "its name does not end in .sql" if is_other_sql(name) else None


def is_other_sql(path: str) -> bool:
    """Whether a file is SQL by another name than ``.sql``, packed or a template."""
    return _SQL_TOO.fullmatch(basename(path)) is not None


def direct_files(tree: MigrationFolder, runner: str) -> tuple[str, ...]:
    """The paths that ``runner`` sees: those directly in the folder, or in the one folder that the chosen files are in.

    Raises SourceError where files of several folders were chosen, of which none is the folder itself.
    """
    folders = {path.rpartition("/")[0] for path in tree.paths}
    if tree.is_whole or "" in folders or not folders:
        return tree.below("")
    if len(folders) > 1:
        shown = ", ".join(sorted(map(tree.shown_path, folders))[:3])
        what = f"{runner} reads only files directly in one folder, but these are in several: {shown}"
        raise SourceError(what, where=tree.shown or ".", todo="name one folder, or one glob per folder")
    return tree.below(folders.pop())


def unread_sql(tree: MigrationFolder, read: Collection[str], *, names: str) -> Iterator[NotApplied]:
    """The SQL files of the tree that are not among ``read``; ``names`` says which names the runner takes."""
    seen = {path.rpartition("/")[0] for path in read}
    for path in tree.paths:
        if path not in read and (why := other_sql(path)):
            yield NotApplied(path=tree.shown_path(path), reason=why, by_rule=False)
        if path.lower().endswith(".sql") and path not in read:
            is_deeper = path.rpartition("/")[0] not in (seen or {""})
            reason = "in a subfolder, which the runner does not read" if is_deeper else f"the runner reads {names}"
            yield NotApplied(path=tree.shown_path(path), reason=reason, by_rule=False)


def leading_number(name: str) -> int | None:
    """The number that a file name starts with.

    >>> leading_number("0002_positions.sql"), leading_number("positions_2.sql")
    (2, None)
    """
    match = _NUMBER.match(name)
    return int(match[0]) if match else None


def apply_order(path: str) -> tuple[tuple[str, ...], bool, int, str]:
    """A sort key: folder by folder, numbered names first and by number, then by name.

    >>> sorted(["10_b.sql", "init.sql", "2_a.sql", "0002_b.sql"], key=apply_order)
    ['0002_b.sql', '2_a.sql', '10_b.sql', 'init.sql']
    """
    folder, name = split(path)
    number = leading_number(name)
    return tuple(folder.split("/")) if folder else (), number is None, number or 0, name


def shared_numbers(paths: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each number that several files of one folder carry, with their paths.

    >>> shared_numbers(["a/1_x.sql", "a/01_y.sql", "b/1_z.sql"])
    (('1', ('a/1_x.sql', 'a/01_y.sql')),)
    """
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    for path in paths:
        folder, name = split(path)
        number = leading_number(name)
        if number is not None and path not in found[folder, number]:
            found[folder, number].append(path)
    return tuple((str(number), tuple(same)) for (_, number), same in sorted(found.items()) if len(same) > 1)


def missing_numbers(paths: Iterable[str]) -> tuple[int, ...]:
    """The numbers that are missing between the smallest and the largest of a folder; 100,000 and more are dates.

    >>> missing_numbers(["1_a.sql", "3_b.sql"]), missing_numbers(["010_a.sql", "030_b.sql"])
    ((2,), (20,))
    """
    folders: dict[str, set[int]] = defaultdict(set)
    for path in paths:
        folder, name = split(path)
        number = leading_number(name)
        if number is not None and number < _DATES:
            folders[folder].add(number)
    return tuple(sorted({number for used in folders.values() for number in _between(sorted(used))}))


def _between(used: list[int]) -> Iterable[int]:
    """Numbers in steps of ten or a hundred leave room on purpose: there the step is what counts."""
    if len(used) < 2:
        return ()
    step = next(step for step in (1000, 100, 10, 1) if all(number % step == 0 for number in used))
    return set(range(used[0], used[-1], step)) - set(used)


def locale_order(name: str) -> Key:
    """A sort key: ``a.localeCompare(b)``.

    >>> sorted(["10_b", "B", "1_a", "ab", "a_b", "a"], key=locale_order)
    ['1_a', '10_b', 'a', 'a_b', 'ab', 'B']
    """
    return _key(name)


def numeric_order(name: str) -> Key:
    """A sort key: ``localeCompare`` with ``numeric`` and ``ignorePunctuation``.

    >>> sorted(["1_b10", "1-b9", "01_a"], key=numeric_order)
    ['01_a', '1-b9', '1_b10']
    """
    return _key(name, parts=re.compile(r"[0-9]+|.", re.DOTALL), ignored=_PUNCTUATION + " ")


def _key(name: str, *, parts: re.Pattern[str] = re.compile(r".", re.DOTALL), ignored: str = "") -> Key:
    letters: list[tuple[int, int]] = []
    accents: list[str] = []
    upper: list[bool] = []
    for part in parts.findall(unicodedata.normalize("NFD", name)):
        if accents and unicodedata.combining(part[0]):
            accents[-1] += part
            continue
        if part in ignored:
            continue
        letter = part.lower()
        is_number = part.isascii() and part.isdigit()
        letters.append((_WEIGHTS["0"], int(part)) if is_number else (_WEIGHTS.get(letter, len(_ORDER) + ord(letter[0])), 0))
        accents.append("")
        upper.append(part.isupper())
    return tuple(letters), tuple(accents), tuple(upper)
