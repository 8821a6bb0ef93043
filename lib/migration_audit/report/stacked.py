"""Several shown things as one output of a cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, repr=False)
class Stacked:
    """Each part below the one before; ``nothing`` where there is none."""

    parts: tuple[Any, ...]
    nothing: str

    def _repr_html_(self) -> str:
        return "".join(part._repr_html_() for part in self.parts) or f"<p>{self.nothing}</p>"

    def _repr_markdown_(self) -> str:
        return "\n".join(part._repr_markdown_() for part in self.parts) or self.nothing

    def __repr__(self) -> str:
        """The parts as plain text."""
        return "\n\n".join(repr(part) for part in self.parts) or self.nothing


def stacked(parts: Sequence[Any], *, nothing: str) -> Stacked:
    """The parts as one value; ``nothing`` is plain text of ours, shown when there are none."""
    return Stacked(tuple(parts), nothing)
