"""SQL files as values: which files, in which order, which statements, at which lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migration_audit.model.on_use import names_on_use

if TYPE_CHECKING:
    from migration_audit.sources.command import command_files, load_command
    from migration_audit.sources.destructive import find_destructions
    from migration_audit.sources.extensions import needed_extensions
    from migration_audit.sources.load import load_globs, load_source, text_digest
    from migration_audit.sources.post_objects import find_column_changes
    from migration_audit.sources.similarity import match_statements
    from migration_audit.sources.trees import sql_files

__all__ = [
    "command_files",
    "find_column_changes",
    "find_destructions",
    "load_command",
    "load_globs",
    "load_source",
    "match_statements",
    "needed_extensions",
    "sql_files",
    "text_digest",
]

__getattr__ = names_on_use(__name__)
