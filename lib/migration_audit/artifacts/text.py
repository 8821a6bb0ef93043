"""The text of a project's file, and the path under which people are to see it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from migration_audit.model.errors import ArtifactError
from migration_audit.model.location import Location, line_at
from migration_audit.project.boundary import Boundary, boundary_of
from migration_audit.project.locate import shown_path


def path_below(root: Path, path: str) -> Path:
    """A path that counts from ``root``, from the file system's root and without ``..``: no link changes what it means."""
    return Path(os.path.normpath(root.absolute() / path))


def folders_above(path: str) -> Iterator[str]:
    """The folders above a relative path, the innermost first, up to ``""`` or to the ``..`` that it begins with."""
    while path and not path.endswith(".."):
        path = posixpath.dirname(path)
        yield path


def word_list(text: str) -> tuple[str, ...]:
    """The words of a table that is written as one text."""
    return tuple(text.split())


def word_set(text: str) -> frozenset[str]:
    """The same in no order."""
    return frozenset(text.split())


MOST_BYTES: Final = 50_000_000
"""No text that people or their tools write for a project is larger; what is, is a dump, an archive or an attack."""


def check_artifact_inside(
    path: Path, shown_from: Path, boundary: Boundary | None = None, *, at: Location | None = None
) -> None:
    """Raise ArtifactError for a path that leads out of ``boundary``: by default, of its own repository by a link.

    ``at`` is the place that names the path, where that is not audit.toml.
    """
    boundary = boundary or boundary_of(shown_from, path)
    if (target := boundary.target_outside(path)) is not None:
        what = f"leads to {target}, which is outside of {boundary} and is not read"
        where = shown_path(path, shown_from)
        raise ArtifactError(
            f"{where} {what}" if at else what,
            where=str(at) if at else where,
            todo="copy what it leads to into the repository",
        )


def read_text(path: Path, shown_from: Path, boundary: Boundary | None = None) -> str:
    """The whole file, line ends as ``\\n``.

    Raises ArtifactError if it is missing, no file, unreadable, not UTF-8, larger than 50 MB, or outside of ``boundary`` (by
    default, where a link leads out of its repository).
    """
    check_artifact_inside(path, shown_from, boundary)
    return read_shown_text(path, shown_path(path, shown_from))


def read_shown_text(path: Path, shown: str) -> str:
    """The same of a file that may be anywhere; errors call it ``shown``."""
    try:
        if path.exists() and not path.is_file():  # reading a pipe would wait for its writer
            raise ArtifactError("is not a file", where=shown, todo="check the path in audit.toml")
        if path.stat().st_size > MOST_BYTES:
            raise ArtifactError(
                "is larger than 50 MB", where=shown, todo="check the path, or exclude it with except in audit.toml"
            )
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ArtifactError("the file does not exist", where=shown, todo="check the path in audit.toml") from None
    except OSError as error:
        todo = "check its permissions"
        raise ArtifactError(f"cannot be read: {error.strerror or error}", where=shown, todo=todo) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"{shown}:{line_at(raw, error.start)}"
        raise ArtifactError("is not UTF-8 here", where=where, todo="save the file as UTF-8") from None
    return text.replace("\r\n", "\n")
