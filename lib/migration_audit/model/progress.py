"""Who hears what is being done, and how long SQL may take on a shadow where nothing else is set."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]

STATEMENT_TIMEOUT = 100
"""Seconds for one statement."""
FILE_TIMEOUT = 600
"""Seconds for one file."""
