"""A first audit.toml from what lies in a folder and next to it: ``init --detect``. Files are read, nothing is executed."""

from migration_audit.detect.draft import ConfigDraft, draft_of
from migration_audit.detect.listing import list_folder

__all__ = ["ConfigDraft", "draft_of", "list_folder"]
