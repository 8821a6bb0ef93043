"""Where findings stand in the repository: what SARIF and annotations point at."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from migration_audit.model.command import is_command
from migration_audit.model.finding import Finding


class Places:
    """The files of one run's repository.

    ``evidence`` says under ``config`` where audit.toml stands (``prefix``, its folder below the repository's root) and at
    which of its lines the environment.
    """

    def __init__(self, evidence: Mapping[str, Any]) -> None:
        """Nothing is read: evidence alone decides."""
        config = evidence.get("config") or {}
        self._prefix = str(config.get("prefix") or "")
        self._environment_at = str(config.get("environment_at") or f"{config.get('path') or 'audit.toml'}:1")

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
