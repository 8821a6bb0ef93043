"""Two snapshots in, their differences out. Pure: no database, no files."""

from migration_audit.compare.diff import compare
from migration_audit.compare.rules import AGAINST_LIVE, DEFAULT_WEIGHTS, RULE_OF_FIELD, Rules
from migration_audit.compare.scope import in_scope

__all__ = ["AGAINST_LIVE", "DEFAULT_WEIGHTS", "RULE_OF_FIELD", "Rules", "compare", "in_scope"]
