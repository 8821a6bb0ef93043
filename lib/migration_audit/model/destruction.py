"""What a statement takes away, found in the text of a SQL source."""

from __future__ import annotations

from dataclasses import dataclass

from migration_audit.model.location import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """One thing that a SQL source destroys, changes for everybody, or hides from a reader."""

    kind: str
    """``drop table``, ``drop column``, ``truncate``, ``delete``, ``type``, ``not null``, ``undecided``, …"""
    object: str
    """What it is done to, as the statement spells it: ``positions.speed``."""
    words: str
    """What is lost or at risk, in a sentence without its subject: ``drops the table with all its rows``."""
    at: Location
    within: str | None = None
    """The routine or DO block around it: ``function clean_up()``; None for a statement of the file itself."""
    made_again: Location | None = None
    """Where the same file makes the same object again: nothing is lost then."""
