"""What takes the lines that say what is being done."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]
