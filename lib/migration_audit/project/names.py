"""Names in audit.toml: ``schema.table`` as SQL folds it, and names of rules, none of which may match nothing.

``*`` matches any characters of one name and ``?`` one of them, as in ``carries`` and ``runs``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from migration_audit.model.identifiers import bare, dotted

_PART: Final = r'(?:"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)'
QUALIFIED: Final = rf"{_PART}\.{_PART}"
"""``schema.name``, as a regular expression."""
_PARTS: Final = rf"({_PART})\.({_PART})\Z"


def split_qualified(text: str) -> tuple[str, str] | None:
    """Schema and name of ``schema.name``, or None where the text is anything else.

    >>> split_qualified("Public.Positions"), split_qualified("positions")
    (('public', 'positions'), None)
    >>> split_qualified('public."Odd Name"')
    ('public', 'Odd Name')
    """
    match = re.match(_PARTS, text)
    return (bare(match[1]), bare(match[2])) if match else None


def qualified_key(text: str) -> str:
    """``schema.name`` as catalog objects spell their keys.

    >>> qualified_key('Public."positions"')
    'public.positions'
    """
    parts = split_qualified(text)
    if parts is None:
        raise ValueError(text)
    return dotted(*parts)


_NOTHING_BUT_WILDCARDS: Final = re.compile(r"[\W_]*")


@dataclass(frozen=True, slots=True)
class _Fault:
    """Names that match nothing, and what to write in their place."""

    pattern: str
    what: str
    todo: str


_BLANK: Final = _Fault(r"\s", "contains a space, but is compared with one word", "make each word a separate item")
_FAULTS: Final[Mapping[str, tuple[_Fault, ...]]] = {
    "calls": (
        _BLANK,
        _Fault(r"[()]", "holds a bracket", "write the name alone: migrate, not migrate()"),
        _Fault(r"\A(?!@[^/]+/[^/]+\Z).*[/\\]", "holds a path", 'name the file with module = "…", and here its functions'),
        _Fault(r"::|->|#", "joins its parts by other characters than a dot", "write runner.up"),
        _Fault(r"\A\.|\.\.|\.\Z", "has an empty part", "write goose.Up, or goose.* for all functions of goose"),
        _Fault(
            r"[^\w$.:/@*?-]",
            "contains a character that names cannot have",
            "a name has letters, digits, _ and $; * and ? match any of them",
        ),
    ),
    "mentions": (_Fault(r"\A\s|\s\Z", "begins or ends with a space", "write the name alone"),),
    "packages": (
        _BLANK,
        _Fault(r"(?<!\A)[@=<>~!^\[;,(]", "contains a version or an extra", "write the name of the library alone"),
    ),
    "carries": (
        _Fault(r"[/\\]", "contains a slash, but is compared with each part of a path", "write one part, such as migrations"),
    ),
    "runs": (_BLANK,),
}


def name_problems(rule: Mapping[str, Any]) -> Iterator[tuple[tuple[str, int], str, str]]:
    """Key and position of each name that can match nothing, or that matches everything; what is wrong; what to do."""
    for key, faults in _FAULTS.items():
        names = rule.get(key)
        for position, name in enumerate(names if isinstance(names, list) else ()):
            if not isinstance(name, str) or not name.strip():
                continue
            fault = next((fault for fault in faults if re.search(fault.pattern, name)), None)
            if fault is not None:
                yield (key, position), f"{fault.what}: it would match nothing", fault.todo
            elif _NOTHING_BUT_WILDCARDS.fullmatch(name):
                yield (key, position), "contains no letter or digit: it would match nothing, or everything", "write a name"
