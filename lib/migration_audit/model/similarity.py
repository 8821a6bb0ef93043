"""How one statement of the legacy source compares with the owner's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from migration_audit.model.location import Location


class Similarity(StrEnum):
    """What the owner's SQL has of one legacy statement, from the closest to nothing."""

    IDENTICAL = "byte-identical"
    NORMALISED = "identical except for whitespace and comments"
    EFFECT = "same effect"
    """Everything that the statement made, or names, is the same on the owner's side."""
    DIFFERENT = "different"
    ABSENT = "absent"
    """Nothing of what the statement made is there."""
    NO_SCHEMA = "no schema"
    """It makes nothing and names nothing of the schema: rows, settings of the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementMatch:
    """One legacy statement, and where the owner's SQL has it or what it made."""

    legacy: Location
    text: str
    """On one line, 200 characters at most, without a password."""
    likeness: Similarity
    owner: Location | None = None
    """Of the statement that is the same, else of the one that last wrote what this one made."""
    differing: tuple[str, ...] = ()
    """What it made or names that is missing or differs: ``index public.positions_ts``."""
