"""The TRM project as an example: two SQL sources, an audit.toml, and three databases with three histories."""

from __future__ import annotations

import shutil
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from migration_audit.demo.histories import History, Step, build_database, histories
from migration_audit.model.errors import UsageError

__all__ = ["History", "Step", "build_database", "copy_retired_tree", "copy_tree", "histories"]

REMOVED: Final = (
    "environments",  # what happened to the demo's databases is not part of a team's tree
    "processor/src/db/migrate.ts",
    "processor/src/db/migrations",
    "processor/test/migrate.test.ts",
)
"""What a correct retirement deletes; what it changes and adds is in ``retirement/``."""


def copy_tree(destination: Path) -> Path:
    """Copy the ``trm`` tree, so that it can be changed, to ``destination``, which must not exist; gives it back.

    Raises UsageError when it exists or cannot be written.
    """
    _copy("trm", destination)
    return destination


def copy_retired_tree(destination: Path) -> Path:
    """The same tree after a correct retirement. Raises like ``copy_tree``."""
    copy_tree(destination)
    for name in REMOVED:
        path = destination / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    _copy("retirement", destination, over=True)
    return destination


def _copy(name: str, destination: Path, *, over: bool = False) -> None:
    try:
        with as_file(files(__package__).joinpath(name)) as tree:
            shutil.copytree(tree, destination, dirs_exist_ok=over)
    except FileExistsError:
        raise UsageError("already exists", where=str(destination), todo="name a new directory") from None
    except OSError as error:
        todo = "name a directory that can be written"
        raise UsageError(f"cannot be written: {error.strerror}", where=str(destination), todo=todo) from error
