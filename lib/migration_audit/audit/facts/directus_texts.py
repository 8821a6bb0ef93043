"""Texts that people write into Directus, as digests: whether they are equal is all that decides about an apply.

Notes, options of interfaces and translations may hold anything, keys of services among it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from migration_audit.model.directus import DirectusLive, DirectusSnapshot
from migration_audit.model.directus_database import DirectusDatabase

_FREE: Final = frozenset(
    {
        *("note", "options", "display_options", "display_template", "translations", "conditions", "validation"),
        *("validation_message", "preview_url", "archive_value", "unarchive_value"),
    }
)


def without_texts(fact: Any) -> Any:
    """The file or the database with each free text as its digest; what both compare is the same as before."""
    if isinstance(fact, DirectusSnapshot):
        sections = ("collections", "fields", "relations")
        body = {name: _entries(part) if name in sections else part for name, part in fact.body.items()}
        return replace(fact, body=body)
    if isinstance(fact, DirectusLive) and fact.database is not None:
        return replace(fact, database=database_without_texts(fact.database))
    return fact


def database_without_texts(found: DirectusDatabase) -> DirectusDatabase:
    """The database with each free text of Directus's rows as its digest."""
    collections, fields, relations = (tuple(map(_row, rows)) for rows in (found.collections, found.fields, found.relations))
    return replace(found, collections=collections, fields=fields, relations=relations)


def _entries(part: Any) -> Any:
    if not isinstance(part, list):
        return part
    return [
        {**entry, "meta": _row(entry["meta"])} if isinstance(entry, dict) and isinstance(entry.get("meta"), dict) else entry
        for entry in part
    ]


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _digested(value) if key in _FREE else value for key, value in row.items()}


def _digested(value: Any) -> Any:
    if isinstance(value, str) and value:
        return "sha256:" + hashlib.sha256(value.encode()).hexdigest()[:24]
    if isinstance(value, list):
        return [_digested(item) for item in value]
    return {key: _digested(item) for key, item in value.items()} if isinstance(value, Mapping) else value
