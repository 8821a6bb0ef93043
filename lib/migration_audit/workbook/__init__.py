"""The only module that notebooks import: some two dozen verbs, each one line in a notebook.

``open_audit`` first; everything else takes what it returns. What a ``show_`` verb returns is displayed by being the last
expression of a cell: as HTML in JupyterLab and in the report, as text in a terminal.

The verbs are in ``workbook.verbs``, which is loaded when the first of them is used: the command line replays notebooks
without tables and parsers.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from migration_audit.workbook.verbs import *  # noqa: F403  each verb is listed once, in that module


def __getattr__(name: str) -> Any:
    is_verb = not name.startswith("_") and find_spec(f"{__name__}.{name}") is None  # a module of this package is imported
    verbs = import_module("migration_audit.workbook.verbs") if is_verb else None
    if verbs is None or name not in verbs.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found = getattr(verbs, name)
    return found


def __dir__() -> list[str]:
    return sorted(import_module("migration_audit.workbook.verbs").__all__)
