"""SQL files as values: which files, in which order, which statements, at which lines."""

from migration_audit.sources.extensions import needed_extensions
from migration_audit.sources.load import load_globs, load_source, text_digest
from migration_audit.sources.order import numbering

__all__ = ["load_globs", "load_source", "needed_extensions", "numbering", "text_digest"]
