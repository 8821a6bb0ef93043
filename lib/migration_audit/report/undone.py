"""What a side of a comparison creates and takes away again: in text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from migration_audit.model.enumeration import first_lines
from migration_audit.model.undone import SourceUndone, Undone
from migration_audit.report.escape import one_line

_MOST_SHOWN = 20
"""Lines of one side that a terminal shows."""


def undone_text(sides: Mapping[str, SourceUndone | None]) -> str:
    """A block for the terminal: what a file undoes of its own changes first; empty if there is nothing to report.

    What is only replaced is left to the JSON.
    """
    lines = [line for side, source in sides.items() if source for line in _lines(side, source)]
    head = "Created and removed again (SQL006, not part of the verdict):"
    return "\n".join([head, *lines]) + "\n" if lines else ""


def undone_json(sides: Mapping[str, SourceUndone | None]) -> list[dict[str, Any]]:
    """One object for each thing that is taken away again; names and shape are a contract."""
    return [_body(side, one) for side, source in sides.items() if source for one in source.undone]


def _lines(side: str, source: SourceUndone) -> Iterator[str]:
    if source.unknown:
        yield f"  {side}: {one_line(source.unknown.reason)}"
    if source.leaves_nothing:
        yield f"  {side}: everything that it creates is removed again: nothing of it was compared"
    shown = sorted((one for one in source.undone if not one.is_replaced), key=lambda one: not one.is_suspicious)
    lines = [one_line(str(one)) + ("; was a down section applied?" if one.is_suspicious else "") for one in shown]
    for line in first_lines(lines, most=_MOST_SHOWN, rest="… {:,} more (--format json lists them)"):
        yield f"  {side}: {line}"


def _body(side: str, one: Undone) -> dict[str, Any]:
    return {
        "side": side,
        "kind": one.kind,
        "object": one.name,
        "how": one.how.value,
        "created_at": str(one.made) if one.made else None,
        "undone_at": str(one.undone),
        "created_again_at": str(one.again) if one.again else None,
        "suspicious": one.is_suspicious,
    }
