"""The order that JavaScript's ``localeCompare`` gives to file names, in an English locale.

The rule is Unicode's collation: letters first, accents only where the letters are the same, lower case before upper case
only where the accents are the same too. https://www.unicode.org/reports/tr10/, https://cldr.unicode.org/
"""

from __future__ import annotations

import re
import unicodedata

_PUNCTUATION = "_-,;:!?.'\"()[]{}@*/\\&#%"
_ORDER = f" {_PUNCTUATION}`^+<=>|~$0abcdefghijklmnopqrstuvwxyz"
"""ASCII in the order of the collation, upper-case letters aside; everything else comes behind it."""
_WEIGHTS = {character: weight for weight, character in enumerate(_ORDER)}

Key = tuple[tuple[tuple[int, int], ...], tuple[str, ...], tuple[bool, ...]]
"""Letters, accents, case; the second number of a letter is the value of a number."""


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
