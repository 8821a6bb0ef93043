"""``[[seed]]``: how closely the rows that migrations write are compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from migration_audit.model.location import Location
from migration_audit.model.rows import SeedMode
from migration_audit.project.keys import Key, choice, long_text, text, texts

SEED_MODES: Final = (SeedMode.IGNORE, SeedMode.COUNT, SeedMode.EXACT)
"""Those that audit.toml may name; left out, each row of the legacy side must be there."""

SEED_KEYS: Final[Mapping[str, Key]] = {
    "table": text("a glob on the table's key, such as public.price", required=True),
    "mode": choice(*(mode.value for mode in SEED_MODES)),
    "columns": texts('a list of columns to compare, such as ["code", "cents"]'),
    "except": texts('a list of columns to leave out, such as ["created_at"]'),
    "reason": long_text("why these rows are compared so"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRule:
    """Tables whose rows are compared in another way than by default; the first rule that matches a table counts."""

    table: str
    """A glob (``*``, ``?``, ``[…]``) on the table's key; ``*`` crosses dots."""
    mode: SeedMode = SeedMode.COVERED
    columns: tuple[str, ...] = ()
    """Only these columns are compared; empty for all."""
    excluded: tuple[str, ...] = ()
    """These columns are left out."""
    reason: str | None = None
    at: Location = field(compare=False)

    def matches(self, table: str) -> bool:
        """Whether the rule speaks of the table with this key."""
        return fnmatchcase(table, self.table)


def build_seed(table: Mapping[str, Any], at: Location) -> SeedRule:
    """The rule that a validated table describes."""
    return SeedRule(
        table=table["table"],
        mode=SeedMode(table.get("mode", SeedMode.COVERED)),
        columns=tuple(table.get("columns", ())),
        excluded=tuple(table.get("except", ())),
        reason=table.get("reason"),
        at=at,
    )


def seed_problems(tables: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """What is wrong with the rules beyond their types: path of the key, what, what to do."""
    value = tables.get("seed")
    for number, rule in enumerate(value if isinstance(value, list) else ()):
        if not isinstance(rule, dict):
            continue
        chosen = [key for key in ("columns", "except") if key in rule]
        if len(chosen) > 1:
            yield ("seed", number), "has both columns and except", "list the columns to compare, or those to leave out"
        if chosen and rule.get("mode") in {SeedMode.IGNORE, SeedMode.COUNT}:
            what = f"has no effect with mode = {rule['mode']!r}, which compares no columns"
            yield ("seed", number, chosen[0]), what, "leave it out, or choose another mode"
