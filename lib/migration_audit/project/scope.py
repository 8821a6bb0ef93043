"""``[scope]``, ``[[seed]]``, ``[severity]``: what is compared, rows how closely, and what differences weigh."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Final

from migration_audit.model import objects
from migration_audit.model.finding import Severity
from migration_audit.model.location import Location
from migration_audit.model.rows import SeedMode
from migration_audit.project import keys
from migration_audit.project.describe import Shape, items, setting, table
from migration_audit.project.locate import Found

_KIND: Final = re.compile(r'^class \w+\(\w+, kind="([^"]+)"', re.MULTILINE)
_SEED_MODES: Final = (SeedMode.IGNORE, SeedMode.COUNT, SeedMode.EXACT)
"""Those that audit.toml may name; left out, each row of the legacy side must be there."""
RULES: Final[Mapping[str, tuple[Severity, str]]] = {
    "comments": (Severity.INFO, "Comments on objects."),
    "roles": (
        Severity.BLOCKER,
        "Attributes, members and settings of roles. Against a live database the default is warning.",
    ),
    "column_order": (Severity.INFO, "The order of a table's columns."),
    "owners": (Severity.WARNING, "Owners of objects."),
    "privileges": (Severity.WARNING, "Privileges and default privileges."),
    "statistics": (Severity.BLOCKER, "Statistics targets and extended statistics settings."),
    "physical": (
        Severity.BLOCKER,
        "Tablespaces, storage parameters, access methods, storage and compression of columns, clustering.",
    ),
    "extension_version": (Severity.BLOCKER, "Versions of extensions. Against a live database the default is warning."),
    "unexpected": (Severity.WARNING, "Objects that only the actual side has."),
}
"""The named rules of the comparison whose severity a project may change: their defaults, and what they are about."""


@cache
def object_kinds() -> tuple[str, ...]:
    """The kinds of catalog object that the model has, sorted; from its text, as loading all of it takes longer."""
    texts = (each.read_text("utf-8") for each in Path(objects.__file__).parent.glob("*.py"))
    return tuple(sorted({kind for text in texts for kind in _KIND.findall(text)}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRule:
    """Objects that a third party manages; they are counted under this rule, never dropped in silence."""

    pattern: str = setting(
        keys.text("a glob on the object's key, such as public.directus_*"),
        "A glob (*, ?, […]) on the object's key, schema first; * crosses dots.",
        example='"public.cms_*"',
        required=True,
    )
    kind: str | None = setting(
        keys.choice(*object_kinds()),
        "Only objects of this kind: table, view, function, … Left out: all.",
        example='"table"',
    )
    reason: str = setting(
        keys.long_text("why these objects are out of scope"),
        "Why. A reviewer reads this.",
        example='"the CMS makes and changes these tables itself"',
        required=True,
    )
    at: Location = field(compare=False)

    def matches(self, *, kind: str, key: str) -> bool:
        """Whether the rule names this very object; what belongs to it is for the caller to follow."""
        return self.kind in {None, kind} and fnmatchcase(key, self.pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditScope:
    """Which objects of a live database are the audit's business."""

    schemas: tuple[str, ...] | None = setting(
        keys.texts('a list of schema names, such as ["public"]'),
        "Audit these schemas only. Left out: all schemas that belong neither to PostgreSQL nor to an extension.",
        default=None,
        example='["public"]',
    )
    exclude: tuple[ScopeRule, ...] = table(
        ScopeRule,
        "Objects that are managed elsewhere. Each rule and the number of objects that it excludes are in the report; "
        "what belongs to an excluded object (columns, indexes, constraints, …) is excluded with it.",
        shape=Shape.ARRAY,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRule:
    """Tables whose rows are compared in another way than by default; the first rule that matches a table counts."""

    table: str = setting(
        keys.text("a glob on the table's key, such as public.price"),
        "A glob (*, ?, […]) on the table's key, schema first; * crosses dots.",
        required=True,
    )
    mode: SeedMode = setting(
        keys.choice(*_SEED_MODES),
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
    reason: str | None = setting(keys.long_text("why these rows are compared this way"), "Why. A reviewer reads this.")
    at: Location = field(compare=False)

    def matches(self, table: str) -> bool:
        """Whether the rule speaks of the table with this key."""
        return fnmatchcase(table, self.table)


def seed_problems(tables: Mapping[str, Any]) -> Iterator[Found]:
    """What is wrong with the rules beyond their types."""
    for number, rule in items(tables, "seed"):
        chosen = [key for key in ("columns", "except") if key in rule]
        if len(chosen) > 1:
            yield ("seed", number), "has both columns and except", "list the columns to compare, or those to exclude"
        if chosen and rule.get("mode") in (SeedMode.IGNORE, SeedMode.COUNT):
            what = f"has no effect with mode = {rule['mode']!r}, which compares no columns"
            yield ("seed", number, chosen[0]), what, "leave it out, or choose another mode"
