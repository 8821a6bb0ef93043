"""papermill for each environment: strict about parameters, and the one who fills ``reports/``.

Each name is loaded when it is first asked for: verifying a run needs no kernels and no database driver.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migration_audit.model.on_use import names_on_use

if TYPE_CHECKING:
    from migration_audit.runner.folders import write_index
    from migration_audit.runner.kernels import open_kernels
    from migration_audit.runner.run import RunResult, run_audit

__all__ = ["RunResult", "open_kernels", "run_audit", "write_index"]

__getattr__ = names_on_use(__name__)
