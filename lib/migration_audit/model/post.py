"""What SQL that runs after the owner has made its own tables puts there."""

from __future__ import annotations

from dataclasses import dataclass

from migration_audit.model.location import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class PostObject:
    """One thing that a statement makes, or why it is unknown what it makes."""

    kind: str
    """As the catalog calls it: ``constraint``, ``index``, ``table``, ``view``, ``materialized view``, ``trigger``,
    ``function``; ``undecided`` where it takes a run to know."""
    at: Location
    name: str | None = None
    """None where PostgreSQL chooses it."""
    schema: str | None = None
    """None where the statement leaves it to the search path."""
    table: str | None = None
    """Of a constraint, index or trigger."""
    definition: str | None = None
    """Of a UNIQUE or PRIMARY KEY constraint as the catalog prints it: ``UNIQUE (country, plate)``."""
    columns: tuple[str, ...] = ()
    unique: bool = False
    reason: str | None = None
    """Why it is undecided."""

    @property
    def shown(self) -> str:
        """For people: ``constraint vehicles_plate_unique on vehicles``."""
        name = self.name or (f"{self.definition}" if self.definition else f"on ({', '.join(self.columns)})")
        return f"{self.kind} {name}" + (f" on {self.table}" if self.table else "")
