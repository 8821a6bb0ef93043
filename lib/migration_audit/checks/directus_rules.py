"""What ``directus schema apply`` does, by version, as data.

Run on real servers: 10.13.4, 11.2.2, 11.17.4, 12.3.1 and 12.4.0; what lies between was read in the published packages. The
command has no validation and exits 0 after a drop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from migration_audit.model.directus import DirectusVersion, TargetVersion

FIRST_KNOWN: Final = DirectusVersion(10, 7, 0)
"""Since then the keys below are known: earlier versions write fewer."""
LAST_RUN: Final = DirectusVersion(12, 4, 0)
"""The newest version that was run."""

UNTRACKED_DROPPED_SINCE: Final = DirectusVersion(11, 1, 1)
"""Up to 11.1.0 a guard (``meta.group === null``) kept tables that Directus does not track."""
UNTRACKED_LEFT_ALONE_SINCE: Final = DirectusVersion(11, 10, 0)
"""From here on neither a snapshot nor an apply looks at tables that Directus does not track."""
META_KEYS_HARMLESS_SINCE: Final = DirectusVersion(12, 4, 0)
"""From here on a missing key of a collection's ``meta`` no longer drops the table."""
INDEXES_SEEN_SINCE: Final = DirectusVersion(11, 2, 0)
SYSTEM_FIELDS_SINCE: Final = DirectusVersion(11, 13, 0)

_ALWAYS: Final = FIRST_KNOWN


def _since(version: DirectusVersion, keys: str) -> dict[str, DirectusVersion]:
    return dict.fromkeys(keys.split(), version)


COLLECTION_META: Final = _since(
    _ALWAYS,
    "accountability archive_app_filter archive_field archive_value collapse collection color display_template group hidden "
    "icon item_duplication_fields note preview_url singleton sort sort_field translations unarchive_value versioning",
) | _since(DirectusVersion(12, 0, 0), "autosave_revision_interval status")
"""Each key of ``collections[].meta``, with the version that first writes it; a key missing: DROP TABLE before 12.4."""

FIELD_SCHEMA: Final = _since(
    _ALWAYS,
    "name table data_type default_value max_length numeric_precision numeric_scale is_nullable is_unique is_primary_key "
    "is_generated generation_expression has_auto_increment foreign_key_table foreign_key_column",
) | _since(INDEXES_SEEN_SINCE, "is_indexed")
"""Each key of ``fields[].schema``; a key missing: DROP COLUMN."""

RELATION_META: Final = _since(
    _ALWAYS,
    "junction_field many_collection many_field one_allowed_collections one_collection one_collection_field "
    "one_deselect_action one_field sort_field",
)
RELATION_SCHEMA: Final = _since(
    _ALWAYS, "table column foreign_key_table foreign_key_column constraint_name on_update on_delete"
)
"""Keys of ``relations[].meta`` and ``.schema``; one missing deletes the relation and its foreign key."""

SYSTEM_FIELDS: Final = (
    ("directus_activity", "timestamp"),
    ("directus_revisions", "activity"),
    ("directus_revisions", "parent"),
)
"""Entries of ``systemFields``: indexes of system tables that an apply drops when they are not listed."""


def lacking(found: Iterable[str], keys: Mapping[str, DirectusVersion], version: DirectusVersion) -> tuple[str, ...]:
    """The keys that this version writes and that are not there, sorted."""
    there = set(found)
    return tuple(sorted(key for key, since in keys.items() if since <= version and key not in there))


def drops_untracked(version: DirectusVersion) -> bool:
    """Whether an apply of this version drops each table that it does not track and the snapshot does not have."""
    return UNTRACKED_DROPPED_SINCE <= version < UNTRACKED_LEFT_ALONE_SINCE


def writes_untracked(version: DirectusVersion) -> bool:
    """Whether a snapshot of this version holds tables that Directus does not track (``meta: null``)."""
    return version < UNTRACKED_LEFT_ALONE_SINCE


def unknown(target: TargetVersion, what: str) -> str:
    """Why a rule that depends on the version could not be decided."""
    return f"{what} depends on the version of Directus, which is not known: {target.reason or target.named}"
