"""The tables that ``directus bootstrap`` makes on an empty database, as far as an apply looks at them."""

from __future__ import annotations

import re
from typing import Final

from migration_audit.directus.behaviour import Behaviour
from migration_audit.model.directus_database import (
    DirectusColumn,
    DirectusDatabase,
    DirectusIndex,
    DirectusKey,
    DirectusTable,
)

_COLLECTIONS: Final = """
collection:varchar(64)! icon:varchar(64) note:text display_template:varchar(255) hidden:boolean!=false
singleton:boolean!=false translations:json archive_field:varchar(64) archive_app_filter:boolean!=true
archive_value:varchar(255) unarchive_value:varchar(255) sort_field:varchar(64) accountability:varchar(255)=all
color:varchar(255) item_duplication_fields:json sort:integer group:varchar(64) collapse:varchar(255)!=open
preview_url:varchar(255) versioning:boolean!=false
"""
_FIELDS: Final = """
id:integer!+ collection:varchar(64)! field:varchar(64)! special:varchar(64) interface:varchar(64) options:json
display:varchar(64) display_options:json readonly:boolean!=false hidden:boolean!=false sort:integer width:varchar(30)=full
translations:json note:text conditions:json required:boolean=false group:varchar(64) validation:json validation_message:text
"""
_RELATIONS: Final = """
id:integer!+ many_collection:varchar(64)! many_field:varchar(64)! one_collection:varchar(64) one_field:varchar(64)
one_collection_field:varchar(64) one_allowed_collections:text junction_field:varchar(64) sort_field:varchar(64)
one_deselect_action:varchar(255)!=nullify
"""
_BY_UUID: Final = (
    "access comments dashboards extensions files flows folders operations panels policies roles shares translations users"
    " versions"
)
_BY_NUMBER: Final = "activity notifications permissions presets revisions settings"
_INDEXED: Final = ("activity.timestamp", "revisions.activity", "revisions.parent")
_OAUTH: Final = (
    *("oauth_clients.date_created", "oauth_codes.expires_at", "oauth_codes.used_at", "oauth_consents.client"),
    *("oauth_tokens.code_hash", "oauth_tokens.expires_at", "oauth_tokens.previous_session", "oauth_tokens.session"),
    "sessions.oauth_client",
)
_SPELLED: Final = re.compile(r"(\w+):(\w+)(?:\((\d+)\))?(!?)(\+?)(?:=(\w+))?")
_TYPES: Final = {"varchar": "character varying"}
_NUMBERS: Final = {"integer": (32, 0), "real": (24, None)}


def bootstrapped(version: Behaviour, *, schema: str = "public") -> DirectusDatabase:
    """A database in which this version was bootstrapped, and nothing else happened."""
    collections = _COLLECTIONS + ("status:varchar(255)!=active autosave_revision_interval:real" if version.partial else "")
    fields = _FIELDS + ("searchable:boolean!=true" if version.system_fields else "")
    tables = [
        _table(schema, "collections", collections, "collection"),
        _table(schema, "fields", fields, "id"),
        _table(schema, "relations", _RELATIONS, "id"),
        _table(schema, "migrations", "version:varchar(255)!", "version"),
        _table(schema, "sessions", "token:varchar(64)! oauth_client:varchar(255)", "token"),
    ]
    tables += [_table(schema, name, "id:uuid!", "id") for name in _BY_UUID.split()]
    tables += [_table(schema, name, "id:integer!+", "id") for name in _BY_NUMBER.split()]
    made = {table.name: table for table in tables}
    indexed = (*_INDEXED, *(_OAUTH if version.partial else ())) if version.system_fields else ()
    for each in indexed:
        _index(made, schema, *each.split("."))
    return DirectusDatabase(tables=tuple(made[name] for name in sorted(made)))


def _table(schema: str, name: str, columns: str, key: str) -> DirectusTable:
    found = []
    for column, kind, length, needed, serial, default in _SPELLED.findall(columns):
        precision, scale = _NUMBERS.get(kind, (None, None))
        quoted = default if kind == "boolean" else f"'{default}'::character varying"
        found.append(
            DirectusColumn(
                name=column,
                type=_TYPES.get(kind, kind),
                default="nextval('of its own'::regclass)" if serial else quoted if default else None,
                nullable=not needed,
                max_length=int(length) if length else None,
                precision=precision,
                scale=scale,
                serial=bool(serial),
            )
        )
    full = f"directus_{name}"
    keys = (DirectusKey(name=f"{full}_pkey", primary=True, columns=(key,)),)
    return DirectusTable(schema=schema, name=full, columns=tuple(found), keys=keys)


def _index(made: dict[str, DirectusTable], schema: str, table: str, column: str) -> None:
    name = f"directus_{table}"
    here = made.get(name) or _table(schema, table, "id:uuid!", "id")
    kind = "timestamp with time zone" if column in {"timestamp", "date_created"} else "integer"
    columns = here.columns
    if all(one.name != column for one in columns):
        columns = (*columns, DirectusColumn(name=column, type=kind, precision=None if "time" in kind else 32, scale=None))
    index = DirectusIndex(name=f"{name}_{column}_index", columns=(column,))
    made[name] = DirectusTable(schema=schema, name=name, columns=columns, keys=here.keys, indexes=(*here.indexes, index))
