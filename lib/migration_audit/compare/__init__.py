"""Two snapshots in, their differences out. Pure: no database, no files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migration_audit.model.on_use import names_on_use

if TYPE_CHECKING:
    from migration_audit.compare.cross_check import cross_check_with_pg_dump
    from migration_audit.compare.diff import compare
    from migration_audit.compare.ledgers import known_ledgers, without_ledgers
    from migration_audit.compare.object_history import with_effects
    from migration_audit.compare.rows import RowScope, compare_rows
    from migration_audit.compare.rules import AGAINST_LIVE, DEFAULT_WEIGHTS, RULE_OF_FIELD, Rules
    from migration_audit.compare.scope import in_scope, left_out_by_scope, of_interest, rows_out_of_scope

__all__ = [
    "AGAINST_LIVE",
    "DEFAULT_WEIGHTS",
    "RULE_OF_FIELD",
    "RowScope",
    "Rules",
    "compare",
    "compare_rows",
    "cross_check_with_pg_dump",
    "in_scope",
    "known_ledgers",
    "left_out_by_scope",
    "of_interest",
    "rows_out_of_scope",
    "with_effects",
    "without_ledgers",
]

__getattr__ = names_on_use(__name__)
