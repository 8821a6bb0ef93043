"""What is signed, by whom, and under which policy."""

from migration_audit.signoff.statement import PREDICATE_TYPE, build_statement

__all__ = ["PREDICATE_TYPE", "build_statement"]
