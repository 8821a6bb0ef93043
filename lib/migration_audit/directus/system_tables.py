"""Directus's own tables: those that ``directus bootstrap`` makes, and the fields that 11.2.2 knows of them."""

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
_LISTED: Final = """
access: id role user policy sort
activity: id item action collection timestamp user comment user_agent origin ip revisions
collections: collection_divider collection note icon color display_template hidden singleton translations
  preview_divider preview_url content_versioning_divider versioning archive_divider archive_field archive_app_filter
  archive_value unarchive_value sort_divider sort_field accountability_divider accountability duplication_divider
  item_duplication_fields sort group collapse
comments: id collection item comment date_created date_updated user_created user_updated
dashboards: id name icon panels date_created user_created note color
extensions: id folder source bundle enabled
fields: id collection field special interface options display display_options readonly hidden required sort width
  group translations note conditions validation validation_message
files: id title description tags location storage focal_point_divider focal_point_x focal_point_y storage_divider
  filename_disk filename_download metadata type filesize created_on modified_by modified_on embed uploaded_by
  uploaded_on folder width height charset duration tus_id tus_data
flows: id name icon color description status trigger accountability options operation operations date_created
  user_created
folders: id parent name
migrations: version name timestamp
notifications: id timestamp status recipient sender subject message collection item
operations: id name key type position_x position_y options resolve reject flow date_created user_created
panels: id name icon color note type show_header position_x position_y width height options date_created user_created
  dashboard
permissions: permissions presets policy collection id fields action validation
policies: id name icon description permissions app_access admin_access ip_access enforce_tfa assigned_to_divider users
  roles
presets: filter layout_query layout_options role user id bookmark icon color search collection layout refresh_interval
relations: id many_collection many_field one_collection one_field one_collection_field one_allowed_collections
  junction_field sort_field one_deselect_action
revisions: id activity collection item data delta parent version
roles: id name icon description parent children policies users_group users_divider users
sessions: token user expires ip user_agent origin share next_token
settings: id project_name project_descriptor project_url default_language theming_group branding_divider project_color
  project_logo public_foreground public_background public_favicon public_note theming_divider default_appearance
  default_theme_light theme_light_overrides default_theme_dark theme_dark_overrides custom_css modules_divider
  module_bar security_divider auth_password_policy auth_login_attempts public_registration_divider public_registration
  public_registration_role public_registration_verify_email public_registration_email_filter files_divider
  storage_asset_transform storage_default_folder storage_asset_presets reporting_divider report_feature_url
  report_bug_url report_error_url map_divider mapbox_key basemaps image_editor custom_aspect_ratios
shares: id name collection item role password date_start date_end max_uses times_used date_created user_created
translations: id key language value
users: first_name last_name email password avatar location title description tags preferences_divider language
  tfa_secret email_notifications theming_divider appearance theme_light theme_light_overrides theme_dark
  theme_dark_overrides admin_divider status role policies token id last_page last_access provider external_identifier
  auth_data
versions: id key name collection item hash date_created date_updated user_created user_updated delta
webhooks: id name method url status data headers triggers_divider actions collections was_active_before_deprecation
  migrated_flow
"""


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


def _read() -> frozenset[tuple[str, str]]:
    found = set()
    table = ""
    for word in _LISTED.split():
        if word.endswith(":"):
            table = f"directus_{word[:-1]}"
        else:
            found.add((table, word))
    return frozenset(found)


SYSTEM_COLUMNS: Final = _read()
"""Table and field; of ``@directus/system-data`` 2.1.1."""
SYSTEM_TABLES: Final = frozenset(table for table, _ in SYSTEM_COLUMNS)
