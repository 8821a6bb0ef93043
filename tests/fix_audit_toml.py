"""Every table and key of audit.toml by its full name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migration_audit.project.describe import TableSpec

ANY_NAME: Final = "<name>"
"""Stands for a name that the user chooses, as in ``[environments.<name>]``."""


def documented_keys(spec: TableSpec, prefix: str = "") -> Iterator[str]:
    """The full name of every key below ``spec``: ``legacy.ledger.table``, ``environments.<name>.dsn_env``."""
    for path, below in walk(spec):
        yield from (".".join((*path, name)) for name in below.keys)


def walk(spec: TableSpec, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], TableSpec]]:
    """Every table with its full name, from the outside in, in the order of the template."""
    yield path, spec
    if spec.any_table is not None:
        yield from walk(spec.any_table, (*path, ANY_NAME))
    for name, below in spec.tables.items():
        yield from walk(below, (*path, name))
