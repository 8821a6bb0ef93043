"""``[[seed]]``: how closely the rows that migrations write are compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from migration_audit.model.location import Location
from migration_audit.model.rows import SeedMode
from migration_audit.project import keys
from migration_audit.project.describe import setting
from migration_audit.project.locate import Found

SEED_MODES: Final = (SeedMode.IGNORE, SeedMode.COUNT, SeedMode.EXACT)
"""Those that audit.toml may name; left out, each row of the legacy side must be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRule:
    """Tables whose rows are compared in another way than by default; the first rule that matches a table counts."""

    table: str = setting(
        keys.text("a glob on the table's key, such as public.price", required=True),
        "A glob (*, ?, […]) on the table's key, schema first; * crosses dots.",
    )
    mode: SeedMode = setting(
        keys.choice(*SEED_MODES),
        "ignore: not compared; count: as many rows; exact: the same rows and no others. Left out: each legacy row is there.",
        default=SeedMode.COVERED,
        convert=SeedMode,
    )
    columns: tuple[str, ...] = setting(
        keys.texts('a list of columns to compare, such as ["code", "cents"]'),
        "Compare these columns only. Left out: all.",
    )
    excluded: tuple[str, ...] = setting(
        keys.texts('a list of columns to leave out, such as ["created_at"]'),
        "Columns to leave out. Those whose values change whenever the SQL is applied (now(), random values) are left "
        "out anyway.",
        name="except",
    )
    reason: str | None = setting(
        keys.long_text("why these rows are compared this way"), "Why. A reviewer reads this.", default=None
    )
    at: Location = field(compare=False)

    def matches(self, table: str) -> bool:
        """Whether the rule speaks of the table with this key."""
        return fnmatchcase(table, self.table)


def seed_problems(tables: Mapping[str, Any]) -> Iterator[Found]:
    """What is wrong with the rules beyond their types."""
    value = tables.get("seed")
    for number, rule in enumerate(value if isinstance(value, list) else ()):
        if not isinstance(rule, dict):
            continue
        chosen = [key for key in ("columns", "except") if key in rule]
        if len(chosen) > 1:
            yield ("seed", number), "has both columns and except", "list the columns to compare, or those to exclude"
        if chosen and rule.get("mode") in (SeedMode.IGNORE, SeedMode.COUNT):
            what = f"has no effect with mode = {rule['mode']!r}, which compares no columns"
            yield ("seed", number, chosen[0]), what, "leave it out, or choose another mode"
