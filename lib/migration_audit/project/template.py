"""The audit.toml to start from: every key, explained where it stands."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from migration_audit.model.errors import UsageError
from migration_audit.project.load import FILE_NAME


def template() -> str:
    """A valid audit.toml with a comment for every key; keys that may be left out stand behind ``#``."""
    return files(__package__).joinpath("audit.toml.template").read_text("utf-8")


def write_template(directory: Path) -> Path:
    """Write the template as ``directory/audit.toml``; raises UsageError like ``write_configuration``."""
    return write_configuration(directory, template())


def write_configuration(directory: Path, text: str) -> Path:
    """Write ``directory/audit.toml``, making the directory if need be; gives back its path.

    Raises UsageError when there is an audit.toml already, or none can be written.
    """
    path = directory / FILE_NAME
    try:
        if not directory.is_dir():
            directory.mkdir(parents=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError("is there already", where=error.filename, todo="edit it, or name another directory") from None
    except OSError as error:
        todo = "name a directory that can be written"
        raise UsageError(f"cannot be written: {error.strerror}", where=str(path), todo=todo) from error
    return path
