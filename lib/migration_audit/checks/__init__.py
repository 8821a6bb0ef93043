"""The checks: one module each, named after its id; a new module is found by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Final

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


@cache
def _all() -> tuple[Check, ...]:
    return tuple(_of_module(name) for name in _modules())


@cache
def _by_id() -> Mapping[str, Check]:
    return {check.id: check for check in _all()}


def _of_module(name: str) -> Check:
    found: Check = import_module(f"{__name__}.{name}").CHECK
    return found


def find_check(check_id: str) -> Check:
    """The check of this id, in any case; no other one is loaded. Raises UsageError for an unknown id."""
    name = next((name for name in _modules() if name.startswith(f"{check_id.lower()}_")), None)
    if name is None:
        raise UsageError(f"the check {check_id} does not exist", todo="`migration-audit check list` lists all checks")
    return _of_module(name)


if TYPE_CHECKING:
    ALL: Final[tuple[Check, ...]] = _all()
    BY_ID: Final[Mapping[str, Check]] = _by_id()


def __getattr__(name: str) -> Any:
    """``ALL`` and ``BY_ID``, whose modules are loaded when they are first asked for."""
    if name == "ALL":
        return _all()
    if name == "BY_ID":
        return _by_id()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["ALL", "BY_ID", "find_check", "judge"]
