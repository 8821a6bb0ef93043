"""The text of a project's file, and the path under which people are to see it."""

from __future__ import annotations

import os
from pathlib import Path

from migration_audit.model.errors import ArtifactError


def shown_path(path: Path, shown_from: Path) -> str:
    """``path`` relative to ``shown_from`` if it is below it, else in full; with ``/`` on every system."""
    absolute = Path(os.path.normpath(path.absolute()))
    base = Path(os.path.normpath(shown_from.absolute()))
    return absolute.relative_to(base).as_posix() if absolute.is_relative_to(base) else absolute.as_posix()


def read_text(path: Path, shown_from: Path) -> str:
    """The whole file, line ends as ``\\n``. Raises ArtifactError if it is missing, no file, unreadable or not UTF-8."""
    shown = shown_path(path, shown_from)
    try:
        if path.exists() and not path.is_file():  # reading a pipe would wait for whoever writes it
            raise ArtifactError("is no file", where=shown, todo="check the path in audit.toml")
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ArtifactError("there is no such file", where=shown, todo="check the path in audit.toml") from None
    except OSError as error:
        todo = "check its permissions"
        raise ArtifactError(f"cannot be read: {error.strerror or error}", where=shown, todo=todo) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ArtifactError("is not UTF-8 here", where=f"{shown}:{line}", todo="save the file as UTF-8") from None
    return text.replace("\r\n", "\n")
