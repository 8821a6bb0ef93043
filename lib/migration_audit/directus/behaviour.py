"""What differs between the versions of Directus that the model knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from migration_audit.model.directus import DirectusVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One generation of ``directus schema apply``."""

    tested: str
    """The release that was compared with the model, case by case."""
    untracked: bool
    """Whether a snapshot holds what no row of Directus tracks (``meta: null``), so that an apply drops it."""
    system_fields: bool
    """Whether indexes of system tables are compared."""
    alias_changes: bool
    """Whether a field that becomes an alias, or ends being one, is deleted and created."""
    whole_meta: bool
    """Whether a key of ``meta`` that came or went makes the difference an edit of ``meta``."""
    partial: bool
    """Whether a snapshot of format 2 is applied to what it lists alone."""
    default_key: bool
    """Whether a collection that is created without a primary key gets ``id``."""
    fresh_foreign_keys: bool
    """Whether the schema is read with the foreign keys as they are by then, and again after each new or deleted field."""
    keeps_modifiers: bool
    """Whether an altered column keeps the default, length and precision that the file does not name."""
    long_names: bool
    """Whether names of indexes and constraints are shortened by Directus, not by PostgreSQL."""
    relation_schema: bool
    """Whether a changed relation keeps its foreign key where the file has no ``schema`` for it."""
    duplicated_fields: bool
    """Whether paths of ``item_duplication_fields`` over a field go with it."""
    most_collections: int | None
    """How many active collections with a table may be there without a license, when one is created or changed."""
    strict_names: bool
    """Whether a collection's name may neither begin nor end with white space."""
    strict_arguments: bool
    """Whether the command line refuses an argument too many."""


_V11_2: Final = Behaviour(
    tested="11.2.2",
    untracked=True,
    system_fields=False,
    alias_changes=False,
    whole_meta=False,
    partial=False,
    default_key=False,
    fresh_foreign_keys=False,
    keeps_modifiers=False,
    long_names=False,
    relation_schema=False,
    duplicated_fields=False,
    most_collections=None,
    strict_names=False,
    strict_arguments=False,
)
_V11_17: Final = Behaviour(
    tested="11.17.4",
    untracked=False,
    system_fields=True,
    alias_changes=True,
    whole_meta=False,
    partial=False,
    default_key=True,
    fresh_foreign_keys=True,
    keeps_modifiers=True,
    long_names=True,
    relation_schema=False,
    duplicated_fields=True,
    most_collections=None,
    strict_names=False,
    strict_arguments=True,
)
_V12_4: Final = Behaviour(
    tested="12.4.0",
    untracked=False,
    system_fields=True,
    alias_changes=True,
    whole_meta=True,
    partial=True,
    default_key=True,
    fresh_foreign_keys=True,
    keeps_modifiers=True,
    long_names=True,
    relation_schema=True,
    duplicated_fields=True,
    most_collections=25,
    strict_names=True,
    strict_arguments=True,
)
_V12_3: Final = replace(_V12_4, tested="12.3.1", whole_meta=False, relation_schema=False)
_KNOWN: Final = {
    DirectusVersion(11, 2, 2): _V11_2,
    DirectusVersion(11, 17, 4): _V11_17,
    DirectusVersion(12, 3, 1): _V12_3,
    DirectusVersion(12, 4, 0): _V12_4,
}


def behaviour_of(version: DirectusVersion) -> Behaviour | None:
    """What this version does; None for one that was not compared with the model."""
    return _KNOWN.get(version)


def known_versions() -> str:
    """``11.2.2, 11.17.4, 12.3.1 and 12.4.0``."""
    *most, last = map(str, sorted(_KNOWN))
    return f"{', '.join(most)} and {last}"
