"""``[scope]``: which objects of a live database the audit is about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Final

from migration_audit.model import objects
from migration_audit.model.location import Location
from migration_audit.project import keys
from migration_audit.project.describe import Shape, setting, table

_KIND: Final = re.compile(r'^    kind: ClassVar\[str\] = "(.+)"$', re.MULTILINE)


@cache
def object_kinds() -> tuple[str, ...]:
    """The kinds of catalog object that the model has, sorted; from its text, as loading all of it takes longer."""
    texts = (each.read_text("utf-8") for each in Path(objects.__file__).parent.glob("*.py"))
    return tuple(sorted({kind for text in texts for kind in _KIND.findall(text)}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRule:
    """Objects that a third party manages; they are counted under this rule, never dropped in silence."""

    pattern: str = setting(
        keys.text("a glob on the object's key, such as public.directus_*", required=True),
        "A glob (*, ?, […]) on the object's key, schema first; * crosses dots.",
        example='"public.cms_*"',
    )
    kind: str | None = setting(
        keys.choice(*object_kinds()),
        "Only objects of this kind: table, view, function, … Left out: all.",
        example='"table"',
    )
    reason: str = setting(
        keys.long_text("why these objects are out of scope", required=True),
        "Why. A reviewer reads this.",
        example='"the CMS makes and changes these tables itself"',
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
