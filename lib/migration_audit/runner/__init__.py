"""papermill for each environment: strict about parameters, and the one who fills ``reports/``.

Each name is loaded when it is first asked for: verifying a run needs no kernels and no database driver.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from migration_audit.runner.index import write_index
    from migration_audit.runner.kernels import open_kernels
    from migration_audit.runner.run import RunResult, run_audit

__all__ = ["RunResult", "open_kernels", "run_audit", "write_index"]

_MODULES = {"RunResult": "run", "open_kernels": "kernels", "run_audit": "run", "write_index": "index"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
