"""The TRM project as an example: two SQL sources and three databases with three histories."""

from migration_audit.demo.histories import History, Step, build_database, histories
from migration_audit.demo.tree import copy_retired_tree, copy_tree

__all__ = ["History", "Step", "build_database", "copy_retired_tree", "copy_tree", "histories"]
