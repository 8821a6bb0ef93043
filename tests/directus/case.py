"""One experiment: a file, SQL that runs before the first boot, and options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

Body = dict[str, Any]


@dataclass(slots=True)
class Case:
    """What is tried on a clone of the healthy database."""

    body: Any
    healthy: Any = None
    """The file that changes nothing."""
    later: Any = None
    """The file of the second boot, where it is another one."""
    sql: list[str] = field(default_factory=list)
    """Statements of Directus's role; of the superuser after ``superuser: ``."""
    options: dict[str, Any] = field(default_factory=dict)
    """``ignoreRules``, ``excluded`` and ``searchPath``."""
    kinds: list[str] = field(default_factory=list)
    """Which mutations were made."""
    words: list[str] = field(default_factory=list)

    def body_of(self, boot: int) -> Any:
        """The file of a boot, of which the first is 1."""
        return self.body if boot == 1 or self.later is None else self.later


Mutation = Callable[[Random, Case], str]
