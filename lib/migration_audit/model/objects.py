"""The one shape that every catalog object has, so that one comparison serves all kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, ClassVar

from migration_audit.model.identifiers import dotted

Key = tuple[str, str]
"""An object's kind and key: by both, it is found in a snapshot."""


def shown_only() -> Any:
    """A field for people: read and shown, never compared (what it says is in a compared field already)."""
    return field(compare=False, default=None)


class _Keyed:
    """What names an object. Its key is computed once: most of a large comparison is looking objects up."""

    __slots__ = ("_key",)
    _key: str
    kind: ClassVar[str]
    identity: ClassVar[tuple[str, ...]]
    """The fields that name the object; all the others are its attributes."""

    def __init_subclass__(cls, kind: str | None = None, identity: tuple[str, ...] | None = None) -> None:
        if kind is not None:
            cls.kind = kind
        if identity is not None:
            cls.identity = identity


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogObject(_Keyed):
    """One object of a database catalog; the fields are the output columns of ``catalog/sql/<kind>.sql``.

    Equality is generated, so no field can be forgotten in it. Two objects of different databases are the same object
    when ``kind`` and ``key`` agree; an OID is never part of either.
    """

    @property
    def key(self) -> str:
        """The object's name across databases, for example ``public.positions.device_id``."""
        try:
            return self._key
        except AttributeError:
            key = self._spelled_key()
            object.__setattr__(self, "_key", key)
            return key

    def _spelled_key(self) -> str:
        return dotted(*[getattr(self, name) for name in self.identity])

    @property
    def belongs_to(self) -> Key | None:
        """Kind and key of the object without which this one cannot exist, or None."""
        return None

    @classmethod
    def compared(cls) -> tuple[str, ...]:
        """The names of the attributes that a comparison looks at."""
        return _compared(cls)  # type: ignore[arg-type]  # mypy takes a class for unhashable


def owners(obj: CatalogObject, *sides: Mapping[Key, CatalogObject]) -> Iterator[Key]:
    """What the object belongs to, what that belongs to, and so on; each is looked up on the first side that has it."""
    seen: set[Key] = set()
    owner = obj.belongs_to
    while owner is not None and owner not in seen:
        yield owner
        seen.add(owner)
        there = next((side[owner] for side in sides if owner in side), None)
        owner = there.belongs_to if there else None


@cache
def _compared(cls: type[CatalogObject]) -> tuple[str, ...]:
    return tuple(f.name for f in fields(cls) if f.compare and f.name not in cls.identity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(CatalogObject, identity=("name",)):
    """An object that is named within its database, or its server."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InSchema(CatalogObject, identity=("schema", "name")):
    """An object that is named within its schema."""

    schema: str
    name: str

    @property
    def belongs_to(self) -> Key:
        """The schema."""
        return ("schema", dotted(self.schema))


@dataclass(frozen=True, slots=True, kw_only=True)
class ByArguments(InSchema, identity=("schema", "name", "arguments")):
    """An object of a schema whose name may be another one's too."""

    arguments: str
    """The argument types, ``integer, text``: they distinguish functions of one name."""

    def _spelled_key(self) -> str:
        """``schema.name(argument types)``."""
        return f"{dotted(self.schema, self.name)}({self.arguments})"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTable(CatalogObject, identity=("schema", "table", "name")):
    """An object that is named within its table, or view."""

    schema: str
    table: str
    name: str

    @property
    def belongs_to(self) -> Key:
        """The table."""
        return ("table", dotted(self.schema, self.table))


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTableOrView(OnTable):
    """An object of a table, or of a view."""

    relation: str | None = shown_only()
    """The kind of what it is on: ``table``, ``view`` or ``materialized view``."""

    @property
    def belongs_to(self) -> Key:
        """The table or view."""
        return (self.relation or "table", dotted(self.schema, self.table))
