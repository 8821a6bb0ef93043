"""How the acceptance commands ended, kept from where they are run to the notebook that judges them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from migration_audit.audit.facts.codec import decode, encode, to_bytes
from migration_audit.audit.facts.files import write_atomically
from migration_audit.model.documents import CommandResult
from migration_audit.model.strict_json import parse_json

_FILE = "commands.json"
_RESULTS = tuple[CommandResult, ...]


def save_commands(folder: Path, results: Sequence[CommandResult]) -> None:
    """Write the results; raises AuditError."""
    write_atomically(folder / _FILE, to_bytes(encode(tuple(results), _RESULTS)))


def load_commands(folder: Path) -> tuple[CommandResult, ...] | None:
    """What ``save_commands`` wrote, or None when this run executed none."""
    path = folder / _FILE
    if not path.is_file():
        return None
    found: tuple[CommandResult, ...] = decode(parse_json(path.read_bytes(), where=str(path)), _RESULTS, where=str(path))
    return found
