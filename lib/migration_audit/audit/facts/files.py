"""Files that are there as a whole or not at all."""

from __future__ import annotations

import io
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from migration_audit.model.errors import AuditError


def write_atomically(path: Path, content: bytes) -> None:
    """The file with exactly this content, or as it was before; never half of it. Raises AuditError."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        todo = "free some space, make it writable, or choose another folder with --out"
        raise AuditError(f"cannot be written: {error.strerror}", where=str(path), todo=todo) from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def write_json_file(path: Path, value: Any) -> None:
    """Readable JSON with sorted keys, written atomically."""
    text = io.StringIO()  # json.dumps would hold a million pieces of a large one
    json.dump(value, text, indent=1, sort_keys=True, ensure_ascii=False)
    write_atomically(path, f"{text.getvalue()}\n".encode())
