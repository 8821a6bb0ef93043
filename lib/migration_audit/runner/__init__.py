"""papermill for each environment: strict about parameters, and the one who fills ``reports/``."""

from migration_audit.runner.index import write_index
from migration_audit.runner.kernels import open_kernels
from migration_audit.runner.run import RunResult, run_audit

__all__ = ["RunResult", "open_kernels", "run_audit", "write_index"]
