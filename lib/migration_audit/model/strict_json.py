"""JSON of files from unknown writers: text with one meaning is read, any other is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from migration_audit.model.errors import AuditError

_TODO = "restore the file, or run the audit again"


def parse_json(content: bytes, *, where: str, made: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """The JSON value; raises AuditError for what is not JSON, has a key twice in one object or is nested too deeply.

    ``made`` is called with each JSON object as soon as it is read, and what it gives takes the object's place.

    Readers differ in which of two equal keys counts, and in what they accept as a number (RFC 8259, sections 4 and 6).
    """
    hook = _once if made is None else lambda pairs: made(_once(pairs))
    try:
        text = content.decode("utf-8")
        del content  # of a large catalog, which then is not held twice where the caller has no name for it
        return json.loads(text, object_pairs_hook=hook, parse_constant=_refuse)
    except RecursionError:
        raise AuditError("is not JSON that can be read: it is nested too deeply", where=where, todo=_TODO) from None
    except ValueError as error:
        raise AuditError(f"is not JSON that can be read: {error}", where=where, todo=_TODO) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(n for n in names if names.count(n) > 1)!r:.80} appears twice in one object")
    return found


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is not a JSON number")
