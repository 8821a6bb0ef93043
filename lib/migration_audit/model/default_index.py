"""The indexes that create_hypertable makes by itself: told by their name and definition, as no catalog marks them."""

from __future__ import annotations

import re

from migration_audit.model.identifiers import in_quotes, made_name, parts_of
from migration_audit.model.relations import Index


def is_default_index(index: Index, dimensions: tuple[str, ...]) -> bool:
    """Whether an index looks like one that create_hypertable makes by itself; no catalog says so.

    That is ``(time DESC)``, and ``(space, time DESC)`` where a hash dimension was given in the same call, under the name
    that PostgreSQL gives to an index without one. ``dimensions`` are the hypertable's columns, the primary one first.
    """
    first, *others = dimensions
    shapes = [([first], "({} DESC)"), *(([other, first], "({}, {} DESC)") for other in others)]
    table = parts_of(index.table)[-1]
    return not index.unique and any(
        index.columns in _spellings(shape, columns) and _is_chosen_name(index.name, table, "_".join(columns))
        for columns, shape in shapes
    )


def _spellings(shape: str, columns: list[str]) -> set[str]:
    """The columns bare and quoted: PostgreSQL quotes keywords too, such as ``time``."""
    mixed = [[column, in_quotes(column)] for column in columns]
    if len(columns) == 1:
        return {shape.format(one) for one in mixed[0]}
    return {shape.format(one, other) for one in mixed[0] for other in mixed[1]}


def _is_chosen_name(name: str, table: str, columns: str) -> bool:
    """Whether PostgreSQL chose the name: ``<table>_<columns>_idx``, the longer part cut until it fits, then counted."""
    match = re.search(r"_(idx\d*)\Z", name)
    return match is not None and name == made_name(table, columns, match[1])
