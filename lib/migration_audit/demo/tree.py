"""The files of the demo: SQL of two teams, an audit.toml, and what happened to three databases."""

from __future__ import annotations

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from migration_audit.model.errors import UsageError


def copy_tree(destination: Path) -> Path:
    """Copy the ``trm`` tree, so that it can be changed, to ``destination``, which must not exist; gives it back.

    Raises UsageError when it exists or cannot be written.
    """
    try:
        with as_file(files(__package__).joinpath("trm")) as tree:
            shutil.copytree(tree, destination)
    except FileExistsError:
        raise UsageError("already exists", where=str(destination), todo="name a new directory") from None
    except OSError as error:
        todo = "name a directory that can be written"
        raise UsageError(f"cannot be written: {error.strerror}", where=str(destination), todo=todo) from error
    return destination
