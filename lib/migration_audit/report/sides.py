"""What several sides, in order, say about one thing: who has it, who has another one, and what that amounts to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from migration_audit.report.badges import Dot, Pill


class Presence(Enum):
    """Whether a side has a thing as the first side that has it."""

    PRESENT = Dot("●", "present")
    DIFFERS = Dot("◐", "differs")
    ABSENT = Dot("○", "absent")


@dataclass(frozen=True, slots=True)
class SidePresence:
    """The presence of one thing on each side, in the order of the sides."""

    sides: tuple[str, ...]
    presence: tuple[Presence, ...]
    serious: bool = True
    """Whether a difference blocks, or only needs a human eye."""

    @property
    def same(self) -> bool:
        """Every side has it, and the same."""
        return all(p is Presence.PRESENT for p in self.presence)

    @property
    def pill(self) -> Pill:
        """The sentence for it: later sides are expected to have what an earlier one has, not the other way round."""
        first = next(n for n, p in enumerate(self.presence) if p is not Presence.ABSENT)
        later = list(zip(self.sides, self.presence, strict=True))[first:]
        missing = [side for side, p in later if p is Presence.ABSENT]
        differing = [side for side, p in later if p is Presence.DIFFERS]
        parts = [f"{word} in {_named(who)}" for word, who in (("missing", missing), ("differs", differing)) if who]
        if parts:
            return Pill("✕", ", ".join(parts), "fail") if self.serious else Pill("▲", ", ".join(parts), "review")
        if not first:
            return Pill("✓", "same everywhere" if len(self.sides) > 1 else "present", "pass")
        if first == len(self.sides) - 1:
            return Pill("▲", f"only in {self.sides[-1]}", "review")
        return Pill("i", f"not in {_named(self.sides[:first])}", "info")


def standing(sides: Sequence[str], values: Sequence[object], *, serious: bool = True) -> SidePresence:
    """How the sides compare; a value of None is a side without it. At least one side has it."""
    reference = next(value for value in values if value is not None)
    return SidePresence(
        tuple(sides),
        tuple(Presence.ABSENT if v is None else Presence.PRESENT if v == reference else Presence.DIFFERS for v in values),
        serious,
    )


def _named(sides: Sequence[str]) -> str:
    return " and ".join(sides) if len(sides) <= 2 else f"{len(sides)} of them"
