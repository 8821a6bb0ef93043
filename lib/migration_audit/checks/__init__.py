"""The checks: one module each, named after its id; a new module is found by its name."""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from migration_audit.checks.judge import judge
from migration_audit.model.errors import UsageError
from migration_audit.model.finding import Check

_FAMILIES: Final = ("sql", "cov", "liv", "prv", "boot", "ret", "doc", "cmd", "snap", "wvr")
"""In the order in which reports show them."""


def _modules() -> list[str]:
    """The names of the modules of checks, by family and number."""
    found = [
        (match, each.name) for each in iter_modules(__path__) if (match := re.match(r"([a-z]{3,4})(\d{3})_", each.name))
    ]
    return [name for match, name in sorted(found, key=lambda pair: (_FAMILIES.index(pair[0][1]), pair[0][2]))]


ALL: Final[tuple[Check, ...]] = tuple(import_module(f"{__name__}.{name}").CHECK for name in _modules())
BY_ID: Final = {check.id: check for check in ALL}


def find_check(check_id: str) -> Check:
    """The check of this id, in any case; raises UsageError when there is none."""
    try:
        return BY_ID[check_id.upper()]
    except KeyError:
        raise UsageError(
            f"the check {check_id} does not exist", todo="`migration-audit check list` lists all checks"
        ) from None


__all__ = ["ALL", "BY_ID", "find_check", "judge"]
