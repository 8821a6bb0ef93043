"""What extends SQL: aggregates, operators and their classes, casts, conversions, collations, languages, transforms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from migration_audit.model.identifiers import dotted, quoted
from migration_audit.model.objects import CatalogObject, shown_only


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate(CatalogObject):
    """An aggregate function: ordinary, ordered-set or hypothetical-set."""

    kind: ClassVar[str] = "aggregate"
    identity: ClassVar[tuple[str, ...]] = ("schema", "name", "arguments")

    schema: str
    name: str
    arguments: str
    """The argument types, ``integer, text``."""
    definition: tuple[str, ...]
    """Kind and named arguments, then each clause that is set, as ``CREATE AGGREGATE`` names it."""
    owner: str
    privileges: tuple[str, ...]
    comment: str | None

    @property
    def key(self) -> str:
        """``schema.name(argument types)``."""
        return f"{dotted(self.schema, self.name)}({self.arguments})"

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The schema."""
        return ("schema", dotted(self.schema))


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator(CatalogObject):
    """An operator; one that another operator only names as its commutator or negator is none yet."""

    kind: ClassVar[str] = "operator"
    identity: ClassVar[tuple[str, ...]] = ("schema", "name", "left", "right")

    schema: str
    name: str
    left: str
    """Type of the left operand; ``NONE`` for a prefix operator."""
    right: str
    function: str
    commutator: str | None
    negator: str | None
    restrict: str | None
    join: str | None
    merges: bool
    hashes: bool
    owner: str
    comment: str | None

    @property
    def key(self) -> str:
        """``schema.=== (integer, integer)``."""
        return f"{dotted(self.schema)}.{self.name} ({self.left}, {self.right})"

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The schema."""
        return ("schema", dotted(self.schema))


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorFamily(CatalogObject):
    """An operator family; an operator class without a family brings one of its own name along."""

    kind: ClassVar[str] = "operator family"
    identity: ClassVar[tuple[str, ...]] = ("schema", "name", "method")

    schema: str
    name: str
    method: str
    """The index access method."""
    members: tuple[str, ...]
    """Operators and functions that belong to no class of the family."""
    owner: str
    comment: str | None

    @property
    def key(self) -> str:
        """``schema.name USING method``."""
        return f"{dotted(self.schema, self.name)} USING {quoted(self.method)}"

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The schema."""
        return ("schema", dotted(self.schema))


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorClass(CatalogObject):
    """An operator class, with the members that it brings into its family."""

    kind: ClassVar[str] = "operator class"
    identity: ClassVar[tuple[str, ...]] = ("schema", "name", "method")

    schema: str
    name: str
    method: str
    type: str
    family: str
    """As its key."""
    default: bool
    storage: str | None
    """The type that the index stores, where it is another one."""
    members: tuple[str, ...]
    owner: str
    comment: str | None

    @property
    def key(self) -> str:
        """``schema.name USING method``."""
        return f"{dotted(self.schema, self.name)} USING {quoted(self.method)}"

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The family."""
        return ("operator family", self.family)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast(CatalogObject):
    """A cast between two types."""

    kind: ClassVar[str] = "cast"
    identity: ClassVar[tuple[str, ...]] = ("source", "target")

    source: str
    target: str
    method: str
    """``function``, ``binary`` (without function) or ``inout``."""
    function: str | None
    context: str
    """``explicit``, ``assignment`` or ``implicit``."""
    comment: str | None

    @property
    def key(self) -> str:
        """``integer AS public.t``."""
        return f"{self.source} AS {self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion(CatalogObject):
    """A conversion between two encodings."""

    kind: ClassVar[str] = "conversion"
    identity: ClassVar[tuple[str, ...]] = ("schema", "name")

    schema: str
    name: str
    source: str
    target: str
    function: str
    default: bool
    owner: str
    comment: str | None

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The schema."""
        return ("schema", dotted(self.schema))


@dataclass(frozen=True, slots=True, kw_only=True)
class Collation(CatalogObject):
    """A collation; the version of the library that it was made with is a state of the server, and not compared."""

    kind: ClassVar[str] = "collation"
    identity: ClassVar[tuple[str, ...]] = ("schema", "name")

    schema: str
    name: str
    provider: str
    """``libc``, ``icu``, ``builtin`` or ``default``."""
    locale: str | None
    lc_collate: str | None
    lc_ctype: str | None
    rules: str | None
    deterministic: bool
    encoding: str | None = shown_only()
    """None for one that serves every encoding: ``CREATE COLLATION … FROM`` takes it over, and nothing else can say it."""
    owner: str
    comment: str | None

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The schema."""
        return ("schema", dotted(self.schema))


@dataclass(frozen=True, slots=True, kw_only=True)
class Language(CatalogObject):
    """A procedural language that no extension brought."""

    kind: ClassVar[str] = "language"
    identity: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    trusted: bool
    handler: str | None
    inline: str | None
    validator: str | None
    owner: str
    privileges: tuple[str, ...]
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform(CatalogObject):
    """How a procedural language sees a type."""

    kind: ClassVar[str] = "transform"
    identity: ClassVar[tuple[str, ...]] = ("type", "language")

    type: str
    language: str
    from_sql: str | None
    to_sql: str | None
    comment: str | None

    @property
    def key(self) -> str:
        """``FOR type LANGUAGE language``."""
        return f"FOR {self.type} LANGUAGE {quoted(self.language)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessMethod(CatalogObject):
    """An access method of tables or indexes."""

    kind: ClassVar[str] = "access method"
    identity: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    type: str
    """``table`` or ``index``."""
    handler: str
    comment: str | None
