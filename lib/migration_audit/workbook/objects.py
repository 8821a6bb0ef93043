"""What a notebook shows of sides that were read: all objects of one side, and one object on every side."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from migration_audit.model.enumeration import plural, some_of
from migration_audit.model.errors import UsageError
from migration_audit.model.objects import CatalogObject, Key
from migration_audit.report.badges import Pill
from migration_audit.report.inline import IdentifierText, Inline, Text, code
from migration_audit.report.object_tables import Presence, SidePresence, presence_of
from migration_audit.report.table import Group, Heading, ReportTable, Row, plain_table
from migration_audit.workbook.catalogs import ReadCatalog
from migration_audit.workbook.comparing import CLASSES
from migration_audit.workbook.frames import (
    defined_at,
    definition_of,
    name_of,
    object_frame,
    read_text,
    shown_value,
    unknown_name,
)

if TYPE_CHECKING:
    import pandas as pd

_MOST: Final = 20
"""Objects that one table shows; of more, a name that is more exact is asked for."""


def object_table(named: str, sides: Mapping[str, ReadCatalog | str], *, kind: str | None) -> ReportTable:
    """Every object that ``named`` fits (a key, a name or a glob) on these sides; a side may be why it could not be read.

    Raises UsageError where no side has such an object.
    """
    read = {name: side for name, side in sides.items() if not isinstance(side, str)}
    found = sorted({(o.kind, o.key) for side in read.values() for o in side.snapshot.objects if _fits(o, named, kind)})
    if not found:
        raise _unknown_object(named, kind, read)
    lacks = [f"{name} could not be read: {side}" for name, side in sides.items() if isinstance(side, str)]
    more = [f"{len(found) - _MOST:,} more objects fit; name one of them"] if len(found) > _MOST else []
    return ReportTable(
        caption=named,
        note=". ".join([", ".join(f"{s.name}: {s.described}" for s in read.values()), *lacks, *more]),
        group_names=("Object",),
        headings=(Heading(name="Attribute"), *(Heading(name=name) for name in read), Heading(name="Verdict")),
        groups=tuple(_group(key, tuple(read.values())) for key in found[:_MOST]),
    )


def _unknown_object(named: str, kind: str | None, read: Mapping[str, ReadCatalog]) -> UsageError:
    known = sorted({obj.key for side in read.values() for obj in side.snapshot.objects if kind in (None, obj.kind)})
    near = [key for key in known if named.lower() in key.lower()] or difflib.get_close_matches(named, known)
    todo = f"did you mean {some_of(near)}?" if near else 'give a key, a name or a glob: "public.positions*"'
    return UsageError(f"no {kind or 'object'} {named} on {', '.join(read) or 'any side'}", todo=todo)


def _fits(obj: CatalogObject, named: str, kind: str | None) -> bool:
    return kind in (None, obj.kind) and any(
        fnmatchcase(text, named) for text in (obj.key, name_of(obj), f"{obj.kind} {obj.key}")
    )


def _group(key: Key, sides: Sequence[ReadCatalog]) -> Group:
    objects = [side.snapshot.by_key.get(key) for side in sides]
    where = presence_of([side.name for side in sides], [obj and _compared(obj) for obj in objects])
    definitions = [definition_of(o, s.snapshot) if o else None for o, s in zip(objects, sides, strict=True)]
    places = [defined_at(s.origins, *key) if o else None for o, s in zip(objects, sides, strict=True)]
    rows = [
        Row((Text("definition"), *map(_cell, definitions), _verdict(where)), marked=not where.same),
        *(_attribute(name, objects) for name in _attributes(objects)),
        Row((Text("defined at"), *map(_cell, places), Text(""))),
    ]
    return Group(title=IdentifierText(" ".join(key)), labels=(" ".join(key),), rows=tuple(rows))


def _verdict(where: SidePresence) -> Pill:
    """Which sides lack it or have it otherwise, each by name."""
    lacks = {"missing in": Presence.ABSENT, "differs in": Presence.DIFFERS}
    named = {
        word: [side for side, p in zip(where.sides, where.presence, strict=True) if p is presence]
        for word, presence in lacks.items()
    }
    words = ", ".join(f"{word} {some_of(sides, most=4)}" for word, sides in named.items() if sides)
    return replace(where.pill, word=words or where.pill.word)


def _compared(obj: CatalogObject) -> tuple[tuple[str, object], ...]:
    return tuple((name, getattr(obj, name)) for name in obj.compared() if name != "comment")


def _attributes(objects: Sequence[CatalogObject | None]) -> list[str]:
    """The attributes that are set on a side; the definition has a row of its own."""
    there = [obj for obj in objects if obj is not None]
    names = [name for name in there[0].compared() if name != "definition"]
    return [name for name in names if any(getattr(obj, name) not in (None, False, (), "") for obj in there)]


def _attribute(name: str, objects: Sequence[CatalogObject | None]) -> Row:
    """One attribute on every side, and whether those that have the object agree."""
    values = [None if obj is None else _shown(getattr(obj, name)) for obj in objects]
    differs = len({value for value in values if value is not None}) > 1
    return Row(
        (Text(name.replace("_", " ")), *map(_cell, values), Text("differs" if differs else "", strong=True)), marked=differs
    )


def _shown(value: object) -> str:
    return "(not set)" if value in (None, ()) else shown_value(value)


def _cell(value: str | None) -> Inline:
    return Text("–", muted=True) if value is None else code(value)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SideOverview:
    """One side that was read: how many objects of which kinds it has, and a frame of each kind."""

    read: ReadCatalog

    @property
    def name(self) -> str:
        """The name that it was asked for by."""
        return self.read.name

    @property
    def kinds(self) -> dict[str, int]:
        """How many objects of each kind there are."""
        return dict(sorted(Counter(obj.kind for obj in self.read.snapshot.objects).items()))

    def frame(self, kind: str) -> pd.DataFrame:
        """The objects of one kind, a row each; an empty frame with its columns where there are none.

        Raises UsageError for a kind that does not exist.
        """
        if kind not in CLASSES:
            raise unknown_name("kind", kind, sorted(CLASSES))
        return object_frame(CLASSES[kind], self.read.snapshot.objects, self.read.origins)

    def show(self, key: str, *, kind: str | None = None) -> ReportTable:
        """One object of this side, by key, name or glob. Raises UsageError where there is none."""
        return object_table(key, {self.name: self.read}, kind=kind)

    @property
    def _table(self) -> ReportTable:
        rows = [Row((Text(plural(kind, count)), Text(f"{count:,}"))) for kind, count in self.kinds.items()]
        limits = [f"not read: {limit}" for limit in self.read.snapshot.limits]
        note = ". ".join([read_text(self.read), *limits])
        return plain_table(self.name, ("Kind", "Objects"), rows, note=note, nothing="It has no objects.")

    def _repr_html_(self) -> str:
        return self._table._repr_html_()

    def __repr__(self) -> str:
        """Its kinds as text."""
        return repr(self._table)
