"""Names as audit.toml writes them: ``schema.table``, folded and quoted as SQL does."""

from __future__ import annotations

import re
from typing import Final

from migration_audit.model.identifiers import bare, dotted

_PART: Final = r'(?:"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)'
QUALIFIED: Final = rf"{_PART}\.{_PART}"
"""``schema.name``, as a regular expression."""
_PARTS: Final = re.compile(rf"({_PART})\.({_PART})\Z")


def split_qualified(text: str) -> tuple[str, str] | None:
    """Schema and name of ``schema.name``, or None where the text is anything else.

    >>> split_qualified("Public.Positions"), split_qualified("positions")
    (('public', 'positions'), None)
    >>> split_qualified('public."Odd Name"')
    ('public', 'Odd Name')
    """
    match = _PARTS.match(text)
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
