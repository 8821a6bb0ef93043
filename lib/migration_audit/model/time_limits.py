"""How long SQL may take on a shadow where nothing else is set."""

STATEMENT_TIMEOUT = 100
"""Seconds for one statement."""
FILE_TIMEOUT = 600
"""Seconds for one file."""
