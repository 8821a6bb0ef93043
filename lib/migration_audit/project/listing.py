"""Folders are listed as a whole or not at all: ``pathlib`` leaves out, in silence, what it may not list."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path, PurePath
from typing import NoReturn

from migration_audit.model.errors import AuditError


def paths_that_match(root: Path, pattern: str, *, error: type[AuditError] = AuditError) -> list[Path]:
    """What ``root.glob(pattern)`` gives, sorted. Raises ``error`` for a folder on the way that cannot be listed or searched.

    Raises ValueError or NotImplementedError as ``Path.glob`` does.
    """
    parts = PurePath(pattern).parts
    found = sorted(root.glob(pattern))
    for number, part in enumerate(parts):
        for folder in root.glob(str(PurePath(*parts[:number]))) if number else (root,):
            _look_into(folder, part, error)
    return found


def paths_below(folder: Path, *, without: Collection[str] = ()) -> list[Path]:
    """What ``folder.rglob("*")`` gives, sorted, without folders of these names; links are not followed.

    Raises AuditError for a folder that cannot be listed.
    """

    def refuse(reason: OSError) -> NoReturn:
        raise _unlisted(Path(reason.filename or folder), reason, AuditError) from reason

    found: list[Path] = []
    for here, folders, names in os.walk(folder, onerror=refuse) if folder.is_dir() else ():
        folders[:] = [name for name in folders if name not in without]
        found += [Path(here, name) for name in (*folders, *names)]
    return sorted(found)


def _look_into(folder: Path, part: str, error: type[AuditError]) -> None:
    try:
        if not folder.is_dir():
            return
        if any(character in part for character in "*?["):
            os.scandir(folder).close()
        else:
            (folder / part).is_symlink()  # of a folder that cannot be searched, pathlib says that nothing is there
    except OSError as reason:
        raise _unlisted(folder, reason, error) from reason


def _unlisted(folder: Path, reason: OSError, error: type[AuditError]) -> AuditError:
    return error(f"cannot be listed: {reason.strerror or reason}", where=str(folder), todo="check its permissions")
