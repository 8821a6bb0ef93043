"""What differs between the versions of Directus that the model knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from migration_audit.model.directus import DirectusVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One generation of ``directus schema apply``: what it does that the first one, 11.2, did not, or no longer does."""

    untracked: bool = False
    """Whether a snapshot holds what no row of Directus tracks (``meta: null``), so that an apply drops it."""
    system_fields: bool = False
    """Whether indexes of system tables are compared."""
    alias_changes: bool = False
    """Whether a field that becomes an alias, or ends being one, is deleted and created."""
    whole_meta: bool = False
    """Whether a key of ``meta`` that came or went makes the difference an edit of ``meta``."""
    partial: bool = False
    """Whether a snapshot of format 2 is applied to what it lists alone."""
    default_key: bool = False
    """Whether a collection that is created without a primary key gets ``id``."""
    fresh_foreign_keys: bool = False
    """Whether the schema is read with the foreign keys as they are by then, and again after each new or deleted field."""
    keeps_modifiers: bool = False
    """Whether an altered column keeps the default, length and precision that the file does not name."""
    long_names: bool = False
    """Whether names of indexes and constraints are shortened by Directus, not by PostgreSQL."""
    relation_schema: bool = False
    """Whether a changed relation keeps its foreign key where the file has no ``schema`` for it."""
    duplicated_fields: bool = False
    """Whether paths of ``item_duplication_fields`` over a field go with it."""
    most_collections: int | None = None
    """How many active collections with a table may be there without a license, when one is created or changed."""
    strict_names: bool = False
    """Whether a collection's name may neither begin nor end with white space."""
    strict_arguments: bool = False
    """Whether the command line refuses an argument too many."""


_V11_17: Final = Behaviour(
    system_fields=True,
    alias_changes=True,
    default_key=True,
    fresh_foreign_keys=True,
    keeps_modifiers=True,
    long_names=True,
    duplicated_fields=True,
    strict_arguments=True,
)
_V12_3: Final = replace(_V11_17, partial=True, most_collections=25, strict_names=True)
_KNOWN: Final = {
    DirectusVersion(11, 2, 2): Behaviour(untracked=True),
    DirectusVersion(11, 17, 4): _V11_17,
    DirectusVersion(12, 3, 1): _V12_3,
    DirectusVersion(12, 4, 0): replace(_V12_3, whole_meta=True, relation_schema=True),
}
"""The releases that were compared with the model, case by case."""


def behaviour_of(version: DirectusVersion) -> Behaviour | None:
    """What this version does; None for one that was not compared with the model."""
    return _KNOWN.get(version)


def known_versions() -> str:
    """``11.2.2, 11.17.4, 12.3.1 and 12.4.0``."""
    *most, last = map(str, sorted(_KNOWN))
    return f"{', '.join(most)} and {last}"
