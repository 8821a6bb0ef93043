"""What a second method, which knows nothing of ours, says about the same two databases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Unexplained:
    """One thing that the second method sees differ and our comparison does not."""

    kind: str
    """The part of the dump: ``TABLE``, ``COLUMN``, ``COMMENT ON RELATION``."""
    name: str
    """``public.positions``; a column, trigger or constraint comes after its table and a space."""
    expected: str | None
    """The text on the expected side, shortened; None where there is none."""
    actual: str | None

    def __str__(self) -> str:
        """One line for people: ``COLUMN public.t a: "a integer" → "a bigint"``."""
        left, right = ("nothing" if text is None else f"“{text}”" for text in (self.expected, self.actual))
        return f"{self.kind} {self.name}: {left} → {right}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """The verdict of the second method."""

    method: str = "pg_dump"
    unexplained: tuple[Unexplained, ...] = ()
    beyond: tuple[tuple[str, str], ...] = ()
    """Kind and key of the differences of ours that the second method does not see, such as TimescaleDB's settings."""

    @property
    def agrees(self) -> bool:
        """Whether everything that it sees is explained by a difference of ours."""
        return not self.unexplained

    def to_json(self) -> dict[str, Any]:
        """The object ``witness`` of ``compare --format json``."""
        return {
            "method": self.method,
            "agrees": self.agrees,
            "unexplained": [str(one) for one in self.unexplained],
            "beyond": [f"{kind} {key}" for kind, key in self.beyond],
        }
