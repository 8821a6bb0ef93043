"""The fields of Directus's own tables in 11.2.2, which takes every other column of them for one that it does not track."""

from __future__ import annotations

from typing import Final

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
