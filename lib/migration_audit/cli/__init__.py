"""The command line: parse arguments, call one function, return an exit code."""

from migration_audit.cli.main import main

__all__ = ["main"]
