"""Where findings are in the repository: what SARIF and annotations point at."""

from __future__ import annotations

import posixpath

from migration_audit.model.command import is_command
from migration_audit.model.evidence import Evidence
from migration_audit.model.finding import Finding


class Places:
    """The files of one run's repository.

    ``config`` of the evidence names where audit.toml is (``prefix``, its folder below the repository's root) and at which of
    its lines the environment.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Nothing is read: evidence alone decides."""
        self._prefix = evidence.config.prefix or ""
        self._environment_at = evidence.config.environment_at

    def of(self, finding: Finding) -> tuple[str, int]:
        """Path from the repository's root, and line; the environment's line in audit.toml for what no file defines."""
        named = finding.where
        path, line = _split(self._environment_at if named is None or is_command(named) else named)
        joined = posixpath.normpath(posixpath.join(self._prefix, path))
        if joined.startswith(("../", "/")):  # another repository's file: no path of this one
            path, line = _split(self._environment_at)
            joined = posixpath.normpath(posixpath.join(self._prefix, path))
        return joined, line


def _split(where: str) -> tuple[str, int]:
    path, _, line = where.rpartition(":")
    return (path, max(1, int(line))) if path and line.isdecimal() else (where, 1)
